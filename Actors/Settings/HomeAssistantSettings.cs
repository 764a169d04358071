namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Home Assistant discovery.</summary>
public sealed record HomeAssistantSettings
{
    public bool Enabled { get; init; }

    /// <summary>The same value as in Home Assistant's own settings.</summary>
    public string Prefix { get; init; } = "homeassistant";

    /// <summary>The topic on which Home Assistant reports its start.</summary>
    public string BirthTopic { get; init; } = "homeassistant/status";

    /// <summary>The payload of that report.</summary>
    public string BirthPayload { get; init; } = "online";

    /// <summary>Everything is published again after a random part of this, so that many services do not publish at once while Home
    /// Assistant is starting.</summary>
    public TimeSpan AfterBirthWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The family of the service's model, for people; null where it is not known.</summary>
    public string? ModelFamily { get; init; }

    /// <summary>The address of the page as users reach it, without a slash at its end; null where they cannot.</summary>
    public string? PageUrl { get; init; }

    /// <summary>Whether events name an address of their snapshot.</summary>
    public bool HasEventPictures { get; init; }

    /// <summary>Whether frames of events can be labelled by a command.</summary>
    public bool HasLabels { get; init; }
}
