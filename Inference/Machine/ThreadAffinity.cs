using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Machine;

/// <summary>Binds threads to processors.</summary>
internal static partial class ThreadAffinity
{
    /// <summary>Restricts the calling thread to these processors, permanently. Threads that it starts inherit the
    /// restriction.</summary>
    /// <exception cref="InvalidOperationException">The machine does not have one of them, or this process may not use it.</exception>
    public static void BindThisThread(IReadOnlyList<int> processors)
    {
        if (!OperatingSystem.IsLinux() || processors.Count == 0)
        {
            return;
        }

        var mask = new ulong[CpuTopology.MaxProcessors / 64];
        foreach (var processor in processors)
        {
            mask[processor / 64] |= 1UL << (processor % 64);
        }

        if (SetAffinity(ThisThread, CpuTopology.MaxProcessors / 8, mask) != 0)
        {
            throw new InvalidOperationException(
                $"The thread cannot be bound to the processors {string.Join(',', processors)} (error {Marshal.GetLastPInvokeError()}). "
                + $"This process may use {string.Join(',', CpuTopology.ThisMachine.Allowed)}.");
        }
    }

    /// <summary>Affinities in ONNX Runtime's form: one entry for each thread of its pool, with processors counted from 1,
    /// without the calling thread, which runs on the first processor.</summary>
    public static string OfPool(IReadOnlyList<int> processors, int threads) =>
        string.Join(';', Enumerable.Range(1, threads - 1).Select(i => processors[i % processors.Count] + 1));

    private const int ThisThread = 0;

    [LibraryImport("libc", EntryPoint = "sched_setaffinity", SetLastError = true)]
    private static partial int SetAffinity(int thread, nint bytes, ulong[] mask);
}
