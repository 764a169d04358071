using System.Globalization;
using System.Net;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Parses the addresses of the HTTP configuration.</summary>
public static class HttpAddresses
{
    /// <summary>Parses <c>127.0.0.1:8080</c>, <c>[::]:8080</c> or <c>localhost:8080</c>. Port 0 stands for any free port.</summary>
    public static bool TryParseListen(string text, out IPEndPoint address)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = new IPEndPoint(IPAddress.Loopback, 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0
            || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
            || port > IPEndPoint.MaxPort)
        {
            return false;
        }

        var host = text[..colon];
        var isBracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
        {
            address = new IPEndPoint(IPAddress.Loopback, port);
            return true;
        }

        // Without brackets, the last part of an IPv6 address would be taken for the port.
        if (!IPAddress.TryParse(isBracketed ? host[1..^1] : host, out var parsed)
            || (parsed.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6) != isBracketed)
        {
            return false;
        }

        address = new IPEndPoint(parsed, port);
        return true;
    }

    /// <summary>Parses an address, which becomes a network of one, or a network such as <c>192.168.1.0/24</c>. Bits behind the
    /// prefix are ignored.</summary>
    public static bool TryParseNetwork(string text, out IPNetwork network)
    {
        ArgumentNullException.ThrowIfNull(text);
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address)
            || (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork && text.AsSpan().Count('.') != 3))
        {
            return false;
        }

        var bytes = address.GetAddressBytes();
        var length = bytes.Length * 8;
        if (slash >= 0
            && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bytes.Length * 8))
        {
            return false;
        }

        for (var bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        network = new IPNetwork(new IPAddress(bytes), length);
        return true;
    }

    /// <summary>Parses the address of a web site without user, query and fragment.</summary>
    public static bool TryParseWeb(string text, out Uri address)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (Uri.TryCreate(text, UriKind.Absolute, out var parsed)
            && parsed.Scheme is "http" or "https"
            && parsed.Host.Length > 0 && parsed.UserInfo.Length == 0 && parsed.Query.Length == 0 && parsed.Fragment.Length == 0)
        {
            address = parsed;
            return true;
        }

        address = new Uri("http://localhost/");
        return false;
    }

    /// <summary>Whether only this machine can reach a server that listens at the address.</summary>
    public static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address);

    /// <summary>Whether an address lies in one of the networks. An IPv4 address that came over an IPv6 socket counts as
    /// IPv4.</summary>
    public static bool IsIn(this IPAddress address, IReadOnlyList<IPNetwork> networks)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(networks);
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Any(network => network.Contains(plain));
    }
}
