namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Settings of the connection to the broker. Ranges are validated where configuration is read; <see cref="MqttLink"/> refuses what could never
/// connect.</summary>
public sealed record MqttSettings
{
    /// <summary><c>mqtt://host[:1883]</c> or <c>mqtts://host[:8883]</c>. The embedded broker is reached by its own
    /// loopback address, which the code that starts it sets.</summary>
    public required Uri Broker { get; init; }

    /// <summary>Client id; the broker closes an older connection of the same id.</summary>
    public required string ClientId { get; init; }

    public string? User { get; init; }

    /// <summary>File whose first line is the password; read at each connect, so that it can be rotated.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>PEM file of the authority that signed the broker's certificate; null trusts the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>Longest silence on the connection before a ping; at least 1 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for the broker's answer to a connect or a publish.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Subscribed to again at each connect, because no session outlives its connection.</summary>
    public IReadOnlyList<MqttSubscription> Subscriptions { get; init; } = [];

    public InboundLimits Inbound { get; init; } = new();

    /// <summary>Sent by the broker, retained, when this client vanishes.</summary>
    public required OutboundMessage Will { get; init; }
}

/// <summary>One message to the broker.</summary>
/// <param name="Topic">Full topic, no wildcards.</param>
/// <param name="Payload">Bytes as they are sent.</param>
/// <param name="Retain">Kept by the broker for later subscribers.</param>
/// <param name="QualityOfService">0, 1 or 2.</param>
/// <param name="ContentType">MIME type (an MQTT 5 property), or null.</param>
public sealed record OutboundMessage(
    string Topic, ReadOnlyMemory<byte> Payload, bool Retain, int QualityOfService = 1, string? ContentType = null)
{
    /// <summary>The correlation data of the request that this message answers (MQTT 5); empty for none.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }
}
