using System.Globalization;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Videos;

/// <summary>The ffmpeg command line that writes the samples of a video as PPM images, with options that ffmpeg 4.4 to 7 understand.</summary>
internal static class VideoCommand
{
    /// <summary>Decoding begins this long before the first sample: a decoder can begin only at a key frame, and MPEG-TS has no index that
    /// would find the one before.</summary>
    private static readonly TimeSpan SeekMargin = TimeSpan.FromSeconds(30);

    /// <param name="path">The file.</param>
    /// <param name="sampling">Which frames.</param>
    /// <param name="ffmpeg">The program, whose version decides about the names of options.</param>
    /// <param name="demuxer">Format of the file; null lets ffmpeg find out.</param>
    public static IReadOnlyList<string> Arguments(string path, VideoSampling sampling, string ffmpeg, string? demuxer)
    {
        var seek = sampling.From > SeekMargin ? sampling.From - SeekMargin : TimeSpan.Zero;
        return
        [
            "-nostdin", "-hide_banner", "-nostats", "-v", "level+info",

            // Frames before the place count too: the last of them is shown until the next one begins.
            .. seek > TimeSpan.Zero ? (string[])["-noaccurate_seek", "-ss", Seconds(seek)] : [],

            .. demuxer is null ? (string[])[] : ["-f", demuxer],

            // The prefix keeps a name with a dash or a colon from being read as an option or an address, and playlists open no addresses.
            "-protocol_whitelist", "file", "-i", "file:" + Path.GetFullPath(path),

            // V leaves out cover pictures of sound files.
            "-map", "0:V:0", "-an", "-sn", "-dn",
            .. FfmpegVersion.Of(ffmpeg).PassThrough,
            .. sampling.To is { } end ? (string[])["-frames:v", sampling.CountBefore(end).ToString(CultureInfo.InvariantCulture)] : [],
            "-vf", string.Join(',', Filters(sampling, seek)),
            "-f", "image2pipe", "-c:v", "ppm", "-pix_fmt", "rgb24", "pipe:1",
        ];
    }

    private static IEnumerable<string> Filters(VideoSampling sampling, TimeSpan seek)
    {
        if (sampling.From > TimeSpan.Zero)
        {
            yield return $"setpts=PTS-{Seconds(sampling.From - seek)}/TB";
        }

        // Rounded up, a frame counts for the next sample time at or after it, the last one wins, and where none came the one before is
        // repeated. The first frame also stands for the times before it.
        yield return string.Create(
            CultureInfo.InvariantCulture, $"fps=fps={TimeSpan.TicksPerSecond}/{sampling.Every.Ticks}:round=up:start_time=0");
        yield return FfmpegCommand.ScaleTo(sampling.MaxWidth);
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.#######", CultureInfo.InvariantCulture);
}
