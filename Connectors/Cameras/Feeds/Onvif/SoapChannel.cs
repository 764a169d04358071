using System.Net;
using System.Net.Http.Headers;
using System.Xml.Linq;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;

/// <summary>Sends requests to one camera. Logs in by WS-Security digest in each request, and by HTTP Digest where the
/// camera asks for it; HTTP Basic is never answered, because it would show the password. Not thread-safe.</summary>
internal sealed class SoapChannel : IDisposable
{
    /// <summary>Longest wait for one answer.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    private readonly OnvifLogin? _login;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly CredentialCache _digest = [];
    private readonly string _shown;

    /// <param name="device">The camera's device service; log-ins go to its host only.</param>
    /// <param name="login">Null asks without.</param>
    /// <param name="time">Our clock.</param>
    public SoapChannel(Uri device, OnvifLogin? login, TimeProvider time)
    {
        (_login, _time, _shown) = (login, time, $"{device.Host}:{device.Port}");
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            Credentials = login is null ? null : _digest,
            ConnectTimeout = AnswerTime,

            // Cameras that answer in HTTP/1.0 close the connection without notice, and a request on a connection kept open is lost.
            PooledConnectionLifetime = TimeSpan.Zero,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            MaxResponseHeadersLength = 64,

#pragma warning disable CA5359 // Cameras sign their certificates themselves, and the log-in is a digest in any case.
            SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>The camera's clock minus ours. Set from what the camera reports.</summary>
    public TimeSpan ClockOffset { get; set; }

    /// <summary>Sends a request and reads its answer.</summary>
    /// <param name="to">The service.</param>
    /// <param name="body">What is asked.</param>
    /// <param name="authorized">Whether to log in.</param>
    /// <param name="cancel">Ends it.</param>
    /// <returns>The content of the answer's body.</returns>
    /// <exception cref="OnvifException">There is no usable answer.</exception>
    public async Task<XElement> AskAsync(Uri to, XElement body, bool authorized, CancellationToken cancel)
    {
        try
        {
            return await AskOnceAsync(to, body, authorized, cancel).ConfigureAwait(false);
        }
        catch (OnvifException refused) when (refused.Fault == OnvifErrorKind.Refused && authorized && _login is not null
            && ClockOffset.Duration() > TimeSpan.FromSeconds(2))
        {
            // Some cameras report local time as UTC and compare with the true one. One try more, as they lock accounts.
            ClockOffset = TimeSpan.Zero;
            return await AskOnceAsync(to, body, authorized, cancel).ConfigureAwait(false);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<XElement> AskOnceAsync(Uri to, XElement body, bool authorized, CancellationToken cancel)
    {
        var token = authorized && _login is { } login
            ? SoapMessage.UsernameToken(login.User, login.Password, _time.GetUtcNow() + ClockOffset)
            : null;
        if (_login is not null && _digest.GetCredential(to, "Digest") is null)
        {
            _digest.Add(new Uri(to, "/"), "Digest", new NetworkCredential(_login.User, _login.Password));
        }

        var (status, bytes) = await PostAsync(to, body, SoapMessage.Write(body, token), cancel).ConfigureAwait(false);
        var answer = SoapMessage.Read(bytes);
        var fault = answer?.Find("Fault");
        if (status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden || IsRefusal(fault))
        {
            throw new OnvifException(OnvifErrorKind.Refused, _login is null
                ? $"the camera at {_shown} requires a user and a password"
                : $"the camera at {_shown} refuses {_login}{Quoted(fault)}. Check user and password; many cameras keep users for "
                    + "ONVIF apart from those of their web page, and lock an account after a few wrong passwords");
        }

        if (fault is not null)
        {
            throw new OnvifException(OnvifErrorKind.Failed, $"the camera at {_shown} cannot answer {body.Name.LocalName}{Quoted(fault)}");
        }

        if (answer?.Find("Body") is not { } content)
        {
            throw new OnvifException(OnvifErrorKind.Failed, (int)status is >= 300 and < 400
                ? $"{_shown} redirects ONVIF requests (HTTP {(int)status}); give the address that it redirects to"
                : status != HttpStatusCode.OK
                ? $"{_shown} has no ONVIF service at {to.AbsolutePath} (HTTP {(int)status}). Check the port, and that ONVIF is switched on"
                : $"{_shown} does not answer in ONVIF's form at {to.AbsolutePath}. Check the port, and that ONVIF is switched on");
        }

        return content;
    }

    private async Task<(HttpStatusCode Status, byte[] Bytes)> PostAsync(Uri to, XElement body, byte[] request, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(AnswerTime);
        try
        {
            using var message = new HttpRequestMessage(HttpMethod.Post, to) { Content = new ByteArrayContent(request) };
            message.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(
                $"application/soap+xml; charset=utf-8; action=\"{body.Name.NamespaceName}/{body.Name.LocalName}\"");
            using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            var stream = await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                return (response.StatusCode, await ReadAsync(stream, limit.Token).ConfigureAwait(false));
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new OnvifException(OnvifErrorKind.Unreachable, $"{_shown} did not answer within {AnswerTime.TotalSeconds:0} s");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            throw new OnvifException(
                OnvifErrorKind.Unreachable,
                $"{_shown} could not be asked ({Innermost(fault).Message}). Check address and port, and that ONVIF is switched on",
                fault);
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, CancellationToken cancel)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancel).ConfigureAwait(false)) > 0)
        {
            bytes.Write(buffer, 0, read);
            if (bytes.Length > SoapMessage.MaxBytes)
            {
                throw new OnvifException(
                    OnvifErrorKind.Failed, $"{_shown} sent an answer of more than {SoapMessage.MaxBytes / 1024} KB; it was not read further");
            }
        }

        return bytes.ToArray();
    }

    private static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;

    /// <summary>Cameras report a refusal in codes, subcodes and words, with any HTTP status.</summary>
    private static bool IsRefusal(XElement? fault) => fault is not null && fault.Descendants().Any(it => !it.HasElements
        && (it.Value.Contains("NotAuthorized", StringComparison.OrdinalIgnoreCase)
            || it.Value.Contains("not authorized", StringComparison.OrdinalIgnoreCase)
            || it.Value.Contains("FailedAuthentication", StringComparison.OrdinalIgnoreCase)
            || it.Value.Contains("InvalidSecurity", StringComparison.OrdinalIgnoreCase)));

    /// <summary>The camera's own words, in one line.</summary>
    private static string Quoted(XElement? fault)
    {
        var text = (fault?.Find("Text") ?? fault?.Find("faultstring") ?? fault?.Find("Reason")).Text();
        var line = string.Join(' ', (text ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !char.IsControl(c)).Take(120)]);
        return line.Length == 0 ? "" : $" ('{line}')";
    }
}
