using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Memory that reads as zeros and costs nothing until it is written: a cache of a thousand tokens that holds two
/// hundred takes the room of two hundred. Large pages are declined, since each would span several heads' rows and so
/// bring in all of them at the first token.</summary>
internal sealed unsafe partial class ZeroedMemory : IDisposable
{
    private const int NoLargePages = 15;

    private void* _start;

    public ZeroedMemory(long bytes)
    {
        var page = (nuint)Environment.SystemPageSize;
        _start = NativeMemory.AllocZeroed((nuint)bytes + page);

        // At a page of its own, as the advice requires. It is only advice: where it is not taken, more memory is used.
        Address = (nint)(((nuint)_start + page - 1) / page * page);
        if (OperatingSystem.IsLinux())
        {
            _ = Advise((void*)Address, (nuint)bytes, NoLargePages);
        }
    }

    /// <summary>At a page's start; valid until disposed.</summary>
    public nint Address { get; }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* start, nuint length, int advice);
}
