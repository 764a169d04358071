using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Asks one camera for its profiles and the addresses of its streams (ONVIF profiles S and T). The connection is
/// made at the first request. Not thread-safe.</summary>
public sealed partial class OnvifClient : IDisposable
{
    private const string DeviceNamespace = "http://www.onvif.org/ver10/device/wsdl";
    private const string MediaNamespace = "http://www.onvif.org/ver10/media/wsdl";
    private const string Media2Namespace = "http://www.onvif.org/ver20/media/wsdl";
    private static readonly XNamespace Schema = "http://www.onvif.org/ver10/schema";

    /// <summary>Longest try of whether a stream's port is open.</summary>
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(1);

    private readonly Uri _device;
    private readonly OnvifLogin? _login;
    private readonly TimeProvider _time;
    private readonly SoapChannel _channel;
    private readonly Dictionary<string, string> _mediaOfProfile = [];
    private Dictionary<string, IReadOnlyList<Uri>>? _media;

    /// <param name="device">The camera's device service.</param>
    /// <param name="login">Null asks without, which few cameras allow.</param>
    /// <param name="time">Our clock.</param>
    public OnvifClient(Uri device, OnvifLogin? login, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(time);
        (_device, _login, _time) = (device, login, time);
        _channel = new SoapChannel(device, login, time);
    }

    /// <summary>The streams that the camera offers.</summary>
    /// <exception cref="OnvifException">It cannot be asked.</exception>
    public async Task<IReadOnlyList<OnvifProfile>> GetProfilesAsync(CancellationToken cancel)
    {
        var media = await FindMediaAsync(cancel).ConfigureAwait(false);
        var profiles = media.ContainsKey(MediaNamespace)
            ? ReadProfiles(await AskMediaAsync(MediaNamespace, new XElement(XName.Get("GetProfiles", MediaNamespace)), cancel).ConfigureAwait(false))
            : [];
        Remember(profiles, MediaNamespace);
        if (!media.ContainsKey(Media2Namespace) || (profiles.Count > 0 && profiles.All(it => it.HasVideo)))
        {
            return profiles;
        }

        // The first media service cannot describe H.265: its profiles seem to be without video.
        var newer = await AskSecondMediaAsync(profiles.Count > 0, cancel).ConfigureAwait(false);
        var better = newer.Where(it => it.HasVideo && !profiles.Exists(old => old.Token == it.Token && old.HasVideo)).ToList();
        Remember(better, Media2Namespace);
        return [.. profiles.Select(old => better.Find(it => it.Token == old.Token) ?? old), .. better.Where(it => !profiles.Exists(old => old.Token == it.Token))];
    }

    /// <summary>The address of a profile's stream, or of its snapshots where it has no stream that can be read, with user and
    /// password in it. Ask again at each connect: addresses and ports change.</summary>
    /// <param name="profile">One that <see cref="GetProfilesAsync"/> gave.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="OnvifException">It cannot be asked, or offers no address that can be used.</exception>
    public async Task<string> GetStreamAddressAsync(OnvifProfile profile, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(profile);
        await FindMediaAsync(cancel).ConfigureAwait(false);
        var service = _mediaOfProfile.GetValueOrDefault(profile.Token, MediaNamespace);
        string reported;
        try
        {
            var answer = await AskMediaAsync(service, StreamRequest(service, profile.Token), cancel).ConfigureAwait(false);
            reported = answer.Find("Uri").Text() ?? "";
        }
        catch (OnvifException fault) when (fault.Fault == OnvifErrorKind.Failed)
        {
            return await GetSnapshotAddressAsync(service, profile, fault.Message, cancel).ConfigureAwait(false);
        }

        return StreamShape().Match(reported) is { Success: true } match
            ? await CompleteAsync(match, cancel).ConfigureAwait(false)
            : await GetSnapshotAddressAsync(
                service, profile, $"the camera gives '{SecretMask.Patterns(OneLine(reported))}' as the address of its stream", cancel).ConfigureAwait(false);
    }

    public void Dispose() => _channel.Dispose();

    private async Task<string> GetSnapshotAddressAsync(string service, OnvifProfile profile, string reason, CancellationToken cancel)
    {
        try
        {
            var request = new XElement(XName.Get("GetSnapshotUri", service), new XElement(XName.Get("ProfileToken", service), profile.Token));
            var answer = await AskMediaAsync(service, request, cancel).ConfigureAwait(false);
            if (SnapshotShape().Match(answer.Find("Uri").Text() ?? "") is { Success: true } match)
            {
                return await CompleteAsync(match, cancel).ConfigureAwait(false);
            }
        }
        catch (OnvifException fault) when (fault.Fault == OnvifErrorKind.Failed)
        {
            reason = $"{reason}; for a snapshot it says: {fault.Message}";
        }

        throw new OnvifException(OnvifErrorKind.Failed, $"{reason}, and no address of a snapshot. Take another profile with 'profile=' in Source");
    }

    private static XElement StreamRequest(string service, string token) => service == Media2Namespace
        ? new XElement(
            XName.Get("GetStreamUri", service),
            new XElement(XName.Get("Protocol", service), "RTSP"),
            new XElement(XName.Get("ProfileToken", service), token))
        : new XElement(
            XName.Get("GetStreamUri", service),
            new XElement(
                XName.Get("StreamSetup", service),
                new XElement(Schema + "Stream", "RTP-Unicast"),
                new XElement(Schema + "Transport", new XElement(Schema + "Protocol", "RTSP"))),
            new XElement(XName.Get("ProfileToken", service), token));

    /// <summary>Puts the host that answered in place of the one reported, which is often one that only the camera knows, and
    /// user and password before it.</summary>
    private async Task<string> CompleteAsync(Match reported, CancellationToken cancel)
    {
        var scheme = reported.Groups["scheme"].Value.ToLowerInvariant();
        var host = reported.Groups["host"].Value;
        var port = reported.Groups["port"] is { Success: true } given && int.TryParse(given.Value, CultureInfo.InvariantCulture, out var number)
            && number is > 0 and <= 65535
                ? number
                : DefaultPort(scheme);
        var ours = _device.Host;
        if (!host.Equals(ours, StringComparison.OrdinalIgnoreCase))
        {
            // Ours unless only theirs is open: a recorder may send its streams from another machine.
            var others = !await IsOpenAsync(ours, port, cancel).ConfigureAwait(false)
                && await IsOpenAsync(host, port, cancel).ConfigureAwait(false);
            ours = others ? host : ours;
        }

        var user = _login is { } login
            ? $"{Uri.EscapeDataString(login.User)}:{Uri.EscapeDataString(login.Password)}@"
            : reported.Groups["user"].Value;
        var rest = OneLine(reported.Groups["rest"].Value).Replace(" ", "%20", StringComparison.Ordinal);
        return string.Create(CultureInfo.InvariantCulture, $"{scheme}://{user}{ours}:{port}{rest}");
    }

    private static int DefaultPort(string scheme) => scheme switch
    {
        "rtsps" => 322,
        "http" => 80,
        "https" => 443,
        "rtsp" => 554,
        _ => throw new ArgumentOutOfRangeException(nameof(scheme), scheme, "This scheme has no port."),
    };

    private static async Task<bool> IsOpenAsync(string host, int port, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ProbeTime);
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(host.Trim('[', ']'), port, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (Exception fault) when (fault is SocketException or OperationCanceledException or ArgumentException)
        {
            cancel.ThrowIfCancellationRequested();
            return false;
        }
    }

    /// <summary>Possible addresses of the media services, best first.</summary>
    private async Task<IReadOnlyDictionary<string, IReadOnlyList<Uri>>> FindMediaAsync(CancellationToken cancel)
    {
        if (_media is not null)
        {
            return _media;
        }

        await ReadClockAsync(cancel).ConfigureAwait(false);
        var found = new Dictionary<string, IReadOnlyList<Uri>>();
        OnvifException? withoutServices = null;
        try
        {
            var answer = await _channel.AskAsync(
                _device,
                new XElement(XName.Get("GetServices", DeviceNamespace), new XElement(XName.Get("IncludeCapability", DeviceNamespace), "false")),
                authorized: true, cancel).ConfigureAwait(false);
            foreach (var service in answer.FindAll("Service"))
            {
                var name = service.Child("Namespace").Text();
                if (name is MediaNamespace or Media2Namespace && service.Child("XAddr").Text() is { } address)
                {
                    found[name] = Candidates(address);
                }
            }
        }
        catch (OnvifException fault) when (fault.Fault == OnvifErrorKind.Failed)
        {
            // Older cameras do not have the call.
            withoutServices = fault;
        }

        if (found.Count == 0)
        {
            var answer = await _channel.AskAsync(
                _device,
                new XElement(XName.Get("GetCapabilities", DeviceNamespace), new XElement(XName.Get("Category", DeviceNamespace), "All")),
                authorized: true, cancel).ConfigureAwait(false);
            if (answer.Find("Media")?.Child("XAddr").Text() is { } address)
            {
                found[MediaNamespace] = Candidates(address);
            }
        }

        if (found.Count == 0)
        {
            // Seen with a wrong password: an empty list instead of a refusal.
            throw new OnvifException(
                OnvifErrorKind.Refused,
                $"the camera at {_device.Host}:{_device.Port} names no media service{(_login is null ? "" : $" to {_login}")}. "
                + "Check user and password, and that this user may see video through ONVIF",
                withoutServices);
        }

        return _media = found;
    }

    private async Task ReadClockAsync(CancellationToken cancel)
    {
        XElement answer;
        try
        {
            answer = await _channel.AskAsync(
                _device, new XElement(XName.Get("GetSystemDateAndTime", DeviceNamespace)), authorized: false, cancel).ConfigureAwait(false);
        }
        catch (OnvifException fault) when (fault.Fault != OnvifErrorKind.Unreachable)
        {
            // Not every camera has the call, and some require a log-in for it: then the clocks must agree.
            return;
        }

        if (answer.Find("UTCDateTime") is not { } utc)
        {
            return;
        }

        int Part(string name) => utc.Find(name).Whole() ?? -1;
        try
        {
            var clock = new DateTimeOffset(
                Part("Year"), Part("Month"), Part("Day"), Part("Hour"), Part("Minute"), Math.Min(Part("Second"), 59), TimeSpan.Zero);
            _channel.ClockOffset = clock - _time.GetUtcNow();
        }
        catch (ArgumentOutOfRangeException)
        {
            // A clock that was never set.
            _channel.ClockOffset = TimeSpan.Zero;
        }
    }

    /// <summary>The path of a reported address at the host that answered. The port is the reported one where the host is the
    /// same, otherwise ours first: behind a NAT the reported one is that of the inside.</summary>
    private List<Uri> Candidates(string reported)
    {
        if (!Uri.TryCreate(reported, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
        {
            return [new Uri(_device, reported.StartsWith('/') ? reported : _device.AbsolutePath)];
        }

        Uri At(string scheme, int port) => new UriBuilder(address) { Scheme = scheme, Host = _device.Host, Port = port, UserName = "", Password = "" }.Uri;
        var (ours, theirs) = (At(_device.Scheme, _device.Port), At(address.Scheme, address.Port));
        return address.Host.Equals(_device.Host, StringComparison.OrdinalIgnoreCase)
            ? [.. new[] { theirs, ours }.Distinct()]
            : [.. new[] { ours, theirs }.Distinct()];
    }

    private async Task<XElement> AskMediaAsync(string service, XElement body, CancellationToken cancel)
    {
        var candidates = _media![service];
        var i = 0;
        while (true)
        {
            try
            {
                var answer = await _channel.AskAsync(candidates[i], body, authorized: true, cancel).ConfigureAwait(false);
                _media[service] = [candidates[i]];
                return answer;
            }
            catch (OnvifException fault) when (fault.Fault != OnvifErrorKind.Refused && i < candidates.Count - 1)
            {
                i++;
            }
        }
    }

    private async Task<List<OnvifProfile>> AskSecondMediaAsync(bool optional, CancellationToken cancel)
    {
        try
        {
            var request = new XElement(XName.Get("GetProfiles", Media2Namespace), new XElement(XName.Get("Type", Media2Namespace), "All"));
            return ReadProfiles(await AskMediaAsync(Media2Namespace, request, cancel).ConfigureAwait(false));
        }
        catch (OnvifException) when (optional)
        {
            return [];
        }
    }

    private void Remember(IEnumerable<OnvifProfile> profiles, string service)
    {
        foreach (var profile in profiles)
        {
            _mediaOfProfile[profile.Token] = service;
        }
    }

    /// <summary>The profiles of an answer of either service.</summary>
    internal static List<OnvifProfile> ReadProfiles(XElement answer)
    {
        // Both services name the profiles alike; what is in them is called VideoEncoderConfiguration, later VideoEncoder.
        var profiles = new List<OnvifProfile>();
        foreach (var profile in answer.FindAll("Profiles"))
        {
            if (profile.Attributes().FirstOrDefault(it => it.Name.LocalName == "token")?.Value is not { Length: > 0 } token)
            {
                continue;
            }

            var encoder = profile.Find("VideoEncoderConfiguration") ?? profile.Find("VideoEncoder");
            var source = profile.Find("VideoSourceConfiguration") ?? profile.Find("VideoSource");
            var resolution = encoder?.Find("Resolution");
            profiles.Add(new OnvifProfile(
                token,
                encoder?.Child("Encoding").Text()?.ToUpperInvariant(),
                resolution?.Child("Width").Whole(),
                resolution?.Child("Height").Whole(),
                encoder?.Find("FrameRateLimit").Whole(),
                source?.Find("SourceToken").Text()));
        }

        return profiles;
    }

    private static string OneLine(string text) => new([.. text.Where(c => !char.IsControl(c)).Take(1000)]);

    [GeneratedRegex(
        @"^(?<scheme>rtsps?)://(?<user>[^/?#\s]*@)?(?<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/?#\s]+)(:(?<port>[0-9]*))?(?<rest>[/?].*)?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex StreamShape();

    [GeneratedRegex(
        @"^(?<scheme>https?)://(?<user>[^/?#\s]*@)?(?<host>\[[0-9A-Fa-f:.%]+\]|[^:\[\]@/?#\s]+)(:(?<port>[0-9]*))?(?<rest>[/?].*)?$",
        RegexOptions.IgnoreCase)]
    private static partial Regex SnapshotShape();
}
