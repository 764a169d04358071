namespace MobileVlm.Edge.Actors.Health;

/// <summary>Adapts reasons from other parts to the sentences of the log.</summary>
internal static class LogText
{
    /// <summary>A reason without the full stop at its end: the sentence around it has its own.</summary>
    public static string WithoutStop(string reason) => reason.TrimEnd(' ', '.');
}
