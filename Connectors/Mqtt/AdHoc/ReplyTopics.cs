using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Connectors.Mqtt.AdHoc;

/// <summary>Topics to which answers may be sent. The client that asks names the topic, and this device may publish to topics that
/// the client may not: without this, an asker could have it write states, commands or discovery messages.</summary>
/// <param name="prefixes">Prefixes of topics, each with its last <c>/</c>.</param>
/// <param name="own">The device's own topics, which no prefix opens.</param>
public sealed class ReplyTopics(IReadOnlyList<string> prefixes, NodeTopics own)
{
    /// <summary>Longest accepted topic, in bytes; long ones would be stored and logged by others.</summary>
    public const int MaxBytes = 256;

    /// <summary>The error in a topic, as a sentence for the client; null when it is valid.</summary>
    public string? Fault(string topic)
    {
        if (TopicName.Fault(topic) is { } fault)
        {
            return $"the reply topic {fault}";
        }

        if (System.Text.Encoding.UTF8.GetByteCount(topic) > MaxBytes)
        {
            return $"the reply topic is longer than {MaxBytes} bytes";
        }

        return !own.Holds(topic) && prefixes.Any(prefix => topic.StartsWith(prefix, StringComparison.Ordinal))
            ? null
            : $"the reply topic is not below {string.Join(" or ", prefixes.Select(prefix => $"'{prefix}'"))}; "
                + "use one of them, or set Mqtt:Asks:ReplyPrefixes";
    }
}

/// <summary>Topic and correlation data for one answer.</summary>
/// <param name="Topic">Checked.</param>
/// <param name="CorrelationData">As the request had it; empty for none.</param>
public sealed record ReplyAddress(string Topic, ReadOnlyMemory<byte> CorrelationData);
