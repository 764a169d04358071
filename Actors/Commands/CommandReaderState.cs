using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>The state of the command reader that must survive its restart. Outlives the actor. One caller at a
/// time.</summary>
internal sealed class CommandReaderState(CommandSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>Most labels that wait for the disk at a time; a command on top is refused.</summary>
    public const int MaxLabelsInProgress = 16;

    private readonly CancellationTokenSource _life = new();

    public FailedMessageRetry MessageRetry { get; } = new();

    /// <summary>Limits the log to one line per minute for each kind of refusal.</summary>
    public LogThrottle RefusedLog { get; } = new(TimeSpan.FromMinutes(1), time);

    public RateLimit Limit { get; } = new(settings, time);

    /// <summary>Kinds of commands for which a warning about retained messages was logged.</summary>
    public HashSet<CommandKind> WarnedOfRetained { get; } = [];

    /// <summary>Labels that wait for the disk.</summary>
    public int LabelsInProgress { get; set; }

    /// <summary>Identifies the wait for the next message; null while nobody waits. Two waits would mix up the
    /// order.</summary>
    public object? PendingRead { get; set; }

    /// <summary>The timer from Home Assistant's start until everything is published again.</summary>
    public ITimer? RepublishTimer { get; set; }

    /// <summary>Cancelled when reading has ended.</summary>
    public CancellationToken Life => _life.Token;

    /// <summary>Ends reading. May be called twice.</summary>
    public void End()
    {
        RepublishTimer?.Dispose();
        _life.Cancel();
    }

    public void Dispose() => _life.Dispose();
}
