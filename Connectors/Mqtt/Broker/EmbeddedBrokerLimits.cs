namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>Limits for the embedded broker's clients. Together they bound its memory.</summary>
public sealed record EmbeddedBrokerLimits
{
    /// <summary>Longest packet, in bytes, with everything around the payload; announced to MQTT 5 clients. A client
    /// that sends a longer one is cut off.</summary>
    public int MaxPacketBytes { get; init; } = 1024 * 1024;

    public int MaxClients { get; init; } = 64;

    /// <summary>Topics with a retained message.</summary>
    public int MaxRetainedMessages { get; init; } = 1000;

    /// <summary>Payloads of all retained messages, in bytes.</summary>
    public long MaxRetainedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Messages that wait for one slow client; then its oldest is dropped. At least
    /// <see cref="MaxRetainedMessages"/>, because a new subscriber gets all of those at once.</summary>
    public int MaxPendingPerClient { get; init; } = 1000;

    /// <summary>Longest wait for a client to take what it is sent, and for its first packet; then it is cut off.</summary>
    public TimeSpan ClientTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
