using System.ComponentModel;
using System.Diagnostics;

namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>Writes clips as MP4 files: the video is copied, not encoded again.</summary>
internal static class ClipFile
{
    private const int MaxErrorLength = 200;

    /// <summary>Writes a clip. The file that exists is replaced.</summary>
    /// <param name="clip">The video.</param>
    /// <param name="file">The path; its folder exists.</param>
    /// <param name="settings">The program, and its time limit.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>Null when it is written, otherwise why not; what was begun is left.</returns>
    public static async Task<string?> WriteAsync(CutClip clip, string file, ClipSettings settings, CancellationToken cancel)
    {
        using var ffmpeg = new Process { StartInfo = StartInfo(clip, file, settings) };
        try
        {
            ffmpeg.Start();
        }
        catch (Win32Exception fault)
        {
            return $"'{settings.FfmpegPath}' could not be started ({fault.Message})";
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(settings.WriteWithin);
        try
        {
            var errors = ffmpeg.StandardError.ReadToEndAsync(limit.Token);
            await FeedAsync(ffmpeg, clip, limit.Token);
            await ffmpeg.WaitForExitAsync(limit.Token);
            return ffmpeg.ExitCode == 0 ? null : Shortened((await errors).Trim());
        }
        catch (OperationCanceledException)
        {
            return cancel.IsCancellationRequested
                ? "the service stops"
                : $"writing it took longer than {settings.WriteWithin.TotalSeconds:0} s";
        }
        finally
        {
            Kill(ffmpeg);
        }
    }

    private static ProcessStartInfo StartInfo(CutClip clip, string file, ClipSettings settings)
    {
        // Apple's players know H.265 by this name alone.
        string[] name = clip.Codec == ClipCodec.H265 ? ["-tag:v", "hvc1"] : [];
        var start = new ProcessStartInfo(
            settings.FfmpegPath,
            [
                "-hide_banner", "-nostats", "-v", "error", "-f", "mpegts", "-i", "pipe:0", "-map", "0:v:0", "-c", "copy", .. name,
                "-avoid_negative_ts", "make_zero", "-movflags", "+faststart", "-f", "mp4", "-y", $"file:{file}",
            ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["AV_LOG_FORCE_NOCOLOR"] = "1";
        return start;
    }

    private static async Task FeedAsync(Process ffmpeg, CutClip clip, CancellationToken cancel)
    {
        try
        {
            var input = ffmpeg.StandardInput.BaseStream;
            foreach (var part in clip.Parts)
            {
                await input.WriteAsync(part, cancel);
            }

            ffmpeg.StandardInput.Close();
        }
        catch (IOException fault)
        {
            // It ended early; its exit code and its errors say why.
            _ = fault;
        }
    }

    private static string Shortened(string errors) => errors.Length switch
    {
        0 => "ffmpeg reported an error without a text",
        > MaxErrorLength => errors[^MaxErrorLength..],
        _ => errors,
    };

    private static void Kill(Process ffmpeg)
    {
        try
        {
            if (!ffmpeg.HasExited)
            {
                ffmpeg.Kill(entireProcessTree: true);
            }
        }
        catch (Exception fault) when (fault is Win32Exception or AggregateException or InvalidOperationException)
        {
            // It hangs in the disk; it ends when the disk answers.
            _ = fault;
        }
    }
}
