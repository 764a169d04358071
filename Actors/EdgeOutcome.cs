namespace MobileVlm.Edge.Actors;

/// <summary>Why the system's work is over.</summary>
public enum EdgeOutcomeKind
{
    /// <summary>Every camera was a file that ended, and its last answer is out.</summary>
    Finished,

    /// <summary>It was asked to stop.</summary>
    Stopped,

    /// <summary>The engine or an actor failed more often than its budget allows, or cannot be restarted safely: the process
    /// must exit non-zero.</summary>
    Failed,
}

/// <summary>The end of an <see cref="EdgeSystem"/>.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Reason">For the log.</param>
/// <param name="Fault">The last fault, when it failed.</param>
public sealed record EdgeOutcome(EdgeOutcomeKind Kind, string Reason, Exception? Fault = null);
