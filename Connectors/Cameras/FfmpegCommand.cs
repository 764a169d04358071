using System.Globalization;

namespace MobileVlm.Edge.Connectors.Cameras;

/// <summary>The ffmpeg command lines. Only options that ffmpeg 4.4 (Ubuntu 22.04, JetPack 6) to 7 understand: the
/// socket time-outs, for one, have changed their names and meaning, so silence is left to our own watchdog.</summary>
internal static class FfmpegCommand
{
    private const string InstallHint =
        "install it (apt-get install ffmpeg) or set MobileVlm:Tools:Ffmpeg to where it is";

    /// <summary>A network stream. It sets its own pace: a recording behind an address plays as fast as it comes.</summary>
    public static ChildCommand Stream(CameraSettings settings)
    {
        var rtsp = settings.Source.StartsWith("rtsp", StringComparison.OrdinalIgnoreCase);

        // What the camera sends must not make ffmpeg open local files or other kinds of address.
        var protocols = rtsp
            ? "rtsp,rtsps,rtp,rtcp,udp,tcp,tls,srtp,crypto"
            : "http,https,httpproxy,tcp,tls,crypto,data";
        string[] live = ["-fflags", "nobuffer", "-flags", "low_delay"];
        if (SecretMask.Holds(settings.Source))
        {
            // Anybody on the box can read a program's arguments, so the address comes as a list of one entry through
            // standard input. The demuxer of lists opens it without the options of this command line.
            string[] list = ["-protocol_whitelist", $"pipe,{protocols}", "-f", "concat", "-safe", "0", "-i", "pipe:0"];
            return Build(settings, [.. live, .. list], WallClockSlot, CaptureEndKind.Lost) with { Input = List(settings, rtsp) };
        }

        string[] haste = rtsp
            ? ["-rtsp_transport", settings.RtspTransport, "-probesize", "200000", "-analyzeduration", "500000"]
            : ["-analyzeduration", "1000000"];
        return Build(
            settings,
            [.. live, "-protocol_whitelist", protocols, .. haste, "-i", settings.Source],
            WallClockSlot,
            CaptureEndKind.Lost);
    }

    // ffmpeg 4.4 knows no options in a list; its RTSP takes the transport from the address and does not send it on.
    private static string List(CameraSettings settings, bool rtsp)
    {
        var address = settings.Source;
        if (rtsp)
        {
            address += (address.Contains('?', StringComparison.Ordinal) ? '&' : '?') + settings.RtspTransport;
        }

        return $"ffconcat version 1.0\nfile '{address.Replace("'", @"'\''", StringComparison.Ordinal)}'\n";
    }

    /// <summary>A V4L2 device.</summary>
    public static ChildCommand Device(CameraSettings settings) => Build(
        settings,
        ["-fflags", "nobuffer", "-flags", "low_delay", "-f", "v4l2", "-i", Path.GetFullPath(settings.Source)],
        WallClockSlot,
        CaptureEndKind.Lost);

    /// <summary>A video file.</summary>
    public static ChildCommand File(CameraSettings settings)
    {
        List<string> input = [];
        if (settings.Pace == Pace.Real)
        {
            input.AddRange(settings.Speed.Equals(1) ? ["-re"] : ["-readrate", Number(settings.Speed)]);
        }

        if (settings.Loop)
        {
            input.AddRange(["-stream_loop", "-1"]);
        }

        // The prefix keeps a name with a dash or a colon from being read as an option or an address.
        input.AddRange(["-protocol_whitelist", "file", "-i", "file:" + Path.GetFullPath(settings.Source)]);
        var speed = settings.Pace == Pace.Real ? settings.Speed : 1;
        return Build(
            settings,
            input,
            rate => MediaTimeSlot(rate / speed),
            settings.Loop ? CaptureEndKind.Lost : CaptureEndKind.Finished);
    }

    private static ChildCommand Build(
        CameraSettings settings, IEnumerable<string> input, Func<double, string> slot, CaptureEndKind endMeans)
    {
        List<string> filters = [];
        if (settings.MaxFrameRate is { } rate)
        {
            filters.Add(slot(rate));
        }

        if (settings.MaxWidth is { } width)
        {
            filters.Add(string.Create(CultureInfo.InvariantCulture, $"scale='min({width},iw)':-1"));
        }

        return new ChildCommand
        {
            Program = settings.FfmpegPath,
            Arguments =
            [
                "-nostdin", "-hide_banner", "-v", "error", .. input, "-an", "-sn", "-dn",

                // Else ffmpeg doubles and drops pictures to reach the rate that it believes in.
                "-vsync", "passthrough",
                .. filters.Count == 0 ? Array.Empty<string>() : ["-vf", string.Join(',', filters)],
                "-f", "image2pipe", "-c:v", "ppm", "pipe:1",
            ],
            Remedy = InstallHint,
            EndMeans = endMeans,
        };
    }

    /// <summary>The first picture of each slot of 1/rate s (see <see cref="FrameRateLimit"/>), by the file's time.
    /// The fps filter would double pictures of slower sources.</summary>
    private static string MediaTimeSlot(double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"select='isnan(prev_selected_t)+not(eq(floor(t*{rate}+0.001),floor(prev_selected_t*{rate}+0.001)))'");

    /// <summary>The same by the wall clock: timestamps of live streams jump, and MJPEG has none.</summary>
    private static string WallClockSlot(double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"select='st(1,floor(time(0)*{rate}));st(2,not(eq(ld(1),ld(0))));st(0,ld(1));ld(2)'");

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
