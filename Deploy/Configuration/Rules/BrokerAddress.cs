namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>Parses and validates <c>Mqtt:Broker</c>.</summary>
internal static class BrokerAddress
{
    private const string EmbeddedWord = "embedded";
    private const string Accepted = "'embedded', 'mqtt://host:1883' or 'mqtts://host:8883' would be accepted";

    public static bool IsEmbedded(string broker) => broker.Equals(EmbeddedWord, StringComparison.OrdinalIgnoreCase);

    public static bool IsEncrypted(string broker) => broker.StartsWith("mqtts://", StringComparison.OrdinalIgnoreCase);

    /// <summary>Validates the address. The returned message shows no part of the address, which may hold a password.</summary>
    /// <returns>Null if the address is valid; otherwise what is wrong.</returns>
    public static string? FindError(string broker)
    {
        if (IsEmbedded(broker))
        {
            return null;
        }

        if (broker.Contains('@', StringComparison.Ordinal))
        {
            return "holds a user or password; take them out, and set MobileVlm:Mqtt:User and "
                + "MobileVlm:Mqtt:PasswordFile (a file whose first line is the password)";
        }

        if (!Uri.TryCreate(broker, UriKind.Absolute, out var address)
            || address.Scheme is not ("mqtt" or "mqtts")
            || !broker.StartsWith(address.Scheme + "://", StringComparison.OrdinalIgnoreCase))
        {
            return $"is not a broker address; {Accepted}";
        }

        return address.Host.Length == 0 ? $"has no host; {Accepted}"
            : address.Port == 0 ? $"has port 0; {Accepted}"
            : address.AbsolutePath is not ("" or "/") || address.Query.Length > 0 || address.Fragment.Length > 0
                ? $"has more than host and port (topics begin with MobileVlm:Mqtt:BaseTopic); {Accepted}"
                : null;
    }

    /// <summary>Parses a valid address. Adds the default port if none is written.</summary>
    public static Uri Parse(string broker)
    {
        var address = new Uri(broker);
        return address.Port > 0
            ? new Uri($"{address.Scheme}://{address.Authority}")
            : new Uri($"{address.Scheme}://{address.Host}:{(address.Scheme == "mqtts" ? 8883 : 1883)}");
    }
}
