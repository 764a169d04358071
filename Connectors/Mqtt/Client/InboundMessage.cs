using System.Text;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>A message that a broker delivered.</summary>
/// <param name="Topic">Where it was published.</param>
/// <param name="Payload">Its bytes, copied; empty when they were too many, see <see cref="RejectedLength"/>.</param>
/// <param name="Retained">The broker kept it and sends it because we subscribed, not because somebody just sent it.</param>
public sealed record InboundMessage(string Topic, ReadOnlyMemory<byte> Payload, bool Retained)
{
    /// <summary>Topic on which the sender requests an answer (an MQTT 5 property); unchecked, so never published to without a check.</summary>
    public string? ResponseTopic { get; init; }

    /// <summary>Comes back with the answer, so that the sender knows which one it is (MQTT 5); empty when there is
    /// none.</summary>
    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>Remaining time until the message expires (MQTT 5).</summary>
    public TimeSpan? ExpiresIn { get; init; }

    /// <summary>Bytes of a payload that was above <see cref="InboundLimits.MaxPayloadBytes"/> and not kept.</summary>
    public long? RejectedLength { get; init; }

    /// <summary>The payload as text; bytes that are not UTF-8 become U+FFFD.</summary>
    public string Text => Encoding.UTF8.GetString(Payload.Span);
}

/// <summary>A topic filter and how surely its messages come.</summary>
/// <param name="Filter">Wildcards allowed.</param>
/// <param name="QualityOfService">0, 1 or 2.</param>
public sealed record MqttSubscription(string Filter, int QualityOfService = 1);

/// <summary>Limits for messages that a link receives; together they bound its memory.</summary>
public sealed record InboundLimits
{
    /// <summary>Longest payload, in bytes. A longer one arrives as <see cref="InboundMessage.RejectedLength"/>; one of more
    /// than twice this is not even sent by a broker that speaks MQTT 5.</summary>
    public int MaxPayloadBytes { get; init; } = 1024 * 1024;

    /// <summary>Messages that wait to be read; what comes on top is dropped and counted.</summary>
    public int MaxWaiting { get; init; } = 256;
}
