using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Images with and without a person in turn, so that nearly each one causes an event.</summary>
internal static class TestFootage
{
    private static readonly string Source = Path.Combine(AppContext.BaseDirectory, "heldout");

    /// <summary>Writes the images into a folder, for a camera that shows a folder.</summary>
    public static string Images(string folder)
    {
        using var scenes = JsonDocument.Parse(File.ReadAllText(Path.Combine(Source, "questions.json")));
        var byPerson = scenes.RootElement.EnumerateArray().ToLookup(
            scene => scene.GetProperty("questions").EnumerateArray()
                .Any(it => it.GetProperty("kind").GetString() == "person" && it.GetProperty("answer").GetString() == "Yes"),
            scene => scene.GetProperty("image").GetString()!);
        Directory.CreateDirectory(folder);
        foreach (var (at, pair) in byPerson[true].Zip(byPerson[false]).Take(10).Index())
        {
            File.Copy(Path.Combine(Source, pair.First), Path.Combine(folder, Name(at * 2)));
            File.Copy(Path.Combine(Source, pair.Second), Path.Combine(folder, Name((at * 2) + 1)));
        }

        return folder;

        static string Name(int at) => at.ToString("00", CultureInfo.InvariantCulture) + ".jpg";
    }

    /// <summary>Writes the images as an H.264 clip in MP4 with ten frames per second; each image is five frames long.</summary>
    /// <param name="images">The folder from <see cref="Images"/>.</param>
    /// <param name="file">The clip's path.</param>
    /// <param name="length">The clip's duration.</param>
    /// <param name="size">Width and height.</param>
    public static string Clip(string images, string file, TimeSpan length, string size = "480x360")
    {
        string[] arguments =
        [
            "-nostdin", "-v", "error", "-y", "-loop", "1", "-framerate", "2", "-i", Path.Combine(images, "%02d.jpg"),
            "-t", length.TotalSeconds.ToString(CultureInfo.InvariantCulture), "-s", size, "-r", "10",
            "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10", file,
        ];
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", arguments) { RedirectStandardError = true })!;
        var errors = ffmpeg.StandardError.ReadToEnd();
        ffmpeg.WaitForExit();
        return ffmpeg.ExitCode == 0 ? file : throw new InvalidOperationException($"ffmpeg: {errors}");
    }
}
