using System.Threading.Channels;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Outcome of a connection attempt.</summary>
public enum ConnectOutcomeKind
{
    Connected,

    /// <summary>No broker answered: refused, no route, timed out, name not found.</summary>
    Unreachable,

    /// <summary>The broker answered and refused the user, the password or the client.</summary>
    Refused,

    /// <summary>TLS failed: certificate not trusted, wrong name, protocol.</summary>
    TlsFailed,

    /// <summary>A password or authority file could not be read.</summary>
    Misconfigured,
}

/// <param name="Kind">What happened.</param>
/// <param name="Reason">For the log: what the broker or the network reported, and what to check; never a password.</param>
public sealed record ConnectOutcome(ConnectOutcomeKind Kind, string Reason);

/// <summary>Outcome of a publish.</summary>
public enum PublishOutcomeKind
{
    /// <summary>Acknowledged by the broker (or sent, at quality of service 0).</summary>
    Accepted,

    /// <summary>The broker refused it, by its access rules for example.</summary>
    Refused,

    /// <summary>The connection was lost, or no acknowledgement came in time.</summary>
    Unacknowledged,
}

/// <param name="Kind">What happened.</param>
/// <param name="Reason">What the broker or the link reported.</param>
public sealed record PublishOutcome(PublishOutcomeKind Kind, string Reason);

/// <summary>One connection to a broker. Connecting again, and when, is the caller's decision. Thread-safe.</summary>
public interface IMqttLink : IAsyncDisposable
{
    /// <summary>Broker address for people, without user information.</summary>
    string Description { get; }

    bool IsConnected { get; }

    /// <summary>Called once each time an established connection is gone, with the reason. On a pool thread.</summary>
    event Action<string>? Disconnected;

    /// <summary>Messages to <see cref="MqttSettings.Subscriptions"/>, over all connections. Bounded: read it all the time.
    /// Completed when the link is disposed.</summary>
    ChannelReader<InboundMessage> Inbound { get; }

    /// <summary>Messages that came in and were dropped, because nobody read <see cref="Inbound"/> quickly enough.</summary>
    long InboundDropped { get; }

    /// <summary>Connects and subscribes. Never throws for errors of the broker or the network.</summary>
    Task<ConnectOutcome> ConnectAsync(CancellationToken cancel);

    /// <summary>Publishes a message. Never throws for errors of the broker or the network.</summary>
    Task<PublishOutcome> PublishAsync(OutboundMessage message, CancellationToken cancel);

    /// <summary>Disconnects so that the broker does not send the will.</summary>
    Task DisconnectAsync(CancellationToken cancel);
}
