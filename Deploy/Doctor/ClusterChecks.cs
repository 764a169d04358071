using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks what the cluster needs: the own address, the certificates, and each other host by name, connection and
/// encryption.</summary>
internal static class ClusterChecks
{
    private const string What = "cluster";

    /// <summary>A certificate that ends sooner is noted.</summary>
    private static readonly TimeSpan EndsSoon = TimeSpan.FromDays(30);

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(4);

    /// <param name="configuration">Validated.</param>
    /// <param name="time">The clock that certificates are checked against.</param>
    /// <param name="cancel">Cancels connections.</param>
    public static async Task<IReadOnlyList<Finding>> RunAsync(EdgeConfiguration configuration, TimeProvider time, CancellationToken cancel)
    {
        if (!configuration.HasCluster)
        {
            return [];
        }

        ClusterSettings settings;
        try
        {
            settings = configuration.ToClusterSettings()!;
        }
        catch (ClusterCertificateException error)
        {
            return [Finding.Bad(What, error.Message, "All three are PEM files; the key must belong to the certificate (cluster.md).")];
        }

        var findings = new List<Finding> { await AddressAsync(settings, cancel) };
        if (settings.Certificate is { } certificate)
        {
            findings.Add(Certificate(certificate, settings.Authorities, time.GetUtcNow()));
        }

        foreach (var node in settings.Nodes.Where(node => node != settings.Listen))
        {
            findings.Add(await NodeAsync(node, settings, cancel));
        }

        return findings;
    }

    private static async Task<Finding> AddressAsync(ClusterSettings settings, CancellationToken cancel)
    {
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(settings.Host, AddressFamily.InterNetwork, cancel);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.TryParse(settings.Host, out var own) ? own : IPAddress.Any, settings.Port));
            return addresses.All(IPAddress.IsLoopback) && settings.Certificate is not null
                ? Finding.Note(
                    What, $"Listen {settings.Listen} leads to a loopback address on this machine",
                    "Other hosts must find another address under this name. Set Cluster:Listen to an address of this machine if they do not.")
                : Finding.Fine(What, $"Listen {settings.Listen} is free");
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return Finding.Note(What, $"Listen {settings.Listen}: {error.Message}", "If the service runs already, this is its port. Otherwise set another one in Cluster:Listen.");
        }
        catch (SocketException error)
        {
            return Finding.Bad(What, $"Listen {settings.Listen}: {error.Message}", "Cluster:Listen must name an address of this machine, as the other hosts reach it.");
        }
    }

    private static Finding Certificate(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> authorities, DateTimeOffset now)
    {
        var ends = authorities.Append(certificate).Min(it => it.NotAfter.ToUniversalTime());
        var days = (int)Math.Floor((ends - now.UtcDateTime).TotalDays);
        var found = string.Create(CultureInfo.InvariantCulture, $"the certificate of {certificate.Subject}, with its authority, holds for {days} more days");
        using var chain = ChainOf(authorities);
        return days < 0 ? Finding.Bad(What, $"the certificate of {certificate.Subject} or its authority has expired", "Issue it anew on each host, then restart the services.")
            : !chain.Build(certificate) ? Finding.Bad(What, $"the certificate of {certificate.Subject} was not issued by Cluster:AuthorityFile", "Other hosts would refuse this one. Issue both from the same authority (cluster.md).")
            : days < EndsSoon.TotalDays ? Finding.Note(What, found, "Issue it anew, then restart the service, which reads it at its start.")
            : Finding.Fine(What, found);
    }

    private static async Task<Finding> NodeAsync(string node, ClusterSettings settings, CancellationToken cancel)
    {
        _ = HostAddressAttribute.TryParse(node, out var host, out var port);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(ConnectWithin);
        try
        {
            using var client = new TcpClient(AddressFamily.InterNetwork);
            await client.ConnectAsync(host, port, limit.Token);
            if (settings.Certificate is null)
            {
                return Finding.Fine(What, $"{node} accepts connections");
            }

            return await TryTlsAsync(client, node, host, settings, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancel.IsCancellationRequested)
        {
            var reason = error is SocketException ? error.Message : "no connection within 4 s";
            return Finding.Note(What, $"{node} cannot be reached: {reason}", "Start its service, and check its name, its Cluster:Listen and firewalls.");
        }
    }

    private static async Task<Finding> TryTlsAsync(TcpClient client, string node, string host, ClusterSettings settings, CancellationToken cancel)
    {
        X509Certificate2? shown = null;
        try
        {
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ClientCertificates = [settings.Certificate!],
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        shown = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
                        using var chain = ChainOf(settings.Authorities);
                        return shown is not null && chain.Build(shown);
                    },
                },
                cancel);
            var days = (int)Math.Floor((shown!.NotAfter.ToUniversalTime() - DateTime.UtcNow).TotalDays);
            var found = string.Create(CultureInfo.InvariantCulture, $"{node} accepts encrypted connections; its certificate holds for {days} more days");
            return days < EndsSoon.TotalDays ? Finding.Note(What, found, "Issue it anew on that host, then restart its service.") : Finding.Fine(What, found);
        }
        catch (Exception error) when (error is AuthenticationException or IOException)
        {
            return Finding.Bad(What, $"{node} and this host do not accept each other's certificates: {error.Message}", "Issue both from the same authority, and check the clocks (cluster.md).");
        }
        finally
        {
            shown?.Dispose();
        }
    }

    private static X509Chain ChainOf(IReadOnlyList<X509Certificate2> authorities)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        foreach (var authority in authorities)
        {
            chain.ChainPolicy.CustomTrustStore.Add(authority);
        }

        return chain;
    }
}
