namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Rules for client ids. A broker closes the older of two connections with the same id, so each device
/// needs its own.</summary>
public static class MqttClientId
{
    /// <summary>Longest id. Brokers must take 23 characters; all in use take this many.</summary>
    public const int MaxLength = 64;

    private const string Prefix = "mobilevlm-";

    /// <summary>The id of a node that has none configured.</summary>
    public static string ForNode(string node) => Prefix + node;

    /// <summary>The error in an id, as a sentence for the operator; null when it is valid.</summary>
    public static string? Fault(string? id)
    {
        if (string.IsNullOrEmpty(id))
        {
            return "is empty; each device needs its own id";
        }

        if (id.Length > MaxLength)
        {
            return $"is {id.Length} characters long; at most {MaxLength} are accepted";
        }

        foreach (var c in id)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.'))
            {
                return $"holds '{c}'; only letters, digits, '_', '-' and '.' are accepted by every broker";
            }
        }

        return null;
    }
}
