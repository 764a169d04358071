using System.Globalization;
using System.Net;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Configuration.Rules;

/// <summary>The value is an address and a port to listen at.</summary>
internal sealed class ListenAddressAttribute : ValueRuleAttribute
{
    public override string Accepted => "`ADDRESS:PORT`, such as `127.0.0.1:8080`, `0.0.0.0:8080` or `[::]:8080`";

    public override string? FindError(object value) =>
        HttpAddresses.TryParseListen((string)value, out _) ? null : $"is not an address and a port; {Accepted.Replace('`', '\'')} would be accepted";
}

/// <summary>The value is a host, by name or address, and a port.</summary>
internal sealed class HostAddressAttribute : ValueRuleAttribute
{
    public override string Accepted => "`HOST:PORT`, such as `box-b:7071` or `192.168.1.5:7071`";

    public override string? FindError(object value) => TryParse((string)value, out _, out _)
        ? null
        : $"is not a host and a port; {Accepted.Replace('`', '\'')} would be accepted";

    /// <summary>Splits a host and a port. Addresses are those of IPv4.</summary>
    public static bool TryParse(string text, out string host, out int port)
    {
        (host, port) = ("", 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > IPEndPoint.MaxPort)
        {
            return false;
        }

        host = text[..colon];
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4
            // "0.0.0.0" is where one listens, not what others reach.
            && !(IPAddress.TryParse(host, out var address) && address.Equals(IPAddress.Any));
    }
}

/// <summary>The value is an address or a network.</summary>
internal sealed class NetworkAddressAttribute : ValueRuleAttribute
{
    public override string Accepted => "an address or a network, such as `192.168.1.5` or `192.168.1.0/24`";

    public override string? FindError(object value) =>
        HttpAddresses.TryParseNetwork((string)value, out _) ? null : $"is not an address or a network; {Accepted.Replace('`', '\'')} would be accepted";
}

/// <summary>The value is the address of a web site: scheme, host, port and perhaps a path.</summary>
internal sealed class WebAddressAttribute : ValueRuleAttribute
{
    public override string Accepted => "`http://HOST[:PORT][/PATH]` or `https://…`";

    public override string? FindError(object value) =>
        HttpAddresses.TryParseWeb((string)value, out _) ? null : "is not the address of a web site; 'https://HOST' would be accepted";
}

/// <summary>The value is the address of a webhook's receiver.</summary>
internal sealed class WebhookAddressAttribute : ValueRuleAttribute
{
    public override string Accepted => "`http://HOST[:PORT][/PATH]` or `https://…`";

    public override string? FindError(object value) =>
        Uri.TryCreate((string)value, UriKind.Absolute, out var address) && address is { Scheme: "http" or "https", Host.Length: > 0 }
            && address.UserInfo.Length == 0 && address.Fragment.Length == 0
            ? null
            : "is not the address of a receiver; 'https://HOST/PATH', without a user and without '#', would be accepted";
}

/// <summary>The value is the origin of a web page: scheme, host and port.</summary>
internal sealed class WebOriginAttribute : ValueRuleAttribute
{
    public override string Accepted => "`http://HOST[:PORT]` or `https://…`, without a path";

    public override string? FindError(object value) =>
        HttpAddresses.TryParseWeb((string)value, out var address) && address.AbsolutePath == "/"
            ? null
            : "is not the origin of a web page; 'https://HOST' would be accepted";
}
