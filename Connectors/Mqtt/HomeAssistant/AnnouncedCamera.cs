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
}

/// <summary>A camera, which Home Assistant sees as one device.</summary>
/// <param name="Node">The device.</param>
/// <param name="Id">The id that is used in topics.</param>
/// <param name="Model">Name of the model that answers.</param>
/// <param name="Snapshot">Its pictures are published.</param>
/// <param name="Questions">Its entities.</param>
public sealed record AnnouncedCamera(
    string Node, string Id, string Model, bool Snapshot, IReadOnlyList<AnnouncedQuestion> Questions)
{
    /// <summary>The possible states of its view; empty when the view is not checked.</summary>
    public IReadOnlyList<string> Views { get; init; } = [];
}
