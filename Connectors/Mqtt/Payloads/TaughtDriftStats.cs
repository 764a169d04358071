namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>Whether the pictures of a taught question are like those from which it was taught.</summary>
public sealed record TaughtDriftStats
{
    /// <summary>Most of the pictures are unlike all labelled ones.</summary>
    public const string Drifted = "drifted";

    /// <summary>They are like them, as far as is known.</summary>
    public const string None = "none";

    /// <summary>The taught file cannot tell: an earlier version wrote it.</summary>
    public const string NoReference = "noReference";

    /// <summary>One of the words above.</summary>
    public required string State { get; init; }

    /// <summary>Share of the pictures that is unlike all labelled ones, 0..1; null before the first.</summary>
    public double? Share { get; init; }

    /// <summary>Pictures that were compared: one every few minutes, those of the last hours.</summary>
    public int Pictures { get; init; }

    /// <summary>Since when it has drifted; null while it has not.</summary>
    public DateTimeOffset? Since { get; init; }
}
