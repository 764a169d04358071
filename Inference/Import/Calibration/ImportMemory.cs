using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>The memory of an import, which handles one layer after another.</summary>
internal static class ImportMemory
{
    /// <summary>Returns to the operating system what the last layer left behind: arrays of its weights and values, and native memory. The
    /// garbage collector would wait until they are several times as large as what is used, and the next layer needs as much again.</summary>
    public static void Release()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        NativeHeap.Trim();
    }
}
