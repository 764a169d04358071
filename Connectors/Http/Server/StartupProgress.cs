using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>How far a long step of the start is, for <c>/readyz</c>.</summary>
/// <param name="Step"><c>lookup</c>, <c>download</c>, <c>import</c> or <c>waiting</c> (for the next attempt).</param>
/// <param name="Bytes">Bytes done; null where they are not counted.</param>
/// <param name="TotalBytes">Bytes of the whole step; null where they are not counted.</param>
/// <param name="Left">Time that the step, or the wait, will probably still take; null where it is not known yet.</param>
/// <param name="Attempt">1 for the first attempt.</param>
public sealed record StartupProgress(string Step, long? Bytes, long? TotalBytes, TimeSpan? Left, int Attempt)
{
    /// <summary>Share that is done, 0..100; null where it is not known.</summary>
    public double? Percent => Bytes is { } bytes && TotalBytes is > 0 and var total ? Math.Round(Math.Min(100, bytes * 100.0 / total), 1) : null;

    internal JsonObject ToJson() => new()
    {
        ["step"] = Step,
        ["bytes"] = Bytes,
        ["totalBytes"] = TotalBytes,
        ["percent"] = Percent,
        ["secondsLeft"] = Left is { } left ? Math.Ceiling(left.TotalSeconds) : null,
        ["attempt"] = Attempt,
    };
}
