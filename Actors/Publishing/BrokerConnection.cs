using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

internal enum BrokerConnectionState
{
    /// <summary>Not connected; tried again when the timer fires.</summary>
    Waiting,

    Connecting,

    Connected,
}

/// <summary>Phase of a stop.</summary>
internal enum StopPhase
{
    None,

    /// <summary>The messages that still wait are sent.</summary>
    SendingRemaining,

    /// <summary><c>stopped</c> is sent.</summary>
    SendingStopped,

    /// <summary>The connection is closed in order.</summary>
    Disconnecting,
}

/// <summary>The connection to the broker as the publisher knows it. Outlives the actor. One caller at a time.</summary>
internal sealed class BrokerConnection(ReconnectSettings reconnect, Func<double> random) : IDisposable
{
    private readonly CancellationTokenSource _life = new();

    public BrokerConnectionState State { get; set; } = BrokerConnectionState.Waiting;

    public bool IsConnected => State == BrokerConnectionState.Connected;

    /// <summary>Identifies the connect that is under way; the outcome of any other is ignored.</summary>
    public object? ConnectAttempt { get; set; }

    public long ConnectedAt { get; set; }

    public bool WasConnected { get; set; }

    /// <summary>The last outcome that was logged.</summary>
    public ConnectOutcomeKind LastLoggedOutcome { get; set; } = ConnectOutcomeKind.Connected;

    public Backoff Backoff { get; } = new(reconnect, random);

    public TimeSpan GoodRun => reconnect.GoodRun;

    public StopPhase Stop { get; set; } = StopPhase.None;

    /// <summary>The timer for the next connection attempt.</summary>
    public ITimer? ConnectTimer { get; set; }

    /// <summary>The timer after which refused topics are tried again.</summary>
    public ITimer? RefusedTopicsTimer { get; set; }

    /// <summary>The timer after which a failed outbox is tried again.</summary>
    public ITimer? OutboxTimer { get; set; }

    /// <summary>The timer that limits how long the rest is sent at a stop.</summary>
    public ITimer? RemainingTimer { get; set; }

    /// <summary>Cancelled when the publisher has stopped for good.</summary>
    public CancellationToken Life => _life.Token;

    /// <summary>Stops the timers and cancels what is under way. May be called twice.</summary>
    public void End()
    {
        ConnectTimer?.Dispose();
        RefusedTopicsTimer?.Dispose();
        OutboxTimer?.Dispose();
        RemainingTimer?.Dispose();
        _life.Cancel();
    }

    public void Dispose() => _life.Dispose();
}
