using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Faults.Tests;

/// <summary>Pictures in which somebody is there and nobody is, in turn, so that nearly each one is an event.</summary>
internal static class TestFootage
{
    private static readonly string Source = Path.Combine(AppContext.BaseDirectory, "heldout");

    /// <summary>A folder of them, for a camera that shows a folder.</summary>
    public static string Pictures(string folder)
    {
        using var scenes = JsonDocument.Parse(File.ReadAllText(Path.Combine(Source, "questions.json")));
        var somebody = scenes.RootElement.EnumerateArray().ToLookup(
            scene => scene.GetProperty("questions").EnumerateArray()
                .Any(it => it.GetProperty("kind").GetString() == "person" && it.GetProperty("answer").GetString() == "Yes"),
            scene => scene.GetProperty("image").GetString()!);
        Directory.CreateDirectory(folder);
        foreach (var (at, pair) in somebody[true].Zip(somebody[false]).Take(10).Index())
        {
            File.Copy(Path.Combine(Source, pair.First), Path.Combine(folder, Name(at * 2)));
            File.Copy(Path.Combine(Source, pair.Second), Path.Combine(folder, Name((at * 2) + 1)));
        }

        return folder;

        static string Name(int at) => at.ToString("00", CultureInfo.InvariantCulture) + ".jpg";
    }

    /// <summary>The same as an H.264 clip in MP4 of ten pictures a second, of which each five are alike.</summary>
    /// <param name="pictures">From <see cref="Pictures"/>.</param>
    /// <param name="file">Where it goes.</param>
    /// <param name="length">How long it plays.</param>
    /// <param name="size">Width and height.</param>
    public static string Clip(string pictures, string file, TimeSpan length, string size = "480x360")
    {
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-y", "-loop", "1", "-framerate", "2", "-i", Path.Combine(pictures, "%02d.jpg"),
            "-t", length.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-s", size, "-r", "10",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10", file,
        ];
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardError = true })!;
        var said = ffmpeg.StandardError.ReadToEnd();
        ffmpeg.WaitForExit();
        return ffmpeg.ExitCode == 0 ? file : throw new InvalidOperationException($"ffmpeg: {said}");
    }
}
