namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The rate limit of commands.</summary>
public sealed record CommandSettings
{
    /// <summary>Commands that are accepted per second on average; further ones are dropped and counted.</summary>
    public double PerSecond { get; init; } = 50;

    /// <summary>Commands that are accepted at once after a quiet time.</summary>
    public int Burst { get; init; } = 250;
}
