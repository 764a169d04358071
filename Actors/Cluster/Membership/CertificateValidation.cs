using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Decides which certificates other hosts may have: those that one of the own authorities has issued, valid at this
/// moment.</summary>
internal static class CertificateValidation
{
    /// <summary>Why a certificate is refused; null when it is accepted.</summary>
    /// <param name="certificate">What the other host showed; null if it showed none.</param>
    /// <param name="authorities">The only roots.</param>
    /// <param name="errors">What the platform found; errors of the chain come from its own roots, which do not count.</param>
    public static string? FindError(X509Certificate2? certificate, IReadOnlyList<X509Certificate2> authorities, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "it shows no certificate";
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        foreach (var authority in authorities)
        {
            chain.ChainPolicy.CustomTrustStore.Add(authority);
        }

        if (chain.Build(certificate))
        {
            return null;
        }

        return $"its certificate {certificate.Subject} is not valid here: {string.Join("; ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct())}";
    }
}
