using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Performance;

/// <summary>Measures how fast this machine reads memory that is not cached: the upper limit of every step that streams weights.</summary>
public static class ReadBandwidth
{
    private const int Rounds = 7;
    private const int Chains = 8;

    /// <summary>Each thread sums its own slice of one buffer with vector loads, all at once; the best of several runs, because
    /// other programs can only make it slower.</summary>
    /// <param name="threads">As many as will compute.</param>
    /// <param name="bytes">Size of the buffer; several times the last cache.</param>
    /// <returns>Bytes per second, all threads together.</returns>
    public static unsafe double Measure(int threads, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(threads);
        var step = (long)Chains * Vector<ulong>.Count * sizeof(ulong);
        var slice = bytes / threads / step * step;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(slice, nameof(bytes));
        var buffer = (byte*)NativeMemory.AlignedAlloc((nuint)(slice * threads), 4096);
        try
        {
            // Written, because untouched pages are all the same page of zeros.
            OnAll(threads, i => NativeMemory.Fill(buffer + (i * slice), (nuint)slice, (byte)(i + 1)));
            var best = double.MaxValue;
            var sums = new ulong[threads];
            for (var round = 0; round < Rounds; round++)
            {
                best = Math.Min(best, OnAll(threads, i => sums[i] += Sum((ulong*)(buffer + (i * slice)), slice / sizeof(ulong))));
            }

            GC.KeepAlive(sums);
            return slice * threads / best;
        }
        finally
        {
            NativeMemory.AlignedFree(buffer);
        }
    }

    /// <returns>Seconds from the moment when the first thread began to the moment when the last had finished. They read
    /// the clock themselves: where all processors are busy, a thread that waits for them wakes too late.</returns>
    private static double OnAll(int threads, Action<int> work)
    {
        using var ready = new Barrier(threads);
        var (began, ended) = (new long[threads], new long[threads]);
        var running = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            var at = i;
            running[i] = new Thread(() =>
            {
                ready.SignalAndWait();
                began[at] = Stopwatch.GetTimestamp();
                work(at);
                ended[at] = Stopwatch.GetTimestamp();
            });
            running[i].Start();
        }

        foreach (var thread in running)
        {
            thread.Join();
        }

        return Stopwatch.GetElapsedTime(began.Min(), ended.Max()).TotalSeconds;
    }

    /// <summary>Several sums side by side, so that the additions never wait for each other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static unsafe ulong Sum(ulong* values, long count)
    {
        var width = Vector<ulong>.Count;
        var (a, b, c, d) = (Vector<ulong>.Zero, Vector<ulong>.Zero, Vector<ulong>.Zero, Vector<ulong>.Zero);
        var (e, f, g, h) = (a, b, c, d);
        for (var p = values; p < values + count; p += Chains * width)
        {
            a += Unsafe.Read<Vector<ulong>>(p);
            b += Unsafe.Read<Vector<ulong>>(p + width);
            c += Unsafe.Read<Vector<ulong>>(p + (2 * width));
            d += Unsafe.Read<Vector<ulong>>(p + (3 * width));
            e += Unsafe.Read<Vector<ulong>>(p + (4 * width));
            f += Unsafe.Read<Vector<ulong>>(p + (5 * width));
            g += Unsafe.Read<Vector<ulong>>(p + (6 * width));
            h += Unsafe.Read<Vector<ulong>>(p + (7 * width));
        }

        return Vector.Sum(a + b + c + d + e + f + g + h);
    }
}
