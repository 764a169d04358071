using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>The version of an ffmpeg program, on which command lines depend. Requested once for each path and kept.</summary>
/// <param name="Major">0 when it could not be found out.</param>
/// <param name="Minor">Behind the dot.</param>
internal sealed partial record FfmpegVersion(int Major, int Minor)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);
    private static readonly ConcurrentDictionary<string, FfmpegVersion> Known = new(StringComparer.Ordinal);

    /// <summary>Builds from the development branch carry no number; they are newer than any release here.</summary>
    private static readonly FfmpegVersion Newest = new(int.MaxValue, 0);

    private static readonly FfmpegVersion Unknown = new(0, 0);

    /// <summary>Whether entries of an ffconcat list may have options.</summary>
    public bool ReadsOptionsInLists => Major >= 5;

    /// <summary>The option that lets each frame through once.</summary>
    public IReadOnlyList<string> PassThrough =>
        Major > 5 || (Major == 5 && Minor >= 1) ? ["-fps_mode", "passthrough"] : ["-vsync", "passthrough"];

    public static FfmpegVersion Of(string program)
    {
        if (Known.TryGetValue(program, out var known))
        {
            return known;
        }

        var found = Ask(program);
        if (found != Unknown)
        {
            // One that is not there may be installed later.
            Known[program] = found;
        }

        return found;
    }

    internal static FfmpegVersion Parse(string banner)
    {
        var match = Shape().Match(banner);
        return match.Success
            ? new FfmpegVersion(
                int.Parse(match.Groups["major"].Value, CultureInfo.InvariantCulture),
                int.Parse(match.Groups["minor"].Value, CultureInfo.InvariantCulture))
            : banner.StartsWith("ffmpeg version ", StringComparison.Ordinal) ? Newest : Unknown;
    }

    private static FfmpegVersion Ask(string program)
    {
        try
        {
            using var ffmpeg = Process.Start(new ProcessStartInfo(program, ["-version"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            try
            {
                var line = ffmpeg.StandardOutput.ReadLineAsync();
                return line.Wait(Longest) ? Parse(line.Result ?? "") : Unknown;
            }
            finally
            {
                ffmpeg.Kill(entireProcessTree: true);
            }
        }
        catch (Exception fault) when (fault is Win32Exception or InvalidOperationException or IOException)
        {
            // Starting it for the camera reports the same error, with what to do.
            return Unknown;
        }
    }

    [GeneratedRegex(@"^ffmpeg version [nN]?(?<major>[0-9]{1,3})\.(?<minor>[0-9]{1,3})")]
    private static partial Regex Shape();
}
