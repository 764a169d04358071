namespace MobileVlm.Edge.Connectors.Mqtt.HomeAssistant;

/// <summary>The service itself, which Home Assistant sees as a device through which its cameras are connected.</summary>
/// <param name="Node">Its name in topics.</param>
/// <param name="Model">Name of the model that answers.</param>
public sealed record AnnouncedService(string Node, string Model)
{
    /// <summary>The family of models that the model belongs to, for people (<c>MobileVLM V2</c>); null where it is not known.</summary>
    public string? ModelFamily { get; init; }

    /// <summary>The address of the page as users reach it, without a slash at its end; null where they cannot.</summary>
    public string? PageUrl { get; init; }

    /// <summary>Whether events name an address of their snapshot.</summary>
    public bool HasEventPictures { get; init; }

    /// <summary>Whether frames of events can be labelled.</summary>
    public bool HasLabels { get; init; }

    /// <summary>The names of the modes; empty without any.</summary>
    public IReadOnlyList<string> Modes { get; init; } = [];
}
