using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>A question as Home Assistant sees it.</summary>
/// <param name="Id">The id that is used in topics.</param>
/// <param name="Type">What its state is.</param>
public sealed record AnnouncedQuestion(string Id, AnswerType Type)
{
    /// <summary>At least one for <see cref="AnswerType.Choice"/>.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Unit of a number; null when it has none.</summary>
    public string? Unit { get; init; }

    /// <summary>One of <see cref="BinarySensorClasses.All"/> for <see cref="AnswerType.YesNo"/>; null for none.</summary>
    public string? DeviceClass { get; init; }

    /// <summary>The states whose events are published, where they are a closed set; otherwise empty.</summary>
    public IReadOnlyList<string> EventStates { get; init; } = [];

    /// <summary>Whether it has events at all.</summary>
    public bool HasEvents { get; init; }

    /// <summary>Whether it was taught from labelled pictures, so that later ones can be compared with them.</summary>
    public bool IsTaught { get; init; }
}

/// <summary>A camera, which Home Assistant sees as one device.</summary>
/// <param name="Node">The service that it belongs to.</param>
/// <param name="Id">The id that is used in topics.</param>
/// <param name="Snapshot">Its pictures are published.</param>
/// <param name="Questions">Its entities.</param>
public sealed record AnnouncedCamera(AnnouncedService Node, string Id, bool Snapshot, IReadOnlyList<AnnouncedQuestion> Questions)
{
    /// <summary>The possible states of its view; empty when the view is not checked.</summary>
    public IReadOnlyList<string> Views { get; init; } = [];
}
