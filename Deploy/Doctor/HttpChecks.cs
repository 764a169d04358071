using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks what the HTTP server needs (its port, token file and certificate), and reports who can reach it.</summary>
internal static class HttpChecks
{
    private const string What = "http";

    /// <summary>Ports below this one belong to the system administrator.</summary>
    private const int FirstFreePort = 1024;

    /// <summary>A certificate that ends sooner is noted.</summary>
    private static readonly TimeSpan EndsSoon = TimeSpan.FromDays(14);

    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, TimeProvider time)
    {
        if (configuration.ToHttpSettings() is not { } settings)
        {
            yield break;
        }

        yield return Port(settings);
        if (settings.TokenFile is { } tokens)
        {
            yield return Tokens(tokens, settings.CreatesTokenFile);
        }

        if (settings is { CertificateFile: { } certificate, KeyFile: { } key })
        {
            yield return Certificate(certificate, key, time.GetUtcNow());
        }
        else if (!settings.IsLoopback)
        {
            yield return Finding.Note(
                What, $"{settings.Listen} is plain HTTP; tokens and pictures cross the network readable",
                "Set Http:CertificateFile and Http:KeyFile, or listen at 127.0.0.1 behind a reverse proxy (reverse-proxy.md).");
        }

        if (settings.OpenTo.Count > 0)
        {
            yield return Finding.Note(
                What, $"requests from {string.Join(", ", settings.OpenTo)} need no token", "Http:OpenTo lists them; take out what can send a token.");
        }

        if (settings.TrustedProxies.Count > 0)
        {
            yield return Finding.Note(
                What, $"requests from {string.Join(", ", settings.TrustedProxies)} with X-Ingress-Path need no token",
                "Http:TrustedProxies lists them; only proxies that check users themselves belong there.");
        }
    }

    private static Finding Port(HttpServerSettings settings)
    {
        var reach = settings.IsLoopback ? "this machine only" : "other machines too, if its firewall lets them";
        var tokens = settings.TokenFile is null ? "without a token" : "with a token";
        try
        {
            using var socket = new Socket(settings.Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(settings.Listen);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return Finding.Note(What, $"{settings.Listen}: {error.Message}", "If the service runs already, this is its port. Otherwise set another one in Http:Listen.");
        }
        catch (SocketException error) when (error.SocketErrorCode != SocketError.AccessDenied)
        {
            return Finding.Bad(What, $"{settings.Listen}: {error.Message}", "Http:Listen must name an address of this machine, or 0.0.0.0 or [::] for all.");
        }
        catch (SocketException)
        {
            return BelowFirstFree(settings);
        }

        return settings.Listen.Port is > 0 and < FirstFreePort
            ? BelowFirstFree(settings)
            : Finding.Fine(What, $"{settings.Listen} is free; {reach}, {tokens}");
    }

    private static Finding BelowFirstFree(HttpServerSettings settings) => Finding.Note(
        What, string.Create(CultureInfo.InvariantCulture, $"{settings.Listen}: a port below {FirstFreePort}, which the service's user may not use by default"),
        "Use a port from 1024 on with a reverse proxy before it, or set the kernel's net.ipv4.ip_unprivileged_port_start.");

    private static Finding Tokens(string file, bool mayCreate)
    {
        if (!File.Exists(file))
        {
            return mayCreate
                ? Finding.Fine(What, $"TokenFile '{file}' does not exist yet; the service creates it with one random token at its start")
                : Finding.Bad(What, $"TokenFile '{file}' does not exist", "Write a line 'name token' into it, or name a file below StateFolder, which is created.");
        }

        try
        {
            if (AccessTokens.FindError(File.ReadAllText(file)) is { } error)
            {
                return Finding.Bad(What, $"TokenFile '{file}' {error}", "Correct that line: name token, or name token read.");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Finding.Note(What, $"TokenFile '{file}' cannot be read by this user", "Run doctor with sudo.");
        }

        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0
            ? Finding.Note(What, $"TokenFile '{file}' can be read or written by other users", $"chmod 600 '{file}'")
            : Finding.Fine(What, $"TokenFile '{file}' can be read by its owner only");
    }

    private static Finding Certificate(string file, string key, DateTimeOffset now)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPemFile(file, key);
            var (from, until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
            var found = string.Create(CultureInfo.InvariantCulture, $"the certificate of {certificate.Subject} holds from {from:yyyy-MM-dd} to {until:yyyy-MM-dd}");
            return now < from ? Finding.Bad(What, $"{found} and does not hold yet", "Check the clock of this machine, or name another CertificateFile.")
                : now > until ? Finding.Bad(What, $"{found} and has expired", "Renew it, then restart the service, which reads it at its start.")
                : now > until - EndsSoon ? Finding.Note(What, $"{found} and expires soon", "Renew it, then restart the service, which reads it at its start.")
                : Finding.Fine(What, found);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // The key of another certificate is reported as a wrong argument.
            return Finding.Bad(What, $"CertificateFile '{file}' and KeyFile '{key}' are not a certificate and its key: {error.Message}", "Both are PEM files; the key must belong to the first certificate in the file.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Finding.Note(What, $"the certificate or its key cannot be read by this user: {error.Message}", "Run doctor with sudo.");
        }
    }
}
