using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

/// <summary>The kernel's buffer of a pipe. Through the usual 64 KiB a frame of 1920 x 1080 goes in a hundred parts, and reader and writer
/// wake each other for each of them.</summary>
internal static partial class PipeBuffer
{
    /// <summary>What Linux allows a process without privileges, unless <c>/proc/sys/fs/pipe-max-size</c> says otherwise.</summary>
    public const int Bytes = 1 << 20;

    private const int SetPipeSize = 1031;

    /// <summary>Enlarges the buffer to <see cref="Bytes"/>. Leaves it as it is where the system refuses, because a small one
    /// works as well.</summary>
    /// <returns>Whether it was enlarged.</returns>
    public static bool TryEnlarge(Stream pipe)
    {
        SafeHandle? handle = pipe switch
        {
            PipeStream stream => stream.SafePipeHandle,
            FileStream stream => stream.SafeFileHandle,
            _ => null,
        };
        return OperatingSystem.IsLinux() && handle is not null && Control(handle, SetPipeSize, Bytes) >= Bytes;
    }

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeHandle file, int command, nint argument);
}
