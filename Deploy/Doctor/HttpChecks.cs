using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks what the HTTP server needs (its port, token file and certificate), and reports who can reach it.</summary>
internal static class HttpChecks
{
    private const string What = "http";

    private const string FirstFreePortFile = "/proc/sys/net/ipv4/ip_unprivileged_port_start";

    /// <summary>Ports below this one belong to the system administrator, where the kernel does not say otherwise.</summary>
    private const int DefaultFirstFreePort = 1024;

    /// <summary>A certificate that ends sooner is noted.</summary>
    private static readonly TimeSpan EndsSoon = TimeSpan.FromDays(14);

    /// <param name="configuration">Validated for <see cref="Configuration.Validation.ConfigurationPurpose.Check"/>: a file that this user may not
    /// read is no error there.</param>
    /// <param name="serviceUser">The user of the installed service; null if the service does not read this configuration.</param>
    /// <param name="time">The clock that certificates are checked against.</param>
    /// <param name="firstFreePort">The first port that every user may listen at; null asks the kernel.</param>
    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, string? serviceUser, TimeProvider time, int? firstFreePort = null)
    {
        if (configuration.ToHttpSettings() is not { } settings)
        {
            yield break;
        }

        yield return Port(settings, firstFreePort ?? FirstFreePort());
        if (settings.TokenFile is { } tokens)
        {
            yield return Tokens(tokens, settings.CreatesTokenFile, serviceUser);
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

    private static Finding Port(HttpServerSettings settings, int firstFreePort)
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
            return ForbiddenPort(settings.Listen, firstFreePort);
        }

        return settings.Listen.Port > 0 && settings.Listen.Port < firstFreePort
            ? ForbiddenPort(settings.Listen, firstFreePort)
            : Finding.Fine(What, $"{settings.Listen} is free; {reach}, {tokens}");
    }

    /// <summary>A port that the kernel does not give to this user, or would not give to the service's.</summary>
    /// <param name="listen">The port with its address.</param>
    /// <param name="firstFreePort">The first port that every user may listen at.</param>
    internal static Finding ForbiddenPort(IPEndPoint listen, int firstFreePort) => listen.Port < firstFreePort
        ? Finding.Note(
            What, string.Create(CultureInfo.InvariantCulture, $"{listen}: a port below {firstFreePort}, which the service's user may not use by default"),
            string.Create(
                CultureInfo.InvariantCulture,
                $"Set a port from {firstFreePort} on in Http:Listen, with a reverse proxy before it, or lower the kernel's net.ipv4.ip_unprivileged_port_start."))
        : Finding.Note(
            What, $"{listen}: this user may not listen at the port",
            "A security policy of this machine, for example SELinux or a container's, forbids it. Allow it for the service, or set another port in Http:Listen.");

    /// <summary>The first port that every user of this machine may listen at.</summary>
    private static int FirstFreePort()
    {
        try
        {
            return int.TryParse(File.ReadAllText(FirstFreePortFile), CultureInfo.InvariantCulture, out var port) ? port : DefaultFirstFreePort;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return DefaultFirstFreePort;
        }
    }

    // What a token file must hold was validated with the configuration, unless this user cannot read it.
    private static Finding Tokens(string file, bool mayCreate, string? serviceUser)
    {
        try
        {
            using var readable = File.OpenRead(file);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return mayCreate
                ? Finding.Fine(What, $"TokenFile '{file}' does not exist yet; the service creates it with one random token at its start")
                : Finding.Note(
                    What, $"TokenFile '{file}' does not exist",
                    "systemd creates a credential when the service starts. Start it, or correct LoadCredential= of the unit (drop-in http-credentials.conf).");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Finding.Note(
                What, $"TokenFile '{file}' cannot be read by this user, or a folder above it may not be entered; its tokens were not checked", "Run doctor with sudo.");
        }

        return SecretFile.IsOpenToOthers(file)
            ? Finding.Note(
                What, $"TokenFile '{file}' can be read or written by other users",
                serviceUser is null
                    ? $"chmod 600 '{file}'; the service's user must be its owner (chown)."
                    : $"chown {serviceUser}: '{file}' && chmod 600 '{file}'")
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
            return Finding.Note(What, $"CertificateFile '{file}' or KeyFile '{key}' cannot be read by this user: {error.Message}", "Run doctor with sudo.");
        }
    }
}
