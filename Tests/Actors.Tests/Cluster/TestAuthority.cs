using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

/// <summary>An authority that issues certificates for tests.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority()
    {
        var request = new CertificateRequest("CN=test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
    }

    public X509Certificate2 Certificate { get; }

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Issue(string name, TimeSpan? validFor = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var issued = request.Create(
            Certificate, DateTimeOffset.UtcNow.AddHours(-20), DateTimeOffset.UtcNow + (validFor ?? TimeSpan.FromDays(10)), RandomNumberGenerator.GetBytes(8));
        using var whole = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>The settings with a certificate of this authority.</summary>
    public ClusterSettings Secure(ClusterSettings settings) => settings with { Certificate = Issue("host"), Authorities = [Certificate] };

    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }
}
