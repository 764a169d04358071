using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MobileVlm.Edge.Connectors.Webhooks;
using MobileVlm.Edge.Tests.Shared;
using MobileVlm.Edge.Tests.Shared.Webhooks;

namespace MobileVlm.Edge.Connectors.Tests.Webhooks;

public sealed class WebhookSenderTests : IDisposable
{
    private static readonly byte[] Body = """{"v":1,"to":"yes"}"""u8.ToArray();

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task An_event_is_posted_as_it_is_with_its_id_and_its_time()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var sender = Sender(receiver.Url);

        var outcome = await sender.SendAsync("e-1", Body, CancellationToken.None);

        Assert.Equal(WebhookOutcomeKind.Delivered, outcome.Kind);
        var received = Assert.Single(receiver.Taken);
        Assert.Equal("/hook?key=secret-of-the-address", received.Path);
        Assert.Equal(Body, received.Body);
        Assert.Equal(("e-1", "application/json", "mobilevlm/1.2.3"), (received.Id, received.Headers["Content-Type"], received.Headers["User-Agent"]));
        Assert.InRange(
            DateTimeOffset.FromUnixTimeSeconds(long.Parse(received.Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture)),
            DateTimeOffset.UtcNow - TimeSpan.FromMinutes(5), DateTimeOffset.UtcNow + TimeSpan.FromMinutes(1));
        Assert.False(received.Headers.ContainsKey("webhook-signature"));
        Assert.Equal(receiver.Url.GetLeftPart(UriPartial.Authority), sender.Receiver);
    }

    [Fact]
    public async Task The_signature_is_that_of_id_time_and_body_under_the_secret_of_the_file()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        using var sender = Sender(receiver.Url, "a secret of the file\n");
        await sender.SendAsync("e-1", Body, CancellationToken.None);
        var received = Assert.Single(receiver.Taken);
        Assert.Equal(received.SignatureWith("a secret of the file"u8.ToArray()), received.Headers["webhook-signature"]);
        Assert.NotEqual(received.SignatureWith("another secret here"u8.ToArray()), received.Headers["webhook-signature"]);
    }

    [Fact]
    public void The_signature_is_the_one_that_Standard_Webhooks_publishes_as_an_example()
    {
        var file = Write("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
        var secret = WebhookSecret.Read(file, out var fault);
        Assert.Null(fault);
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            secret!.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", """{"test": 2432232314}"""u8));
    }

    [Fact]
    public async Task A_secret_that_is_changed_is_used_at_the_next_attempt_and_one_that_is_missing_is_a_failure()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var file = Write("the first secret of all");
        using var sender = new WebhookSender(Settings(receiver.Url) with { SecretFile = file }, "1.2.3", TimeProvider.System);
        await sender.SendAsync("e-1", Body, CancellationToken.None);
        await File.WriteAllTextAsync(file, "the second secret of all");
        await sender.SendAsync("e-2", Body, CancellationToken.None);
        File.Delete(file);
        var outcome = await sender.SendAsync("e-3", Body, CancellationToken.None);

        Assert.Equal(2, receiver.Taken.Count);
        var last = receiver.Taken.Last();
        Assert.Equal(last.SignatureWith("the second secret of all"u8.ToArray()), last.Headers["webhook-signature"]);
        Assert.Equal(WebhookOutcomeKind.Failed, outcome.Kind);
        Assert.Equal($"Webhooks:alarm:SecretFile: '{file}' does not exist", outcome.Reason);
    }

    [Theory]
    [InlineData("too short", "too short", "holds a secret of 9 bytes; 16 or more would be accepted")]
    [InlineData("whsec_&&&&", "&&&&", "begins with whsec_, and what follows is not base64")]
    [InlineData("\nhidden", "hidden", "has an empty first line")]
    public void A_secret_that_cannot_be_used_is_reported_without_showing_it(string text, string secret, string expected)
    {
        Assert.Null(WebhookSecret.Read(Write(text), out var fault));
        Assert.Contains(expected, fault, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(200, "Delivered")]
    [InlineData(204, "Delivered")]
    [InlineData(302, "Failed")]
    [InlineData(400, "Refused")]
    [InlineData(401, "Refused")]
    [InlineData(404, "Refused")]
    [InlineData(408, "Failed")]
    [InlineData(410, "Refused")]
    [InlineData(429, "Failed")]
    [InlineData(500, "Failed")]
    [InlineData(503, "Failed")]
    public async Task The_status_decides_whether_an_event_is_sent_again(int status, string expected)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Respond = http =>
        {
            http.Response.StatusCode = status;
            http.Response.Headers.Location = "/elsewhere";
            http.Response.Headers.RetryAfter = "7";
            return Task.CompletedTask;
        };
        using var sender = Sender(receiver.Url);

        var outcome = await sender.SendAsync("e-1", Body, CancellationToken.None);

        Assert.Equal(expected, outcome.Kind.ToString());
        Assert.Equal(expected == "Failed" ? TimeSpan.FromSeconds(7) : null, outcome.RetryAfter);
        // A redirect is not followed.
        Assert.Single(receiver.Received);
    }

    [Fact]
    public async Task A_receiver_that_does_not_respond_in_time_is_given_up()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Respond = http => Task.Delay(Timeout.Infinite, http.RequestAborted);
        using var sender = new WebhookSender(Settings(receiver.Url) with { Timeout = TimeSpan.FromMilliseconds(300) }, "1.2.3", TimeProvider.System);
        var outcome = await sender.SendAsync("e-1", Body, CancellationToken.None);
        Assert.Equal((WebhookOutcomeKind.Failed, "no response came within 0.3 s"), (outcome.Kind, outcome.Reason));
    }

    [Fact]
    public async Task A_receiver_that_is_not_there_is_a_failure_and_the_reason_shows_no_secret()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await receiver.StopAsync();
        using var sender = Sender(receiver.Url);
        var outcome = await sender.SendAsync("e-1", Body, CancellationToken.None);
        Assert.Equal(WebhookOutcomeKind.Failed, outcome.Kind);
        Assert.Contains("refused", outcome.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret-of-the-address", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_gets_no_event()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        await using var receiver = await WebhookReceiver.StartAsync(
            request.CreateSelfSigned(DateTimeOffset.UtcNow - TimeSpan.FromDays(1), DateTimeOffset.UtcNow + TimeSpan.FromDays(1)));
        using var sender = Sender(receiver.Url);

        var outcome = await sender.SendAsync("e-1", Body, CancellationToken.None);

        Assert.Equal(WebhookOutcomeKind.Failed, outcome.Kind);
        Assert.Contains("certificate", outcome.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(receiver.Received);
    }

    private static WebhookSettings Settings(Uri url) => new() { Name = "alarm", Url = url };

    private WebhookSender Sender(Uri url, string? secret = null) => new(
        Settings(url) with { SecretFile = secret is null ? null : Write(secret) }, "1.2.3", TimeProvider.System);

    private string Write(string secret)
    {
        var file = Path.Combine(_folder.Path, "secret");
        File.WriteAllText(file, secret, new UTF8Encoding(false));
        return file;
    }
}
