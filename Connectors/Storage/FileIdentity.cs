using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Connectors.Storage;

/// <summary>Identifies the file that a path names at this moment, by device and inode number, so that different spellings of
/// the path are equal.</summary>
/// <param name="Device">Device number of the file system.</param>
/// <param name="Inode">Within the file system.</param>
/// <param name="Mode">Type and permissions as in <c>stat(2)</c>.</param>
/// <param name="Length">Length of a file, in bytes.</param>
internal readonly partial record struct FileIdentity(ulong Device, ulong Inode, ushort Mode, long Length)
{
    private const int CurrentDirectory = -100;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xf000;
    private const int DirectoryType = 0x4000;
    private const int RegularType = 0x8000;

    /// <summary>Who it belongs to.</summary>
    public FileOwner Owner { get; init; }

    public bool IsDirectory => (Mode & TypeMask) == DirectoryType;

    public bool IsRegularFile => (Mode & TypeMask) == RegularType;

    /// <summary>Follows symbolic links.</summary>
    /// <returns>Null when nothing is there, or it cannot be examined.</returns>
    public static FileIdentity? Of(string path) =>
        Stat(CurrentDirectory, path, 0, BasicStats, out var found) == 0
            ? new FileIdentity(((ulong)found.DeviceMajor << 32) | found.DeviceMinor, found.Inode, found.Mode, (long)found.Length)
            {
                Owner = new FileOwner(found.User, found.Group),
            }
            : null;

    public bool IsSameFile(FileIdentity other) => Device == other.Device && Inode == other.Inode;

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int folder, string path, int flags, uint mask, out Statx found);

    // The layout is the same on every architecture.
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;

        [FieldOffset(32)]
        public ulong Inode;

        [FieldOffset(40)]
        public ulong Length;

        [FieldOffset(136)]
        public uint DeviceMajor;

        [FieldOffset(140)]
        public uint DeviceMinor;
    }
}
