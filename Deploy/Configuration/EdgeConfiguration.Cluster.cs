using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>The cluster of hosts.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>False on a host of a cluster that lets other hosts answer.</summary>
    public bool HasModel => Options.Model.Path is not null;

    /// <summary>Whether the service belongs to a cluster.</summary>
    public bool HasCluster => Options.Cluster.Nodes.Count > 0;

    /// <summary>The address of this host in the cluster, <c>host:port</c>.</summary>
    public string ClusterListen => Options.Cluster.Listen ?? ClusterSettings.AddressOf(_hostName, ClusterOptions.DefaultPort);

    /// <summary>The settings of the cluster, with its certificates; null without one.</summary>
    /// <exception cref="ClusterCertificateException">A certificate cannot be read.</exception>
    public ClusterSettings? ToClusterSettings()
    {
        var cluster = Options.Cluster;
        if (!HasCluster || !HostAddressAttribute.TryParse(ClusterListen, out var host, out var port))
        {
            return null;
        }

        return new ClusterSettings
        {
            Host = host,
            Port = port,
            Nodes = cluster.Nodes,
            Certificate = cluster is { CertificateFile: { } certificate, KeyFile: { } key }
                ? ReadCertificate(FullPath(certificate), FullPath(key))
                : null,
            Authorities = cluster.AuthorityFile is { } authority ? ReadAuthorities(FullPath(authority)) : [],
            AnswerWithin = cluster.AnswerWithin,
        };
    }

    /// <summary>Reads the certificate of this host.</summary>
    /// <exception cref="ClusterCertificateException">It cannot be read.</exception>
    internal static X509Certificate2 ReadCertificate(string certificate, string key)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(certificate, key);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // The key of another certificate is reported as a wrong argument.
            throw new ClusterCertificateException($"Cluster:CertificateFile '{certificate}' and Cluster:KeyFile '{key}' are not a certificate and its key: {error.Message}", error);
        }
    }

    /// <summary>Reads the certificates of the authorities.</summary>
    /// <exception cref="ClusterCertificateException">They cannot be read.</exception>
    internal static IReadOnlyList<X509Certificate2> ReadAuthorities(string file)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(file);
            return certificates.Count > 0
                ? [.. certificates]
                : throw new ClusterCertificateException($"Cluster:AuthorityFile '{file}' holds no certificate in PEM form.");
        }
        catch (Exception error) when (error is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ClusterCertificateException($"Cluster:AuthorityFile '{file}' cannot be read: {error.Message}", error);
        }
    }
}

/// <summary>A certificate of the cluster cannot be used.</summary>
internal sealed class ClusterCertificateException(string message, Exception? cause = null) : Exception(message, cause);
