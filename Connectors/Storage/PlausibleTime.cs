namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Distinguishes a wall clock that was set from one that was not. A machine without a battery for its clock starts in
/// 1970, or at a date that its system was built with, and gets the time when a time server answers. Stored times are trusted by
/// the same rule.</summary>
public static class PlausibleTime
{
    /// <summary>A clock that shows an earlier time was never set: this program did not exist then.</summary>
    public static DateTimeOffset Earliest { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether a moment was read from a clock that had been set.</summary>
    public static bool Includes(DateTimeOffset moment) => moment >= Earliest;
}
