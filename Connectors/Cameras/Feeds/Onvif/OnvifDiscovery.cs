using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Finds cameras in the networks of this machine (WS-Discovery by multicast, as ONVIF Core section 7 has it).
/// Multicast does not pass routers: cameras in other subnets are not found. Stateless.</summary>
public static class OnvifDiscovery
{
    private const int MaxDatagram = 65_536;

    /// <summary>Most cameras that one search gives; what answers beyond it is left out.</summary>
    private const int MaxDevices = 256;

    /// <summary>The group and port that cameras listen at.</summary>
    internal static readonly IPEndPoint Group = new(IPAddress.Parse("239.255.255.250"), 3702);

    private static readonly XNamespace Envelope = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Addressing = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    private static readonly XNamespace Discovery = "http://schemas.xmlsoap.org/ws/2005/04/discovery";

    /// <summary>Times at which probes are sent: several, because datagrams are lost, and cameras wait a random time before they answer.</summary>
    private static readonly TimeSpan[] Probes = [TimeSpan.Zero, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(1.5)];

    /// <summary>Searches for this long.</summary>
    /// <param name="timeout">Above 0; 3 s or more leave time for all probes.</param>
    /// <param name="cancel">Ends the search.</param>
    /// <returns>In the order of their addresses; empty when nothing answered.</returns>
    /// <exception cref="OnvifException">No network interface could send.</exception>
    public static Task<IReadOnlyList<OnvifDevice>> FindAsync(TimeSpan timeout, CancellationToken cancel) =>
        FindAsync(LocalAddresses(), Group, timeout, cancel);

    /// <summary>Same as <see cref="FindAsync(TimeSpan, CancellationToken)"/>, from these interfaces to this group.</summary>
    internal static async Task<IReadOnlyList<OnvifDevice>> FindAsync(
        IReadOnlyList<IPAddress> interfaces, IPEndPoint group, TimeSpan timeout, CancellationToken cancel)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        end.CancelAfter(timeout);
        var found = new Dictionary<string, OnvifDevice>(StringComparer.OrdinalIgnoreCase);
        var searches = interfaces.Select(it => SearchAsync(it, group, found, end.Token)).ToList();
        var errors = (await Task.WhenAll(searches).ConfigureAwait(false)).Where(it => it is not null).ToList();
        cancel.ThrowIfCancellationRequested();
        if (errors.Count == searches.Count)
        {
            throw new OnvifException(
                OnvifErrorKind.Unreachable,
                searches.Count == 0
                    ? "this machine has no network interface with an IPv4 address"
                    : $"no network interface could search for cameras ({string.Join("; ", errors)})");
        }

        lock (found)
        {
            return [.. found.Values.OrderBy(it => SortKey(it.Device.Host), StringComparer.Ordinal).ThenBy(it => it.Device.Port)];
        }
    }

    /// <summary>Reads one datagram.</summary>
    /// <param name="datagram">From anybody.</param>
    /// <param name="sender">Who sent it; its address is trusted more than the datagram's content.</param>
    internal static IReadOnlyList<OnvifDevice> Read(ReadOnlySpan<byte> datagram, IPAddress sender)
    {
        if (SoapMessage.Read(datagram) is not { } message)
        {
            return [];
        }

        // As the standard has it, ProbeMatches/ProbeMatch; some cameras leave out the outer element, others send Hello.
        return
        [
            .. message.DescendantsAndSelf()
                .Where(it => it.Name.LocalName is "ProbeMatch" or "Hello" or "ResolveMatch")
                .Where(IsCamera)
                .Take(16)
                .Select(match => new OnvifDevice(NameOf(match) ?? sender.ToString(), AddressOf(match, sender))),
        ];
    }

    private static async Task<string?> SearchAsync(
        IPAddress local, IPEndPoint group, Dictionary<string, OnvifDevice> found, CancellationToken end)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(local, 0));
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, local.GetAddressBytes());
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, 1);
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, true);
            var receiving = ReceiveAsync(socket, found, end);
            await SendAsync(socket, group, end).ConfigureAwait(false);
            await receiving.ConfigureAwait(false);
            return null;
        }
        catch (SocketException fault)
        {
            return $"{local}: {fault.Message}";
        }
    }

    private static async Task SendAsync(Socket socket, IPEndPoint group, CancellationToken end)
    {
        var sent = TimeSpan.Zero;
        foreach (var at in Probes)
        {
            try
            {
                await Task.Delay(at - sent, end).ConfigureAwait(false);
                sent = at;

                // Cameras differ: some answer only when their type is named, some only when none is.
                foreach (var types in new[] { "dn:NetworkVideoTransmitter", "tds:Device", null })
                {
                    await socket.SendToAsync(Probe(types), group, end).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static async Task ReceiveAsync(Socket socket, Dictionary<string, OnvifDevice> found, CancellationToken end)
    {
        var datagram = new byte[MaxDatagram];
        var anybody = new IPEndPoint(IPAddress.Any, 0);
        while (true)
        {
            SocketReceiveFromResult received;
            try
            {
                received = await socket.ReceiveFromAsync(datagram, anybody, end).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException fault) when (fault.SocketErrorCode == SocketError.ConnectionReset)
            {
                continue;
            }

            foreach (var device in Read(datagram.AsSpan(0, received.ReceivedBytes), ((IPEndPoint)received.RemoteEndPoint).Address))
            {
                lock (found)
                {
                    // By address: cheap cameras of one make share their unique id.
                    if (found.Count < MaxDevices)
                    {
                        found.TryAdd($"{device.Device.Host}:{device.Device.Port}", device);
                    }
                }
            }
        }
    }

    private static byte[] Probe(string? types) => Encoding.UTF8.GetBytes(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>" + new XElement(
            Envelope + "Envelope",
            new XAttribute(XNamespace.Xmlns + "s", Envelope),
            new XAttribute(XNamespace.Xmlns + "a", Addressing),
            new XAttribute(XNamespace.Xmlns + "d", Discovery),
            new XAttribute(XNamespace.Xmlns + "dn", "http://www.onvif.org/ver10/network/wsdl"),
            new XAttribute(XNamespace.Xmlns + "tds", "http://www.onvif.org/ver10/device/wsdl"),
            new XElement(
                Envelope + "Header",
                new XElement(Addressing + "MessageID", $"urn:uuid:{Guid.NewGuid()}"),
                new XElement(Addressing + "To", new XAttribute(Envelope + "mustUnderstand", "1"), "urn:schemas-xmlsoap-org:ws:2005:04:discovery"),
                new XElement(
                    Addressing + "Action",
                    new XAttribute(Envelope + "mustUnderstand", "1"),
                    "http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe")),
            new XElement(
                Envelope + "Body",
                new XElement(Discovery + "Probe", types is null ? null : new XElement(Discovery + "Types", types)))).ToString(SaveOptions.DisableFormatting));

    /// <summary>Printers and computers answer such probes too.</summary>
    private static bool IsCamera(XElement match)
    {
        var announced = $"{match.Find("Types").Text()} {match.Find("Scopes").Text()} {match.Find("XAddrs").Text()}";
        return announced.Contains("NetworkVideo", StringComparison.OrdinalIgnoreCase) || announced.Contains("onvif", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The camera's service at the sender's address. A camera whose address changed may announce the old one for a while.</summary>
    private static Uri AddressOf(XElement match, IPAddress sender)
    {
        var announced = (match.Find("XAddrs").Text() ?? "")
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(it => Uri.TryCreate(it, UriKind.Absolute, out var address) ? address : null)
            .Where(it => it is { Scheme: "http" or "https", Host.Length: > 0 })
            .ToList();
        var address = announced.Find(it => it!.Host == sender.ToString())
            ?? announced.Find(it => it!.Scheme == "http" && it.HostNameType == UriHostNameType.IPv4)
            ?? announced.FirstOrDefault();
        var host = sender.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{sender}]" : sender.ToString();
        return address is null
            ? new Uri($"http://{host}{OnvifAddress.DevicePath}")
            : new UriBuilder(address) { Host = host, UserName = "", Password = "" }.Uri;
    }

    private static string? NameOf(XElement match)
    {
        var scopes = (match.Find("Scopes").Text() ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        foreach (var kind in new[] { "/name/", "/hardware/" })
        {
            foreach (var scope in scopes)
            {
                if (scope.IndexOf(kind, StringComparison.OrdinalIgnoreCase) is >= 0 and var at
                    && Clean(Uri.UnescapeDataString(scope[(at + kind.Length)..])) is { Length: > 0 } name)
                {
                    return name;
                }
            }
        }

        return null;
    }

    private static string Clean(string name) => new string([.. name.Where(c => !char.IsControl(c)).Take(100)]).Trim();

    private static string SortKey(string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var address) ? Convert.ToHexString(address.GetAddressBytes()) : host;

    /// <summary>Includes interfaces that report to be down, because that report lags behind: one that is really down fails to send.</summary>
    private static List<IPAddress> LocalAddresses() =>
    [
        .. NetworkInterface.GetAllNetworkInterfaces()
            .Where(it => it.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(it => it.GetIPProperties().UnicastAddresses)
            .Select(it => it.Address)
            .Where(it => it.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(it))
            .Distinct(),
    ];
}
