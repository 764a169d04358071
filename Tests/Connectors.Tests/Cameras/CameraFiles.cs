using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Cameras;

/// <summary>A folder that goes away with the test, and the tools to fill it.</summary>
internal sealed class CameraFiles : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public string this[string name] => _folder[name];

    /// <summary>A clip of ffmpeg's test picture.</summary>
    public string Clip(string name, int frames, int rate = 25, string size = "160x120")
    {
        var count = frames.ToString(CultureInfo.InvariantCulture);
        Ffmpeg("-f", "lavfi", "-i", $"testsrc=size={size}:rate={rate}", "-frames:v", count, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", this[name]);
        return this[name];
    }

    public string Picture(string name, string size = "64x48")
    {
        Ffmpeg("-f", "lavfi", "-i", $"testsrc=size={size}", "-frames:v", "1", this[name]);
        return this[name];
    }

    /// <returns>Its standard output.</returns>
    public static byte[] Ffmpeg(params string[] arguments)
    {
        using var ffmpeg = StartFfmpeg(arguments);
        using var output = new MemoryStream();
        var errors = ffmpeg.StandardError.ReadToEndAsync();
        ffmpeg.StandardOutput.BaseStream.CopyTo(output);
        ffmpeg.WaitForExit();
        Assert.True(ffmpeg.ExitCode == 0, errors.Result);
        return output.ToArray();
    }

    public static Process StartFfmpeg(params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-y", "-v", "error", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception fault)
        {
            throw new InvalidOperationException("These tests need ffmpeg: apt-get install ffmpeg", fault);
        }
    }

    /// <summary>Processes whose command line holds <paramref name="mark"/>.</summary>
    public static int Processes(string mark) => Directory.EnumerateDirectories("/proc")
        .Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0]))
        .Count(folder => CommandLine(folder).Contains(mark, StringComparison.Ordinal));

    public void Dispose() => _folder.Dispose();

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            // It ended between the listing and the read.
            return "";
        }
    }
}
