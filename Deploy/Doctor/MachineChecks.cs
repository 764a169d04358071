using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Sources;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks the machine itself.</summary>
internal static class MachineChecks
{
    /// <summary>System, processor, memory and clock; needs no configuration.</summary>
    public static IEnumerable<Finding> Run()
    {
        yield return Finding.Fine("system", $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}, .NET {Environment.Version}");
        yield return CheckProcessor();
        yield return Finding.Fine("memory", MachineMemory.Read().ToString());
        yield return SystemClock.Check(DateTimeOffset.UtcNow, TimeZoneInfo.Local);
    }

    /// <summary>The programs that read cameras.</summary>
    /// <param name="sources">The configured cameras' sources; a program that only other sources need is not missed.</param>
    public static IEnumerable<Finding> Tools(IReadOnlyList<string> sources)
    {
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
            : sources.Any(it => CameraSources.RequirementOf(it) == SourceRequirement.GStreamer)
                ? Finding.Bad("GStreamer", "not found, and a 'gst:' camera is configured", "apt-get install gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-plugins-bad")
                : Finding.Fine("GStreamer", "not found; only 'gst:' cameras need it");
    }

    private static Finding CheckProcessor()
    {
        var cores = $"{Environment.ProcessorCount} processor(s)";
        var features = ProcessorFeatures.ThisMachine;
        if (RuntimeInformation.ProcessArchitecture == Architecture.Arm64)
        {
            return features.HasArmDotProducts
                ? Finding.Fine("processor", $"{cores}, dot product")
                : Finding.Note("processor", $"{cores}, without dot product instructions", "int4 models will decode slowly on this processor.");
        }

        return features.HasAvx2
            ? Finding.Fine("processor", $"{cores}, AVX2{(features.HasAvx512 ? ", AVX-512" : "")}{(features.HasAvxVnni ? ", AVX-VNNI" : "")}")
            : Finding.Note("processor", $"{cores}, without AVX2", "Answers will be slow on this processor.");
    }

    /// <returns>The first line of a program's version text, or null when it is not installed.</returns>
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
            // Not installed.
            return null;
        }
    }
}
