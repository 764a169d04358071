using System.Buffers;
using System.Text;

namespace MobileVlm.Edge.Connectors.Mqtt.Topics;

/// <summary>Rules for topics that may be published to.</summary>
public static class TopicName
{
    /// <summary>Longest topic, in bytes of UTF-8. The protocol allows 65535; brokers and dashboards give up sooner.</summary>
    public const int MaxBytes = 512;

    private static readonly SearchValues<char> Wildcards = SearchValues.Create("+#");

    /// <summary>What is wrong with a topic, or with the beginning of one, as a sentence for the operator; null when
    /// nothing is.</summary>
    public static string? Fault(string? topic)
    {
        if (string.IsNullOrEmpty(topic))
        {
            return "is empty; a topic needs at least one character";
        }

        if (topic[0] == '$')
        {
            return "starts with '$'; brokers keep such topics for themselves";
        }

        if (topic.AsSpan().IndexOfAny(Wildcards) is var wildcard and >= 0)
        {
            return $"holds the wildcard '{topic[wildcard]}'; only subscribers use those";
        }

        foreach (var c in topic)
        {
            if (char.IsControl(c))
            {
                return $"holds the control character U+{(int)c:X4}";
            }
        }

        if (HasLoneSurrogate(topic))
        {
            return "holds half of a surrogate pair, which UTF-8 cannot carry";
        }

        if (topic[0] == '/' || topic[^1] == '/' || topic.Contains("//", StringComparison.Ordinal))
        {
            return "has an empty level; remove the '/' at its start or end, or the doubled one";
        }

        return Encoding.UTF8.GetByteCount(topic) is var bytes and > MaxBytes
            ? $"is {bytes} bytes long; at most {MaxBytes} are accepted"
            : null;
    }

    private static bool HasLoneSurrogate(string topic)
    {
        for (var i = 0; i < topic.Length; i++)
        {
            if (char.IsSurrogatePair(topic, i))
            {
                i++;
            }
            else if (char.IsSurrogate(topic[i]))
            {
                return true;
            }
        }

        return false;
    }
}
