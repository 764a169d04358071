using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Onvif;

/// <summary>A camera whose stream is found through ONVIF, with a real RTSP server behind it.</summary>
public sealed class OnvifCameraTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task Pictures_come_with_the_password_of_a_file_and_show_it_nowhere()
    {
        using var stream = await RtspTestServer.StartAsync(login: $"{OnvifTestCamera.User}:{OnvifTestCamera.Password}");
        using var camera = await OnvifTestCamera.StartAsync(stream.Port);
        await File.WriteAllTextAsync(_files["password"], OnvifTestCamera.Password + "\n");
        var capture = new Capture(Capture.Settings(camera.Source("nat,offset")) with { PasswordFile = _files["password"] });
        Assert.EndsWith("(ONVIF)", capture.Camera.Description, StringComparison.Ordinal);
        var running = capture.RunAsync(frame => frame.Sequence == 5);
        await capture.UntilFramesAsync(1);
        Assert.Equal(0, CameraFiles.Processes(OnvifTestCamera.Password + "@"));
        var end = await running;
        Assert.Equal((CaptureEndKind.Cancelled, 5), (end.Kind, end.Frames));
        Assert.Equal((320, 240), (capture.Frames.First().Width, capture.Frames.First().Height));
        var log = capture.Log.ToString();
        Assert.Contains("ONVIF profile 'Profile_Main' (H264, 640x480) at rtsp://admin:***@127.0.0.1", log, StringComparison.Ordinal);
        Assert.DoesNotContain(OnvifTestCamera.Password, log, StringComparison.Ordinal);

        // Requested again at each connect.
        stream.Kill();
        using var elsewhere = await RtspTestServer.StartAsync(login: $"{OnvifTestCamera.User}:{OnvifTestCamera.Password}");
        var gone = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, gone.Kind);
        Assert.DoesNotContain(OnvifTestCamera.Password, gone.Reason, StringComparison.Ordinal);
        Assert.Equal(2, capture.Log.ToString().Split("ONVIF profile").Length - 1);
    }

    [Fact]
    public async Task The_profile_of_the_source_and_the_needed_height_decide()
    {
        using var camera = await OnvifTestCamera.StartAsync(Mosquitto.FreePort());
        var capture = new Capture(Capture.Settings(
            string.Create(CultureInfo.InvariantCulture, $"onvif://admin:{OnvifTestCamera.Password}@127.0.0.1:{camera.Port}?profile=Profile_Sub")));
        Assert.Equal(CaptureEndKind.OpenFailed, (await capture.RunAsync()).Kind);
        Assert.Contains("'Profile_Sub' (H264, 320x240)", capture.Log.ToString(), StringComparison.Ordinal);
        var small = new Capture(Capture.Settings(camera.Source("anonymous")) with { NeededHeight = 200 });
        await small.RunAsync();
        Assert.Contains("'Profile_Sub'", small.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_camera_without_a_stream_is_polled_through_its_snapshots()
    {
        using var camera = await OnvifTestCamera.StartAsync();
        var source = camera.Source("nostream", user: $"admin:{OnvifTestCamera.Password}");
        var capture = new Capture(Capture.Settings(source) with { MaxFrameRate = 20 });
        var end = await capture.RunAsync(frame => frame.Sequence == 3);
        Assert.Equal((CaptureEndKind.Cancelled, 3), (end.Kind, end.Frames));
        Assert.Equal((16, 16), (capture.Frames.First().Width, capture.Frames.First().Height));
    }

    [Fact]
    public async Task A_refused_password_is_not_tried_again_until_it_changes()
    {
        using var camera = await OnvifTestCamera.StartAsync(Mosquitto.FreePort());
        await File.WriteAllTextAsync(_files["password"], "wrong-one");
        var capture = new Capture(Capture.Settings(camera.Source()) with { PasswordFile = _files["password"] });
        var refused = await capture.RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, refused.Kind);
        Assert.Contains("refuses user 'admin'", refused.Reason, StringComparison.Ordinal);
        var asked = (await camera.LogAsync()).Length;
        var again = await capture.RunAsync();
        Assert.Contains("because cameras lock accounts", again.Reason, StringComparison.Ordinal);
        Assert.Equal(asked, (await camera.LogAsync()).Length);

        await File.WriteAllTextAsync(_files["password"], OnvifTestCamera.Password);
        await capture.RunAsync();
        Assert.Contains("ONVIF profile 'Profile_Main'", capture.Log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-one", refused.Reason + again.Reason + capture.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_password_file_and_a_dead_camera_are_reported()
    {
        var noFile = await new Capture(Capture.Settings("onvif://admin@127.0.0.1") with { PasswordFile = _files["none"] }).RunAsync();
        Assert.Contains("PasswordFile: '" + _files["none"] + "' does not exist", noFile.Reason, StringComparison.Ordinal);
        var port = Mosquitto.FreePort().ToString(CultureInfo.InvariantCulture);
        var dead = await new Capture(Capture.Settings($"onvif://127.0.0.1:{port}")).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, dead.Kind);
        Assert.Contains("could not be asked", dead.Reason, StringComparison.Ordinal);
    }
}
