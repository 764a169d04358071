using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Http;

/// <summary>HTTP cameras as odd as real ones.</summary>
public sealed class HttpCameraTests
{
    private const string User = "admin";
    private const string Password = "p@ss:w/rd#1%";
    private const string Login = "admin:p%40ss:w%2Frd%231%25";

    [Theory]
    [InlineData("/snap.jpg")]
    [InlineData("/cgi-bin/api.cgi?cmd=Snap&channel=0")]
    [InlineData("/octet")]
    [InlineData("/untyped")]
    [InlineData("/unmeasured")]
    [InlineData("/png")]
    [InlineData("/redirect")]
    [InlineData("/basic")]
    [InlineData("/digest")]
    public async Task A_picture_at_an_address_is_fetched_again_and_again(string path)
    {
        await using var camera = new HttpTestCamera(request => request.Path switch
        {
            "/octet" => request.AnswerAsync("200 OK", Jpeg(7), "Content-Type: application/octet-stream"),
            "/untyped" => request.AnswerAsync("200 OK", Jpeg(7)),
            "/unmeasured" => UnmeasuredAsync(request),
            "/png" => request.AnswerAsync("200 OK", Png(), "Content-Type: image/png"),
            "/redirect" => request.AnswerAsync("302 Found", [], "Location: /snap.jpg"),
            "/basic" when request.Authorization != $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"))}" =>
                request.AnswerAsync("401 Unauthorized", [], "WWW-Authenticate: Basic realm=\"cam\""),
            "/digest" when !HttpTestCamera.IsDigest(request.Authorization, User, Password) => request.AnswerAsync(
                "401 Unauthorized", [], "WWW-Authenticate: Digest realm=\"cam\", nonce=\"abc123\", qop=\"auth\""),
            _ => request.AnswerAsync("200 OK", Jpeg(7), "Content-Type: image/jpeg"),
        });
        var capture = new Capture(
            Capture.Settings(camera.Url(path, path is "/basic" or "/digest" ? Login : null)) with { MaxFrameRate = 20 });
        var end = await capture.RunAsync(_ => capture.Frames.Count == 4);
        Assert.True(end is { Kind: CaptureEndKind.Cancelled, Frames: 4 }, end.ToString());
        Assert.Equal([1, 2, 3, 4], capture.Frames.Select(frame => frame.Sequence));
        Assert.All(capture.Frames, frame => Assert.Equal((64, 48), (frame.Width, frame.Height)));
        Assert.InRange((capture.Frames.Last().At - capture.Frames.First().At).TotalSeconds, 0.12, 5);
        Assert.False(capture.Camera.IsLive);
        Assert.DoesNotContain("p%40ss", capture.Log + capture.Camera.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_rate_one_picture_per_second_is_fetched_and_wide_ones_are_scaled_down()
    {
        await using var camera = new HttpTestCamera(request => request.AnswerAsync("200 OK", Jpeg(7)));
        var capture = new Capture(Capture.Settings(camera.Url("/snap.jpg")) with { MaxWidth = 32 });
        await capture.RunAsync(_ => capture.Frames.Count == 2);
        Assert.InRange((capture.Frames.Last().At - capture.Frames.First().At).TotalSeconds, 0.9, 5);
        Assert.All(capture.Frames, frame => Assert.Equal((32, 24), (frame.Width, frame.Height)));
    }

    [Theory]
    [InlineData("302 Found", true)]
    [InlineData("307 Temporary Redirect", true)]
    [InlineData("302 Found", false)]
    public async Task A_redirect_to_another_host_takes_no_password_along(string status, bool asks)
    {
        var seen = new List<string?>();
        await using var other = new HttpTestCamera(request =>
        {
            lock (seen)
            {
                seen.Add(request.Authorization);
            }

            return asks
                ? request.AnswerAsync("401 Unauthorized", [], "WWW-Authenticate: Basic realm=\"other\"")
                : request.AnswerAsync("200 OK", Jpeg(1));
        });
        await using var camera = new HttpTestCamera(request => request.Authorization is null
            ? request.AnswerAsync("401 Unauthorized", [], "WWW-Authenticate: Basic realm=\"cam\"")
            : request.AnswerAsync(status, [], $"Location: {other.Url("/snap.jpg")}"));
        var capture = new Capture(Capture.Settings(camera.Url("/snap.jpg", Login)));
        var end = await capture.RunAsync(_ => true);
        Assert.Equal(asks ? CaptureEndKind.OpenFailed : CaptureEndKind.Cancelled, end.Kind);
        Assert.NotEmpty(seen);
        Assert.All(seen, Assert.Null);
    }

    [Theory]
    [InlineData("401 Unauthorized", "", "HTTP 401 Unauthorized: the camera asks for a user and password")]
    [InlineData("403 Forbidden", "", "HTTP 403")]
    [InlineData("404 Not Found", "", "HTTP 404 Not Found: the camera has nothing at this address")]
    [InlineData("503 Busy", "", "HTTP 503 Busy")]
    [InlineData("200 OK", "<html><head><title>Login</title></head></html>", "HTML")]
    [InlineData("200 OK", "{\"error\":\"session\"}", "JSON")]
    [InlineData("200 OK", "", "empty")]
    [InlineData("302 Found", "", "sends on to")]
    public async Task What_is_not_a_picture_is_named(string status, string body, string expected)
    {
        await using var camera = new HttpTestCamera(request => request.AnswerAsync(
            status, Encoding.ASCII.GetBytes(body), "Location: /again", "Content-Type: text/html"));
        var capture = new Capture(Capture.Settings(camera.Url("/snap.jpg", "admin:geheim77")));
        var end = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains(expected, end.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim77", end.Reason + capture.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("multipart/x-mixed-replace; boundary=frame", "--frame\r\n", "image/jpeg", true, true)]
    [InlineData("multipart/x-mixed-replace;boundary=123456789000000000000987654321", "--123456789000000000000987654321\r\n", "image/jpeg", false, true)]
    [InlineData("multipart/x-mixed-replace; boundary=frame", "--frame\r\n", "image/jpg", true, true)]
    [InlineData("multipart/x-mixed-replace; boundary=frame", "frame\r\n", "image/jpeg", true, true)]
    [InlineData("multipart/x-mixed-replace; boundary=--frame", "--frame\r\n", "image/jpeg", true, false)]
    [InlineData("multipart/x-mixed-replace", "--frame\r\n", "image/jpeg", true, false)]
    [InlineData("multipart/x-mixed-replace; boundary=\"a b\"", "\r\n\r\n--a b\r\n", "image/jpeg", true, false)]
    [InlineData(null, "--frame\r\n", "image/jpeg", true, true)]
    [InlineData("text/html", "--frame\r\n", "image/jpeg", true, true)]
    [InlineData("image/jpeg", "", null, true, false)]
    [InlineData(null, "", null, true, false)]
    public async Task A_stream_of_jpeg_pictures_is_read_with_any_bytes_between_them(
        string? type, string delimiter, string? partType, bool first, bool measured)
    {
        await using var camera = new HttpTestCamera(async request =>
        {
            await request.WriteAsync($"HTTP/1.0 200 OK\r\n{(type is null ? "" : $"Content-Type: {type}\r\n")}\r\n");
            for (var number = 0; number < 5; number++)
            {
                var picture = Jpeg(number);
                var length = measured ? $"Content-Length: {picture.Length.ToString(CultureInfo.InvariantCulture)}\r\n" : "";
                await request.WriteAsync(
                    (number > 0 || first ? delimiter : "") + (partType is null ? "" : $"Content-Type: {partType}\r\n{length}\r\n"));
                await request.WriteAsync(picture);
                await request.WriteAsync(partType is null ? "" : "\r\n");
            }

            await request.HangAsync();
        });
        var capture = new Capture(Capture.Settings(camera.Url("/video")));

        // The fifth picture's end shows in its own bytes; nothing after it is waited for.
        var end = await capture.RunAsync(_ => capture.Frames.Count == 5);
        Assert.True(end is { Kind: CaptureEndKind.Cancelled, Frames: 5 }, end.ToString());
        Assert.Equal([0, 1, 2, 3, 4], capture.Frames.Select(NumberIn));
        Assert.Equal([1, 2, 3, 4, 5], capture.Frames.Select(frame => frame.Sequence));
        Assert.True(capture.Camera.IsLive);
        Assert.Single(camera.Requests);
    }

    [Fact]
    public async Task Pictures_of_a_stream_that_are_damaged_or_too_many_are_left_out_and_counted_in_the_numbers()
    {
        await using var camera = new HttpTestCamera(async request =>
        {
            await request.WriteAsync("HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
            for (var number = 0; number < 20; number++)
            {
                var picture = Jpeg(number);
                await request.WriteAsync("--frame\r\nContent-Type: image/jpeg\r\n\r\n");
                await request.WriteAsync(number % 4 == 1 ? picture[..(picture.Length / 2)] : picture);
                await request.WriteAsync("\r\n");
            }
        });
        var all = new Capture(Capture.Settings(camera.Url("/video")));
        var end = await all.RunAsync();
        Assert.Equal((CaptureEndKind.Lost, 15), (end.Kind, end.Frames));
        Assert.All(all.Frames, frame => Assert.Equal(frame.Sequence - 1, NumberIn(frame)));
        Assert.Single(all.Log.ToString().Split('\n'), line => line.Contains("cannot be decoded", StringComparison.Ordinal));

        var one = new Capture(Capture.Settings(camera.Url("/video")) with { MaxFrameRate = 0.1 });
        Assert.Equal(1, (await one.RunAsync()).Frames);
    }

    [Fact]
    public async Task One_answer_that_fails_does_not_end_a_camera_and_silence_does()
    {
        var answers = 0;
        await using var camera = new HttpTestCamera(request => Interlocked.Increment(ref answers) switch
        {
            2 => request.AnswerAsync("503 Busy", []),
            <= 3 => request.AnswerAsync("200 OK", Jpeg(7)),
            _ => request.HangAsync(),
        });
        var capture = new Capture(Capture.Settings(camera.Url("/snap.jpg")) with
        {
            MaxFrameRate = 20,
            StallTimeout = TimeSpan.FromSeconds(2),
        });
        var end = await capture.RunAsync();
        Assert.Equal((CaptureEndKind.Stalled, 2), (end.Kind, end.Frames));
        Assert.Contains("StallTimeout", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_keep_failing_end_a_camera_with_their_reason()
    {
        var answers = 0;
        await using var camera = new HttpTestCamera(request => Interlocked.Increment(ref answers) == 1
            ? request.AnswerAsync("200 OK", Jpeg(7))
            : request.AnswerAsync("503 Busy", []));
        var capture = new Capture(Capture.Settings(camera.Url("/snap.jpg")) with
        {
            MaxFrameRate = 20,
            StallTimeout = TimeSpan.FromSeconds(1),
        });
        var end = await capture.RunAsync();
        Assert.Equal((CaptureEndKind.Stalled, 1), (end.Kind, end.Frames));
        Assert.Contains("StallTimeout", end.Reason, StringComparison.Ordinal);
        Assert.Contains("HTTP 503 Busy", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_without_pictures_ends_at_a_limit()
    {
        await using var camera = new HttpTestCamera(async request =>
        {
            await request.WriteAsync("HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n");
            while (!request.Stop.IsCancellationRequested)
            {
                await request.WriteAsync(new byte[64 * 1024]);
            }
        });
        var end = await new Capture(Capture.Settings(camera.Url("/video"))).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("no JPEG picture within 4 MiB", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_untrusted_certificate_is_refused_with_the_remedy()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=camera", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        await using var camera = new HttpTestCamera(it => it.AnswerAsync("200 OK", Jpeg(7)), own);
        var end = await new Capture(Capture.Settings(camera.Url("/snap.jpg"))).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("the camera's certificate is not trusted: self-signed certificate", end.Reason, StringComparison.Ordinal);
        Assert.Contains("update-ca-certificates", end.Reason, StringComparison.Ordinal);
        Assert.Empty(camera.Requests);
    }

    /// <summary>64x48 pixels, with that grey value.</summary>
    private static byte[] Jpeg(int number)
    {
        var pixels = new byte[64 * 48 * 3];
        Array.Fill(pixels, (byte)(number * 8));
        return ImageCodec.EncodeJpeg(pixels, 64, 48, 95);
    }

    private static long NumberIn(Seen frame) => (long)Math.Round(frame.Pixels[0] / 8.0);

    private static byte[] Png() =>
        CameraFiles.Ffmpeg("-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", "pipe:1");

    private static async Task UnmeasuredAsync(HttpTestRequest request)
    {
        await request.WriteAsync("HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n");
        await request.WriteAsync(Jpeg(7));
    }
}
