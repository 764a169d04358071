using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>The C library's heap, which holds the weights that ONNX Runtime packs, and decoded pictures.</summary>
public static partial class NativeHeap
{
    /// <summary>Returns freed memory to the system, which the library otherwise keeps: after a model was closed that is more
    /// than a gigabyte. Takes milliseconds, and other threads may allocate meanwhile. Does nothing with another C
    /// library.</summary>
    public static void Trim()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = Trim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // musl has no such call, and returns more by itself.
            return;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);
}
