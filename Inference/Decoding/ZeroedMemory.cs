using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Memory that reads as zeros and costs nothing until it is written: a cache for 1000 tokens that holds 200
/// occupies the pages of 200. Huge pages are declined, because each would span the rows of several heads and so commit
/// all of them at the first token.</summary>
internal sealed unsafe partial class ZeroedMemory : IDisposable
{
    private const int NoHugePages = 15;

    private void* _start;

    public ZeroedMemory(long bytes)
    {
        var page = (nuint)Environment.SystemPageSize;
        _start = NativeMemory.AllocZeroed((nuint)bytes + page);

        // Page-aligned, as madvise requires. Where the kernel ignores the advice, more memory is used.
        Address = (nint)(((nuint)_start + page - 1) / page * page);
        if (OperatingSystem.IsLinux())
        {
            _ = Advise((void*)Address, (nuint)bytes, NoHugePages);
        }
    }

    /// <summary>Start of a page; valid until disposed.</summary>
    public nint Address { get; }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
