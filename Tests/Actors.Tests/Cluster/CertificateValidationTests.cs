using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MobileVlm.Edge.Actors.Cluster.Membership;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class CertificateValidationTests
{
    private const SslPolicyErrors Private = SslPolicyErrors.RemoteCertificateChainErrors | SslPolicyErrors.RemoteCertificateNameMismatch;

    [Fact]
    public void A_certificate_of_the_own_authority_is_accepted_and_every_other_one_refused()
    {
        using var own = new TestAuthority();
        using var foreign = new TestAuthority();
        using var good = own.Issue("b");
        using var strange = foreign.Issue("b");
        Assert.Null(CertificateValidation.FindError(good, [own.Certificate], Private));
        Assert.NotNull(CertificateValidation.FindError(strange, [own.Certificate], Private));
        Assert.NotNull(CertificateValidation.FindError(null, [own.Certificate], SslPolicyErrors.RemoteCertificateNotAvailable));
        Assert.NotNull(CertificateValidation.FindError(foreign.Certificate, [own.Certificate], Private));
    }

    [Fact]
    public void A_host_cannot_issue_certificates_for_others()
    {
        using var own = new TestAuthority();
        using var host = own.Issue("b");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=c", key, HashAlgorithmName.SHA256);
        using var issuer = host.GetECDsaPrivateKey()!;
        using var issued = request.Create(
            host.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer), DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        Assert.NotNull(CertificateValidation.FindError(issued, [own.Certificate], Private));
    }

    [Fact]
    public void An_expired_certificate_is_refused()
    {
        using var own = new TestAuthority();
        using var expired = own.Issue("b", validFor: TimeSpan.FromHours(-1));
        Assert.Contains("not valid", CertificateValidation.FindError(expired, [own.Certificate], Private), StringComparison.Ordinal);
    }

    [Fact]
    public void An_authority_that_the_machine_trusts_does_not_count()
    {
        using var own = new TestAuthority();
        using var foreign = new TestAuthority();
        using var strange = foreign.Issue("b");
        // The platform found nothing wrong, because it trusts that authority.
        Assert.NotNull(CertificateValidation.FindError(strange, [own.Certificate], SslPolicyErrors.None));
    }
}
