using System.Buffers.Binary;
using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>One entry's bytes in the archive.</summary>
internal readonly record struct ZipEntry(string Name, long Offset, long Length);

/// <summary>A ZIP archive's table of contents with the place of each entry's bytes, so that they are read in place
/// (System.IO.Compression hands out streams only). Takes what PyTorch writes: entries that are stored, not
/// compressed, not encrypted, each name once; ZIP64 above 4 GiB.</summary>
internal static class ZipDirectory
{
    private const uint EndSignature = 0x06054b50;
    private const uint End64Signature = 0x06064b50;
    private const uint Locator64Signature = 0x07064b50;
    private const uint EntrySignature = 0x02014b50;
    private const int EndBytes = 22;
    private const int End64Bytes = 56;
    private const int Locator64Bytes = 20;
    private const int EntryBytes = 46;
    private const int LongestComment = 65535;

    // A thousand tensors take a hundred kilobytes.
    private const long LargestDirectory = 32 << 20;

    private const uint See64 = uint.MaxValue;

    public static Dictionary<string, ZipEntry> Read(CheckpointFile file)
    {
        var (start, length, count) = Locate(file);
        if (length > LargestDirectory)
        {
            throw file.Error($"has a table of contents of {length} bytes; {LargestDirectory} is the most.");
        }

        var directory = new byte[length];
        file.ReadExactly(start, directory);
        var entries = new Dictionary<string, ZipEntry>(StringComparer.Ordinal);
        var rest = directory.AsSpan();
        while (rest.Length > 0)
        {
            var entry = ReadEntry(file, start, ref rest);
            if (!entries.TryAdd(entry.Name, entry))
            {
                throw Damaged(file, $"lists '{entry.Name}' twice");
            }
        }

        return entries.Count == count
            ? entries
            : throw Damaged(file, $"lists {entries.Count} entries but states that there are {count}");
    }

    private static (long Start, long Length, long Count) Locate(CheckpointFile file)
    {
        var tail = new byte[Math.Min(file.Length, EndBytes + LongestComment)];
        var tailStart = file.Length - tail.Length;
        file.ReadExactly(tailStart, tail);
        for (var at = tail.Length - EndBytes; at >= 0; at--)
        {
            var end = tail.AsSpan(at);
            if (U32(end, 0) == EndSignature && U16(end, 20) == end.Length - EndBytes)
            {
                var endAt = tailStart + at;
                var (start, length, count) = (U32(end, 16), U32(end, 12), U16(end, 10));
                return count == ushort.MaxValue || length == See64 || start == See64
                    ? Checked(file, Locate64(file, endAt), endAt)
                    : Checked(file, (start, length, count), endAt);
            }
        }

        throw file.Truncated("a ZIP archive ends with its table of contents, which is missing");
    }

    private static (long Start, long Length, long Count) Locate64(CheckpointFile file, long endAt)
    {
        Span<byte> locator = stackalloc byte[Locator64Bytes];
        Span<byte> end = stackalloc byte[End64Bytes];
        if (endAt < Locator64Bytes + End64Bytes)
        {
            throw Damaged(file, "has no ZIP64 table of contents");
        }

        file.ReadExactly(endAt - Locator64Bytes, locator);
        var end64At = I64(locator, 8);
        if (U32(locator, 0) != Locator64Signature || end64At < 0 || end64At > endAt - Locator64Bytes - End64Bytes)
        {
            throw Damaged(file, "has no ZIP64 table of contents");
        }

        file.ReadExactly(end64At, end);
        return U32(end, 0) == End64Signature
            ? (I64(end, 48), I64(end, 40), I64(end, 32))
            : throw Damaged(file, "has no ZIP64 table of contents");
    }

    private static (long Start, long Length, long Count) Checked(
        CheckpointFile file, (long Start, long Length, long Count) directory, long limit) =>
        directory is { Start: >= 0, Length: >= 0, Count: >= 0 } && directory.Start <= limit
            && directory.Length <= limit - directory.Start
            ? directory
            : throw Damaged(file, "has its table of contents outside itself");

    private static ZipEntry ReadEntry(CheckpointFile file, long directoryStart, ref Span<byte> rest)
    {
        if (rest.Length < EntryBytes || U32(rest, 0) != EntrySignature)
        {
            throw Damaged(file, "has a table of contents that makes no sense");
        }

        var (nameBytes, extraBytes) = (U16(rest, 28), U16(rest, 30));
        var total = EntryBytes + nameBytes + extraBytes + U16(rest, 32);
        if (rest.Length < total)
        {
            throw Damaged(file, "has a table of contents that makes no sense");
        }

        var nameUtf8 = rest.Slice(EntryBytes, nameBytes);
        var name = Encoding.UTF8.GetString(nameUtf8);
        if ((U16(rest, 8) & 1) != 0)
        {
            throw file.Error($"entry '{name}' is encrypted, which no published checkpoint is.");
        }

        var (stored, length, header) = Sizes64(
            file, name, rest.Slice(EntryBytes + nameBytes, extraBytes), U32(rest, 20), U32(rest, 24), U32(rest, 42));
        if (U16(rest, 10) != 0 || stored != length)
        {
            // torch.save never compresses; a small file that unpacks to something huge is an attack.
            throw file.Error($"entry '{name}' is compressed, which torch.save never does. Save the model again.");
        }

        var offset = ZipLocalHeader.DataOffset(file, name, nameUtf8, header, directoryStart);
        if (length < 0 || length > directoryStart - offset)
        {
            throw Damaged(file, $"entry '{name}' does not fit into the file");
        }

        rest = rest[total..];
        return new ZipEntry(name, offset, length);
    }

    /// <summary>Replaces each 32-bit field that is all ones by its 64-bit field; those are in this order.</summary>
    private static (long Stored, long Length, long Header) Sizes64(
        CheckpointFile file, string name, ReadOnlySpan<byte> extra, uint stored, uint length, uint header)
    {
        ReadOnlySpan<byte> fields = [];
        while (extra.Length >= 4 && U16(extra, 2) <= extra.Length - 4)
        {
            var field = extra.Slice(4, U16(extra, 2));
            fields = U16(extra, 0) == 1 ? field : fields;
            extra = extra[(4 + field.Length)..];
        }

        var length64 = Take(ref fields, length);
        var stored64 = Take(ref fields, stored);
        return (stored64, length64, Take(ref fields, header));

        long Take(ref ReadOnlySpan<byte> from, uint narrow)
        {
            if (narrow != See64)
            {
                return narrow;
            }

            if (from.Length < 8)
            {
                throw Damaged(file, $"entry '{name}' lacks its ZIP64 sizes");
            }

            var wide = I64(from, 0);
            from = from[8..];
            return wide >= 0 ? wide : throw Damaged(file, $"entry '{name}' has a negative size");
        }
    }

    private static CheckpointException Damaged(CheckpointFile file, string what) =>
        file.Error($"{what}. It is damaged; download it again.");

    private static ushort U16(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt16LittleEndian(from[at..]);

    private static uint U32(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadUInt32LittleEndian(from[at..]);

    private static long I64(ReadOnlySpan<byte> from, int at) => BinaryPrimitives.ReadInt64LittleEndian(from[at..]);
}
