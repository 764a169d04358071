using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>Binds threads to processors.</summary>
internal static partial class ThreadAffinity
{
    /// <summary>Lets the calling thread run on these processors only, for good. Threads that it starts begin there
    /// too.</summary>
    /// <exception cref="InvalidOperationException">The box does not have one of them, or this process may not use it.</exception>
    public static void BindThisThread(IReadOnlyList<int> processors)
    {
        if (!OperatingSystem.IsLinux() || processors.Count == 0)
        {
            return;
        }

        var mask = new ulong[CpuTopology.MostProcessors / 64];
        foreach (var processor in processors)
        {
            mask[processor / 64] |= 1UL << (processor % 64);
        }

        if (SetAffinity(ThisThread, CpuTopology.MostProcessors / 8, mask) != 0)
        {
            throw new InvalidOperationException(
                $"The thread cannot be bound to the processors {string.Join(',', processors)} (error {Marshal.GetLastPInvokeError()}). "
                + $"This process may use {string.Join(',', CpuTopology.ThisBox.Allowed)}.");
        }
    }

    /// <summary>What ONNX Runtime wants for its own threads: one entry for each, counted from 1, without the calling
    /// thread, whose processor is the first.</summary>
    public static string OfPool(IReadOnlyList<int> processors, int threads) =>
        string.Join(';', Enumerable.Range(1, threads - 1).Select(i => processors[i % processors.Count] + 1));

    private const int ThisThread = 0;

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nint bytes, ulong[] mask);
}
