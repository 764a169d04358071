namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The modes, and questions whose events are held back, for the HTTP server. Thread-safe.</summary>
public interface IModeService
{
    /// <summary>The longest snooze.</summary>
    TimeSpan MaxSnooze { get; }

    /// <summary>The names of all modes; empty if none are configured.</summary>
    IReadOnlyList<string> All { get; }

    /// <summary>The name of the current mode; null if none are configured.</summary>
    string? Current { get; }

    /// <summary>Makes a mode the current one.</summary>
    /// <param name="mode">Its name, in any case.</param>
    /// <returns>False for an unknown mode.</returns>
    bool TrySwitch(string mode);

    /// <summary>Holds the events of a question back from now on.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">One of its questions.</param>
    /// <param name="length">Zero ends it; at most <see cref="MaxSnooze"/>.</param>
    /// <param name="until">The end; null if there is none, and while the clock of the machine is not set.</param>
    /// <returns>False for an unknown question.</returns>
    bool TrySnooze(string camera, string question, TimeSpan length, out DateTimeOffset? until);
}
