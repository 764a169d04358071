using System.Runtime.InteropServices;
using OpenCvSharp;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds;

/// <summary>Whether OpenCV's native part loads here. There is none for arm64, and the one for x64 requires GTK.</summary>
internal static class OpenCvLibrary
{
    private static readonly Lazy<bool> Loaded = new(Probe);

    public static bool IsAvailable => Loaded.Value;

    private static bool Probe()
    {
        // Loaded by name first, because a failed static constructor of the wrapper would stay failed.
        if (!NativeLibrary.TryLoad("OpenCvSharpExtern", typeof(Cv2).Assembly, null, out _))
        {
            return false;
        }

        try
        {
            // It would write to standard error what each attempt's end contains anyway.
            Cv2.SetLogLevel(LogLevel.SILENT);
            return Cv2.GetVersionString() is { Length: > 0 };
        }
        catch (Exception fault) when (fault is TypeInitializationException or DllNotFoundException
            or EntryPointNotFoundException or BadImageFormatException)
        {
            // A missing library is not an error: ffmpeg takes its place, and descriptions name the one that reads.
            return false;
        }
    }
}
