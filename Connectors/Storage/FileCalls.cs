using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Calls that .NET lacks: opening, flushing and locking a folder.</summary>
internal static partial class FileCalls
{
    /// <summary>Another process has the lock.</summary>
    public const int WouldBlock = 11;

    private const int ReadOnly = 0;
    private const int ReadWriteCreate = 2 | 0x40;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;

    // The value of this flag depends on the processor.
    private static readonly int NoFollow = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;

    /// <summary>Opens a folder, or a file for reading.</summary>
    /// <returns>An invalid handle when it cannot be opened.</returns>
    public static SafeFileHandle OpenForReading(string path) => new(Open(path, ReadOnly | CloseOnExec | NonBlocking, 0), ownsHandle: true);

    /// <summary>Opens or creates a file that every user may lock. Does not follow a link at the end of the path.</summary>
    /// <returns>An invalid handle when it cannot be opened.</returns>
    public static SafeFileHandle OpenToLock(string path) =>
        new(Open(path, ReadWriteCreate | CloseOnExec | NonBlocking | NoFollow, Convert.ToUInt32("644", 8)), ownsHandle: true);

    /// <summary>Locks an open file or folder until it is closed or the process ends for any reason.</summary>
    /// <returns>0, or the number of the error.</returns>
    public static int TryLock(SafeFileHandle handle) =>
        Lock(handle, LockExclusive | LockNonBlocking) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Makes the names in a folder survive a power cut.</summary>
    /// <exception cref="IOException">They may not.</exception>
    public static void FlushFolder(string path)
    {
        using var folder = OpenForReading(path);
        if (folder.IsInvalid || Flush(folder) != 0)
        {
            throw new IOException($"The folder '{path}' cannot be flushed: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle handle, int operation);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Flush(SafeFileHandle handle);
}
