using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;
using MobileVlm.Edge.Connectors.Cameras.Sources;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Sources;

public sealed class SourceAddressTests
{
    [Theory]
    [InlineData("rtsp://10.0.0.5/stream")]
    [InlineData("rtsp://user:p@ss@10.0.0.5:554/stream?channel=1")]
    [InlineData("RTSPS://camera.local")]
    [InlineData("http://[fe80::1]:8080/s.mjpg")]
    [InlineData("https://camera.example/live.m3u8")]
    [InlineData("rtspt://user:pw@10.0.0.5/stream")]
    [InlineData("rtmp://10.0.0.5/live/gate")]
    [InlineData("udp://@239.1.1.1:5000")]
    [InlineData("udp://:5000")]
    [InlineData("udp://0.0.0.0:5000?localaddr=10.0.0.2")]
    [InlineData("file:///srv/clips/the%20gate.mp4")]
    [InlineData("/dev/video0")]
    [InlineData("/dev/v4l/by-id/usb-camera-index0")]
    [InlineData("clips/gate.mp4")]
    [InlineData("-odd name.mp4")]
    [InlineData("gst:videotestsrc ! video/x-raw,width=320")]
    [InlineData("pattern:")]
    [InlineData("pattern:64x48")]
    [InlineData("pattern:@5")]
    [InlineData("pattern:640x480@12.5")]
    public void Well_formed_sources_have_no_fault(string source) => Assert.Null(CameraSources.FindFault(source));

    [Fact]
    public void Messages_and_the_reference_list_every_kind_of_source()
    {
        Assert.Equal(
            "The source is empty; accepted are rtsp://, rtsps://, rtspt://, http://, https://, rtmp://, rtmps://, udp:// and onvif:// addresses, "
            + "a device (/dev/video0), a video file (also as file:///PATH), a folder of pictures, gst:PIPELINE and pattern:WIDTHxHEIGHT@RATE.",
            CameraSources.FindFault(""));
        Assert.Equal(
            "`rtsp://`, `rtsps://`, `rtspt://`, `http://`, `https://`, `rtmp://`, `rtmps://`, `udp://`; "
            + "`onvif://[USER@]HOST[:PORT][?profile=TOKEN]`; `/dev/video0`; a video file, also as `file://`; a folder of pictures; "
            + "`gst:PIPELINE`; `pattern:WIDTHxHEIGHT@RATE`",
            CameraSources.Documented);
    }

    [Fact]
    public void Each_kind_of_source_is_listed_and_found_by_its_prefixes()
    {
        Assert.All(SourceKinds.All, kind =>
        {
            Assert.True(kind.ListedAs is not null || kind.ListedPrefixes.Count > 0);
            Assert.All(kind.Prefixes, prefix => Assert.Same(kind, SourceKinds.Find($"{prefix}x")));
        });
        Assert.Single(SourceKinds.All, kind => kind.AcceptsRest);
    }

    [Theory]
    [InlineData("clips/gate.mp4", "/base/clips/gate.mp4", SourceRequirement.None)]
    [InlineData("/dev/video0", "/base//dev/video0", SourceRequirement.Devices)]
    [InlineData("file:///srv/a.mp4", "file:///srv/a.mp4", SourceRequirement.None)]
    [InlineData("rtsp://10.0.0.5/a", "rtsp://10.0.0.5/a", SourceRequirement.None)]
    [InlineData("GST:v4l2src", "GST:v4l2src", SourceRequirement.GStreamer)]
    [InlineData("pattern:", "pattern:", SourceRequirement.None)]
    public void A_path_is_completed_and_the_machine_must_have_what_the_kind_needs(string source, string resolved, SourceRequirement needs)
    {
        Assert.Equal(resolved, CameraSources.Resolve(source, path => $"/base/{path}"));
        Assert.Equal(needs, CameraSources.RequirementOf(source));
    }

    [Theory]
    [InlineData("rtsp:10.0.0.5/stream", "rtsp")]
    [InlineData("ONVIF:10.0.0.5", "onvif")]
    [InlineData("rtsp://10.0.0.5/stream", null)]
    [InlineData("clip.mp4", null)]
    public void An_address_without_slashes_is_seen(string source, string? scheme) =>
        Assert.Equal(scheme, CameraSources.FindSchemeWithoutSlashes(source));

    [Theory]
    [InlineData(null, "empty")]
    [InlineData(" ", "empty")]
    [InlineData("rtsp://host/a\nb", "control character")]
    [InlineData("rtsp://", "host")]
    [InlineData("rtsp://user:pw@/stream", "host")]
    [InlineData("rtsp://host:port/stream", "host")]
    [InlineData("rtsp://host/a b", "%20")]
    [InlineData("mms://host/live", "rtsp://")]
    [InlineData("rtmp:///live", "rtmp://user:password@")]
    [InlineData("udp://239.1.1.1", "port to listen at")]
    [InlineData("udp://", "port to listen at")]
    [InlineData("file://clip.mp4", "file:///srv/clips/gate.mp4")]
    [InlineData("gst:", "empty")]
    [InlineData("gst:videotestsrc pattern=\"ball", "quote")]
    [InlineData("pattern:640", "pattern:640x480@10")]
    [InlineData("pattern:8x8", "32 to 8192")]
    [InlineData("pattern:640x480@0", "pictures per second")]
    public void A_malformed_source_is_answered_with_what_would_be_accepted(string? source, string expected)
    {
        Assert.Contains(expected, CameraSources.FindFault(source), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rtsp://user:hidden@host:bad/x")]
    [InlineData("rtsp://user:hid/hidden@host/x")]
    [InlineData("mms://user:hidden@host/x")]
    [InlineData("rtsp://user:hidden@host/a b")]
    public void A_fault_does_not_show_the_password(string source)
    {
        var fault = CameraSources.FindFault(source);
        Assert.NotNull(fault);
        Assert.DoesNotContain("hidden", fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rtsp://user:geheim77@10.0.0.5/stream", "rtsp://user:***@10.0.0.5/stream (ffmpeg)")]
    [InlineData("rtsp://user:a@b/geheim77@10.0.0.5/stream", null)]
    [InlineData("http://h/s.cgi?user=admin&pwd=geheim77&ch=1", "http://h/s.cgi?user=admin&pwd=***&ch=1 (HTTP)")]
    [InlineData("gst:rtspsrc location=rtsp://u:geheim77@h/s", "gst:rtspsrc location=rtsp://u:***@h/s (gst-launch)")]
    [InlineData("gst:rtspsrc user-pw=geheim77 ! decodebin", "gst:rtspsrc user-pw=*** ! decodebin (gst-launch)")]
    [InlineData("gst:rtspsrc user-pw=\"a geheim77\" ! decodebin", "gst:rtspsrc user-pw=*** ! decodebin (gst-launch)")]
    public void A_description_names_the_source_without_its_password(string source, string? expected)
    {
        var description = new Capture(Capture.Settings(source)).Camera.Description;
        Assert.DoesNotContain("geheim77", description, StringComparison.Ordinal);
        if (expected is not null)
        {
            Assert.Equal(expected, description);
        }
    }

    [Theory]
    [InlineData("rtsp://10.0.0.5/stream", true)]
    [InlineData("http://10.0.0.5/video", true)]
    [InlineData("/dev/video0", true)]
    [InlineData("gst:videotestsrc", true)]
    [InlineData("clips/gate.mp4", false)]
    [InlineData("pattern:", false)]
    [InlineData("rtsp://host:bad/x", false)]
    public void A_source_states_whether_it_claims_to_show_the_present(string source, bool live) =>
        Assert.Equal(live, new Capture(Capture.Settings(source)).Camera.IsLive);

    [Fact]
    public void A_password_quoted_by_another_program_is_masked_as_written_and_decoded()
    {
        var mask = new SecretMask("rtsp://user:pa%24%24word@host/s");
        Assert.Equal("*** and *** failed", mask.Apply("pa%24%24word and pa$$word failed"));
    }

    [Fact]
    public async Task A_malformed_source_fails_to_open_with_the_fault()
    {
        var end = await new Capture(Capture.Settings("mms://host/live")).RunAsync();
        Assert.Equal(CaptureEndKind.OpenFailed, end.Kind);
        Assert.Contains("unknown scheme 'mms'", end.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a  b\tc", "a|b|c")]
    [InlineData("text=\"hello world\" x", "text=hello world|x")]
    [InlineData("'a \"b\"' \"c 'd'\"", "a \"b\"|c 'd'")]
    [InlineData("a\\ b '' \"q\\\"q\"", "a b||q\"q")]
    public void A_pipeline_is_split_as_a_shell_would(string line, string words)
    {
        Assert.Equal(words.Split('|'), ShellWords.Split(line));
    }
}
