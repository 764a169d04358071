using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>The C library's heap, in which ONNX Runtime keeps weights as it packs them, and decoders their pictures.</summary>
public static partial class NativeHeap
{
    /// <summary>Gives freed memory back to the system, which the library otherwise keeps: after a model was closed that is
    /// more than a gigabyte. Takes milliseconds, and other threads may allocate meanwhile. Does nothing where the library
    /// is another.</summary>
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
            // musl has no such call, and gives back more by itself.
            return;
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int Trim(nuint keep);
}
