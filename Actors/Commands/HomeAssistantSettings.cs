namespace MobileVlm.Edge.Actors.Commands;

/// <summary>Whether and how Home Assistant is told about the cameras.</summary>
public sealed record HomeAssistantSettings
{
    public bool Enabled { get; init; }

    /// <summary>As in Home Assistant's own settings.</summary>
    public string Prefix { get; init; } = "homeassistant";

    /// <summary>Where Home Assistant says that it has started.</summary>
    public string BirthTopic { get; init; } = "homeassistant/status";

    /// <summary>What it says then.</summary>
    public string BirthPayload { get; init; } = "online";

    /// <summary>Everything is said again after a random part of this, so that many boxes do not speak in step while Home
    /// Assistant is busy with its start.</summary>
    public TimeSpan AfterBirthWithin { get; init; } = TimeSpan.FromSeconds(5);
}
