using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;

namespace MobileVlm.Edge.Connectors.Tests.Images;

/// <summary>Decodes a picture in a process of its own and prints what that added to the most memory it ever had.</summary>
internal static class DecodeChild
{
    public const string Command = "decode";

    /// <summary>Bytes that the child's peak grew by while it decoded a sent picture.</summary>
    public static async Task<long> PeakAsync(string file)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [typeof(DecodeChild).Assembly.Location, Command, file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = child.StandardError.ReadToEndAsync();
        var output = await child.StandardOutput.ReadToEndAsync();
        await child.WaitForExitAsync();
        Assert.True(child.ExitCode == 0, await errors);
        return long.Parse(output, CultureInfo.InvariantCulture);
    }

    public static int Run(string file)
    {
        var pool = new FramePool();

        // The first picture loads Skia and compiles the code.
        Decode(ImageCodec.EncodeJpeg(new byte[64 * 64 * 3], 64, 64), pool);
        Decode(PictureFiles.Png(64, 64, new byte[64 * 64 * 3]), pool);
        var bytes = File.ReadAllBytes(file);
        var before = Read("VmHWM");
        Decode(bytes, pool);
        Console.Write(Read("VmHWM") - before);
        return 0;
    }

    private static void Decode(byte[] file, FramePool pool) =>
        UploadedPicture.ToFrame(file, pool, new CameraId("sent"), new FrameSequence(1), TimeProvider.System).Dispose();

    private static long Read(string name)
    {
        var line = File.ReadLines("/proc/self/status").First(it => it.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
