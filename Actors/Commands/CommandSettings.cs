namespace MobileVlm.Edge.Actors.Commands;

/// <summary>What others may tell this box, and how often.</summary>
public sealed record CommandSettings
{
    /// <summary>Commands that are taken each second on average; what comes on top is dropped and counted.</summary>
    public double PerSecond { get; init; } = 50;

    /// <summary>Commands that may come at once after a quiet time.</summary>
    public int Burst { get; init; } = 250;
}
