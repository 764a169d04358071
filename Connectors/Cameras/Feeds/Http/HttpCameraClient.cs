using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.Http;

/// <summary>Sends requests to one HTTP camera, with user and password where it asks for them. Keeps the connection between requests. For one
/// thread.</summary>
internal sealed class HttpCameraClient : IDisposable
{
    /// <summary>A camera that sends on more often runs in circles.</summary>
    public const int MostRedirects = 5;

    private const int MostHeaderKilobytes = 64;

    private readonly ReceiveBuffer _buffer = new();
    private readonly HttpClient _client;
    private readonly Uri _address;

    /// <exception cref="FormatException">The address is not well formed.</exception>
    public HttpCameraClient(CameraSettings settings)
    {
        var address = HttpAddress.Parse(settings.Source);
        _address = address.Uri;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = true,
            MaxAutomaticRedirections = MostRedirects,
            ConnectTimeout = settings.OpenTimeout,
            MaxResponseHeadersLength = MostHeaderKilobytes,
            PreAuthenticate = true,
        };
        handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            errors == SslPolicyErrors.None || IsAdded(certificate)
                ? true
                : throw new AuthenticationException($"the camera's certificate is not trusted: {Reason(chain, errors)}");
        if (address.Login is { } login)
        {
            // Bound to the camera's own host and port: an answer that sends on to another one gets no password.
            var root = new Uri(address.Uri.GetLeftPart(UriPartial.Authority));
            handler.Credentials = new CredentialCache { { root, "Digest", login }, { root, "Basic", login } };
        }

        // The attempt has its own limit for silence.
        _client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("mobilevlm", null));
        _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("*/*"));
    }

    /// <summary>Asks once and returns when the headers are there. The caller disposes the answer before it asks again.</summary>
    /// <exception cref="HttpRequestException">No connection, or an answer that is not HTTP.</exception>
    public HttpCameraResponse Get(CancellationToken cancel) => new(
        _client.GetAsync(_address, HttpCompletionOption.ResponseHeadersRead, cancel).GetAwaiter().GetResult(),
        _buffer);

    /// <summary>Explains a failed request to the operator.</summary>
    public static string Explain(HttpRequestException fault)
    {
        if (fault.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            // The outer message only refers to the inner one.
            return $"{fault.InnerException?.Message ?? fault.Message} (Cameras mostly make their own certificate. To trust this one, save "
                + "it as /usr/local/share/ca-certificates/NAME.crt and run 'update-ca-certificates'.)";
        }

        return fault.InnerException is { } inner && !fault.Message.Contains(inner.Message, StringComparison.Ordinal)
            ? $"{fault.Message} {inner.Message}"
            : fault.Message;
    }

    public void Dispose() => _client.Dispose();

    private static string Reason(X509Chain? chain, SslPolicyErrors errors)
    {
        var status = chain?.ChainStatus.Select(it => it.StatusInformation.Trim()) ?? [];
        string[] name = errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? ["it is for another name"] : [];
        return string.Join("; ", [.. status, .. name]);
    }

    /// <summary>Whether the machine's owner added this very certificate to the store; its name is ignored, because a camera's own
    /// certificate seldom holds the address that it has.</summary>
    private static bool IsAdded(X509Certificate? certificate)
    {
        if (certificate is null)
        {
            return false;
        }

        using var store = new X509Store(StoreName.Root, StoreLocation.LocalMachine, OpenFlags.ReadOnly | OpenFlags.OpenExistingOnly);
        var raw = certificate.GetRawCertData();
        return store.Certificates.Any(added => added.RawData.AsSpan().SequenceEqual(raw));
    }
}
