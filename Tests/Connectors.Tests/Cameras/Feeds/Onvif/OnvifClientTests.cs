using System.Text.Json;
using MobileVlm.Edge.Connectors.Cameras.Feeds.Onvif;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Onvif;

/// <summary>A camera's answers in all the forms that are known to break clients.</summary>
public sealed class OnvifClientTests : IAsyncLifetime
{
    private OnvifTestCamera _camera = null!;

    public async Task InitializeAsync() => _camera = await OnvifTestCamera.StartAsync(rtspPort: 8554);

    public Task DisposeAsync()
    {
        _camera.Dispose();
        return Task.CompletedTask;
    }

    [Theory]
    [InlineData("")]
    [InlineData("httpdigest")]
    [InlineData("offset")]
    [InlineData("localtime")]
    [InlineData("noclock")]
    [InlineData("clocklogin")]
    [InlineData("badclock")]
    [InlineData("noservices")]
    [InlineData("nat")]
    [InlineData("nat,noservices")]
    [InlineData("otherport")]
    [InlineData("soap11")]
    [InlineData("soap11,noservices")]
    [InlineData("chunked")]
    [InlineData("blanklines")]
    [InlineData("noencoder")]
    [InlineData("zero")]
    [InlineData("userinuri")]
    public async Task The_stream_is_found_however_the_camera_answers(string ways)
    {
        var (profile, address) = await FindAsync(ways);
        Assert.Equal(new OnvifProfile("Profile_Main", "H264", 640, 480, 10, "VS_1"), profile);
        Assert.Equal("rtsp://admin:secret1@127.0.0.1:8554/stream", address);

        // The password never goes over the wire, and no camera gets more refused log-ins than one.
        using var log = JsonDocument.Parse(await _camera.LogAsync());
        Assert.DoesNotContain(log.RootElement.EnumerateArray(), it => it.GetProperty("plain").GetBoolean());
        Assert.InRange(log.RootElement.GetArrayLength(), 3, ways.Contains("digest", StringComparison.Ordinal) ? 9 : 6);
    }

    [Theory]
    [InlineData("noport", "rtsp://admin:secret1@127.0.0.1:554/stream")]
    [InlineData("query", "rtsp://admin:secret1@127.0.0.1:8554/stream?channel=1&subtype=0%20main")]
    [InlineData("nostream", "http://admin:secret1@127.0.0.1:PORT/snapshot.jpg")]
    [InlineData("fileuri", "http://admin:secret1@127.0.0.1:PORT/snapshot.jpg")]
    public async Task The_address_is_completed_or_replaced_by_the_snapshot(string ways, string expected)
    {
        var port = _camera.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(expected.Replace("PORT", port, StringComparison.Ordinal), (await FindAsync(ways)).Address);
    }

    [Fact]
    public async Task A_token_with_blanks_and_letters_of_other_scripts_comes_back_as_it_was()
    {
        var (profile, _) = await FindAsync("blanktoken", token: "Profil für Tür & Tor");
        Assert.Equal("Profil für Tür & Tor", profile.Token);
        using var log = JsonDocument.Parse(await _camera.LogAsync());
        Assert.Contains(log.RootElement.EnumerateArray(), it => it.GetProperty("profile").GetString() == "Profil für Tür &amp; Tor");
    }

    [Theory]
    [InlineData("h265")]
    [InlineData("media2only")]
    public async Task The_second_media_service_is_asked_where_the_first_does_not_know_video(string ways)
    {
        var (profile, address) = await FindAsync(ways);
        Assert.Equal(new OnvifProfile("Sub265", "H265", 640, 360, 12, "VS_1"), profile);
        Assert.Equal("rtsp://admin:secret1@127.0.0.1:8554/stream", address);
    }

    [Fact]
    public async Task A_camera_that_asks_for_nothing_gets_nothing()
    {
        using var client = new OnvifClient(_camera.Device("anonymous"), null, TimeProvider.System);
        var profiles = await client.GetProfilesAsync(default);
        Assert.Equal("rtsp://127.0.0.1:8554/stream", await client.GetStreamAddressAsync(profiles[0], default));
    }

    [Theory]
    [InlineData("", "refuses user 'admin'")]
    [InlineData("refuse400", "lock an account")]
    [InlineData("refuse401", "Check user and password")]
    [InlineData("refusetext", "'Sender not Authorized'")]
    [InlineData("httpdigest", "refuses user 'admin'")]
    [InlineData("basic", "refuses user 'admin'")]
    [InlineData("emptyservices", "names no media service")]
    public async Task A_wrong_password_is_reported_and_tried_once(string ways, string expected)
    {
        var thrown = await FailsAsync(() => FindAsync(ways, password: "wrong-password"), OnvifErrorKind.Refused, expected);
        Assert.DoesNotContain("wrong-password", thrown.ToString(), StringComparison.Ordinal);
        using var log = JsonDocument.Parse(await _camera.LogAsync());
        Assert.DoesNotContain(log.RootElement.EnumerateArray(), it => it.GetProperty("http").GetString() == "Basic");
        Assert.InRange(log.RootElement.EnumerateArray().Count(it => it.GetProperty("token").GetBoolean()), 1, 2);
    }

    [Theory]
    [InlineData("html", OnvifErrorKind.Failed, "not answer in ONVIF's form")]
    [InlineData("notfound", OnvifErrorKind.Failed, "has no ONVIF service at")]
    [InlineData("redirect", OnvifErrorKind.Failed, "redirects ONVIF requests")]
    [InlineData("dtd", OnvifErrorKind.Failed, "not answer in ONVIF's form")]
    [InlineData("huge", OnvifErrorKind.Failed, "more than 1024 KB")]
    [InlineData("closed", OnvifErrorKind.Unreachable, "could not be asked")]
    [InlineData("onlyaudio", OnvifErrorKind.Failed, "no profile with video")]
    [InlineData("nostream,nosnapshot", OnvifErrorKind.Failed, "no address of a snapshot")]
    [InlineData("fileuri,nosnapshot", OnvifErrorKind.Failed, "gives 'file:///etc/passwd'")]
    public Task Unusable_answers_are_reported(string ways, OnvifErrorKind fault, string expected) =>
        FailsAsync(() => FindAsync(ways), fault, expected);

    [Fact]
    public async Task An_unreachable_camera_is_reported_with_a_remedy()
    {
        using var client = new OnvifClient(new Uri($"http://127.0.0.1:{Mosquitto.FreePort()}/onvif/device_service"), null, TimeProvider.System);
        var thrown = await FailsAsync(() => client.GetProfilesAsync(default), OnvifErrorKind.Unreachable, "refused");
        Assert.Contains("that ONVIF is switched on", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_with_special_characters_is_escaped_in_the_address()
    {
        using var client = new OnvifClient(_camera.Device("anonymous"), new OnvifLogin("jo@home", "p@ss:w/rd?#%ü '"), TimeProvider.System);
        var profiles = await client.GetProfilesAsync(default);
        var address = await client.GetStreamAddressAsync(profiles[0], default);
        Assert.Equal("rtsp://jo%40home:p%40ss%3Aw%2Frd%3F%23%25%C3%BC%20%27@127.0.0.1:8554/stream", address);
    }

    [Fact]
    public void The_digest_is_that_of_the_recorded_exchange() =>
        Assert.Equal(
            "XXrIkV6XebikEvpUJNcvmMrSN8I=",
            SoapMessage.Digest(Convert.FromBase64String("M2EniJjcvzFIrCTXPvBwuA=="), "2026-11-29T15:20:12.000Z", "secret1"));

    private static async Task<OnvifException> FailsAsync(Func<Task> ask, OnvifErrorKind fault, string expected)
    {
        var thrown = await Assert.ThrowsAsync<OnvifException>(ask);
        Assert.Equal(fault, thrown.Fault);
        Assert.Contains(expected, thrown.Message, StringComparison.Ordinal);
        return thrown;
    }

    private async Task<(OnvifProfile Profile, string Address)> FindAsync(string ways, string password = OnvifTestCamera.Password, string? token = null)
    {
        using var client = new OnvifClient(_camera.Device(ways), new OnvifLogin(OnvifTestCamera.User, password), TimeProvider.System);
        var profile = OnvifProfileChoice.Choose(await client.GetProfilesAsync(default), OnvifProfileChoice.EncoderHeight, token);
        return (profile, await client.GetStreamAddressAsync(profile, default));
    }
}
