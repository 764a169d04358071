using System.Globalization;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>The ffmpeg command lines. Only options that ffmpeg 4.4 (Ubuntu 22.04, JetPack 6) to 7 understand: the
/// socket time-outs, for one, have changed their names and meaning, so silence is left to our own watchdog.</summary>
internal static class FfmpegCommand
{
    /// <summary>Packets that are reported until the first frame: 40 s at 25 per second. Enough to distinguish a camera that
    /// has not sent a key frame yet from one that sends nothing.</summary>
    private const string ReportedPackets = "1000";

    /// <summary>Packets that wait to be copied for a clip: 20 s at 25 per second.</summary>
    private const string ClipQueue = "500";

    private const string InstallHint =
        "install it (apt-get install ffmpeg) or set MobileVlm:Tools:Ffmpeg to where it is";

    /// <summary>RTSP names its streams when it opens, so nothing needs to be probed. Probing would hold back the first frame
    /// for as long as it takes. What was read while probing is decoded as well: <c>-fflags nobuffer</c> would throw it away,
    /// and with it the key frame that many cameras send at connect and then not again for many seconds.</summary>
    public static IReadOnlyList<string> NoProbing { get; } = ["-probesize", "32", "-analyzeduration", "0"];

    /// <summary>What frames are scaled in, so that only the small ones are converted to RGB: the frame's own format where it has 8 bits.</summary>
    private const string ScaledFormats = "yuv420p|yuvj420p|yuv422p|yuvj422p|yuv444p|yuvj444p|nv12|gray";

    // Frame threads and estimated reordering would both delay frames.
    private static readonly string[] LowDelay = ["-flags", "low_delay"];

    // A copy of the packets' headers shows that packets come, before there is a frame.
    private static readonly string[] PacketReport =
    [
        "-map", "0:v:0", "-c", "copy", "-copyinkf", "-frames:v", ReportedPackets,
        "-f", "framecrc", "-flush_packets", "1", "pipe:2",
    ];

    /// <summary>A copy of the encoded video for clips. Its muxer runs in a thread of its own and drops what it cannot send, so that no
    /// failure of it concerns the frames: without the queue (<c>fifo</c>), the first error of any output would end all of them. It
    /// connects again with the next key frame where a stream begins without times, as RTSP often does.</summary>
    private static string[] ClipCopy(string address) =>
    [
        // A muxer that takes any timestamps, behind one that would round them to the declared frame rate.
        "-copytb", "1", "-map", "0:v:0", "-c", "copy", "-f", "fifo", "-fifo_format", "mpegts", "-format_opts", "flush_packets=1",
        "-queue_size", ClipQueue, "-drop_pkts_on_overflow", "1", "-attempt_recovery", "1", "-recover_any_error", "1",
        "-recovery_wait_time", "1", "-restart_with_keyframe", "1", address,
    ];

    /// <summary>A stream that is sent at its own pace.</summary>
    /// <param name="settings">Settings of the camera; their source is the address.</param>
    /// <param name="protocols">What ffmpeg may open: what the camera sends must not make it open local files or other kinds of
    /// address.</param>
    /// <param name="options">Pairs of an option and its value for the input.</param>
    public static ChildCommand Stream(CameraSettings settings, string protocols, string[] options) =>
        FromAddress(settings, protocols, options, packets: true);

    /// <summary>A video or a playlist behind an HTTP address.</summary>
    /// <param name="settings">Settings of the camera; their source is the address.</param>
    /// <param name="recorded">It is complete, not live, so that the pace of <see cref="CameraSettings.Pace"/> holds.</param>
    public static ChildCommand HttpVideo(CameraSettings settings, bool recorded)
    {
        string[] options = ["-analyzeduration", "1000000", .. recorded ? PaceOf(settings) : []];
        return FromAddress(settings, "http,https,httpproxy,tcp,tls,crypto,data", options, packets: false);
    }

    /// <summary>A V4L2 device.</summary>
    public static ChildCommand Device(CameraSettings settings) => Build(
        settings,
        ["-fflags", "nobuffer", .. LowDelay, "-f", "v4l2", "-i", Path.GetFullPath(settings.Source)],
        WallClockSlot,
        CaptureEndKind.Lost);

    /// <summary>A video file.</summary>
    public static ChildCommand File(CameraSettings settings)
    {
        List<string> input = [.. PaceOf(settings)];
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

    private static ChildCommand FromAddress(CameraSettings settings, string protocols, string[] options, bool packets)
    {
        IEnumerable<string> input;
        string? list = null;
        if (SecretMask.Holds(settings.Source))
        {
            // Anybody on the machine can read a program's arguments, so the address comes as a list of one entry through
            // standard input. The demuxer of lists opens it without the options of this command line.
            list = List(settings, options);
            input = [.. NoProbing, "-protocol_whitelist", $"pipe,{protocols}", "-f", "concat", "-safe", "0", "-i", "pipe:0"];
        }
        else
        {
            input = ["-protocol_whitelist", protocols, .. options, "-i", settings.Source];
        }

        // Nothing is known yet of the size of streams that were not probed, so the first one is taken.
        string[] map = packets ? ["-map", "0:v:0"] : [];
        var command = Build(settings, [.. LowDelay, .. input], WallClockSlot, CaptureEndKind.Lost, map);
        command = command with { Input = list };

        // ffmpeg cannot copy packets of a stream whose frame size it does not know yet.
        string[] clip = settings.ClipAddress is { } address ? ClipCopy(address) : [];
        return packets
            ? command with { Arguments = [.. command.Arguments, .. PacketReport, .. clip], ReportsPackets = true, WithoutPackets = command }
            : command;
    }

    /// <summary>The list and, where ffmpeg reads them there, the options. ffmpeg 4.4 knows none in a list: it probes for as long as it
    /// likes, and its RTSP takes the transport from the address, which it does not send on.</summary>
    private static string List(CameraSettings settings, string[] options)
    {
        var address = settings.Source;
        if (address.StartsWith("rtsp", StringComparison.OrdinalIgnoreCase))
        {
            address += (address.Contains('?', StringComparison.Ordinal) ? '&' : '?') + settings.RtspTransport;
        }

        var list = $"ffconcat version 1.0\nfile '{address.Replace("'", @"'\''", StringComparison.Ordinal)}'\n";
        if (FfmpegVersion.Of(settings.FfmpegPath).ReadsOptionsInLists)
        {
            var pairs = options.Chunk(2).Where(pair => pair[0] is "-probesize" or "-analyzeduration" or "-overrun_nonfatal");
            list += string.Concat(pairs.Select(pair => $"option {pair[0][1..]} {pair[1]}\n"));
        }

        return list;
    }

    private static string[] PaceOf(CameraSettings settings) =>
        settings.Pace != Pace.Real ? []
        : settings.Speed.Equals(1) ? ["-re"]
        : ["-readrate", Number(settings.Speed)];

    /// <param name="settings">Settings of the camera.</param>
    /// <param name="input">Options and address of the source.</param>
    /// <param name="slot">The condition of a rate.</param>
    /// <param name="endMeans">See <see cref="ChildCommand.EndMeans"/>.</param>
    /// <param name="map">Which of several video streams is shown; ffmpeg's own choice is the largest.</param>
    private static ChildCommand Build(
        CameraSettings settings,
        IEnumerable<string> input,
        Func<double, string> slot,
        CaptureEndKind endMeans,
        params string[] map)
    {
        List<string> filters = [Select(settings.MaxFrameRate is { } rate ? slot(rate) : null)];
        if (settings.MaxWidth is { } width)
        {
            filters.Add(ScaleTo(width));
        }

        return new ChildCommand
        {
            Program = settings.FfmpegPath,
            Arguments =
            [
                // Levels distinguish errors from reports; a camera's description is verbose.
                "-nostdin", "-hide_banner", "-nostats", "-v", "level+verbose", .. input, .. map, "-an", "-sn", "-dn",

                // Otherwise ffmpeg duplicates and drops frames to reach the rate that it assumes.
                .. FfmpegVersion.Of(settings.FfmpegPath).PassThrough,
                "-vf", string.Join(',', filters),

                // PPM would have 16 bit for sources above 8.
                "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
            ],
            Remedy = InstallHint,
            EndMeans = endMeans,
            MarksAll = settings.MaxFrameRate is not null,
        };
    }

    /// <summary>The filter that scales wider frames down to a width, in their own format where that has 8 bits.</summary>
    /// <param name="width">In pixels.</param>
    internal static string ScaleTo(int width) =>
        string.Create(CultureInfo.InvariantCulture, $"scale='min({width},iw)':-1:flags=area,format={ScaledFormats}");

    /// <summary>Lets frames through and prints a mark for each (see <see cref="FfmpegReport"/>): twice its number in the
    /// source, plus one from the first key frame on. Without a rate, marks end at that frame, because no number is left out then.</summary>
    private static string Select(string? slot)
    {
        const string Mark = "print(2*n+2+ld(3))";
        const string KeySeen = "st(4,ld(3));st(3,gt(ld(3)+key+eq(pict_type,I),0))";
        return slot is null
            ? $"select='{KeySeen};if(ld(4),1,{Mark})'"
            : $"select='{KeySeen};if({slot}+gt(ld(3),ld(4)),{Mark},0)'";
    }

    /// <summary>The first frame of each slot of 1/rate s (see <see cref="FrameRateLimit"/>), by the file's time.
    /// The fps filter would double frames of slower sources.</summary>
    private static string MediaTimeSlot(double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"(isnan(prev_selected_t)+not(eq(floor(t*{rate}+0.001),floor(prev_selected_t*{rate}+0.001))))");

    /// <summary>The same by the wall clock: timestamps of live streams jump, and MJPEG has none.</summary>
    private static string WallClockSlot(double rate) => string.Create(
        CultureInfo.InvariantCulture,
        $"(st(1,floor(time(0)*{rate}));st(2,not(eq(ld(1),ld(0))));st(0,ld(1));ld(2))");

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);
}
