using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>What the box itself has.</summary>
internal static class BoxChecks
{
    public static IEnumerable<Finding> Run()
    {
        yield return Finding.Fine("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, .NET {Environment.Version}");
        yield return Kernels();
        var gigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9;
        yield return Finding.Fine("memory", gigabytes.ToString("0.0 'GB'", CultureInfo.InvariantCulture));
        yield return CameraTools.HasOpenCv
            ? Finding.Fine("OpenCV", "loads; reads video files and USB cameras")
            : RuntimeInformation.OSArchitecture == Architecture.X64
                ? Finding.Note("OpenCV", "its native library does not load; ffmpeg reads video files and USB cameras instead", "To use it: apt-get install --no-install-recommends libgtk-3-0 libdrm2 libatomic1")
                : Finding.Fine("OpenCV", "not available on this processor; ffmpeg reads video files and USB cameras");
        yield return Program("ffmpeg", "-version") is { } ffmpeg
            ? Finding.Fine("ffmpeg", ffmpeg)
            : CameraTools.HasOpenCv
                ? Finding.Note("ffmpeg", "not found; network cameras cannot be read", "apt-get install ffmpeg")
                : Finding.Bad("ffmpeg", "not found, and OpenCV is not there either: no video can be read", "apt-get install ffmpeg");
        yield return Program("gst-launch-1.0", "--version") is { } gst
            ? Finding.Fine("GStreamer", gst)
            : Finding.Note("GStreamer", "not found; only 'gst:' cameras need it", "apt-get install gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad");
    }

    private static Finding Kernels()
    {
        var cores = $"{Environment.ProcessorCount} processor(s)";
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            return Dp.IsSupported
                ? Finding.Fine("processor", $"{cores}, dot product")
                : Finding.Note("processor", $"{cores}, without dot product instructions", "int4 models will decode slowly on this processor.");
        }

        return Avx2.IsSupported
            ? Finding.Fine("processor", $"{cores}, AVX2{(Avx512F.IsSupported ? ", AVX-512" : "")}{(AvxVnni.IsSupported ? ", AVX-VNNI" : "")}")
            : Finding.Note("processor", $"{cores}, without AVX2", "Answers will be slow on this processor.");
    }

    /// <returns>The first line that a program says of itself, or null when it is not there.</returns>
    private static string? Program(string name, string argument)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(name, argument)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            var line = process?.StandardOutput.ReadLine();
            process?.Kill();
            return line?.Split(" Copyright")[0];
        }
        catch (Win32Exception)
        {
            // Not installed, which is what was asked.
            return null;
        }
    }
}
