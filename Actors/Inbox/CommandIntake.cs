using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors.Inbox;

/// <summary>What the reader of commands must not forget when it is restarted. Outlives the actor. One caller at a
/// time.</summary>
internal sealed class CommandIntake(CommandSettings settings, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _life = new();

    public RestartMemory Memory { get; } = new();

    /// <summary>At most one line per minute for each kind of refusal.</summary>
    public LogThrottle RefusedLog { get; } = new(TimeSpan.FromMinutes(1), time);

    public RateLimit Limit { get; } = new(settings, time);

    /// <summary>Kinds of commands whose retained messages were warned of.</summary>
    public HashSet<CommandKind> WarnedOfRetained { get; } = [];

    /// <summary>Identifies the wait for the next message; null while nobody waits. Two waits would mix up the
    /// order.</summary>
    public object? Reading { get; set; }

    /// <summary>Runs from Home Assistant's start until everything is said again.</summary>
    public ITimer? AfterBirth { get; set; }

    /// <summary>Cancelled once nothing is read any more.</summary>
    public CancellationToken Life => _life.Token;

    /// <summary>Nothing is read any more. May be called twice.</summary>
    public void End()
    {
        AfterBirth?.Dispose();
        _life.Cancel();
    }

    public void Dispose() => _life.Dispose();
}
