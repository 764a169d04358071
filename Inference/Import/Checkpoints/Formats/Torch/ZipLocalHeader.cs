using System.Buffers.Binary;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>The header in front of an entry's bytes. Its length is what makes reading in place possible; its sizes
/// are ignored, because torch.save leaves them zero.</summary>
internal static class ZipLocalHeader
{
    private const uint Signature = 0x04034b50;
    private const int FixedBytes = 30;

    /// <summary>Offset of the entry's bytes.</summary>
    public static long DataOffset(
        CheckpointFile file, string name, ReadOnlySpan<byte> nameUtf8, long header, long directoryStart)
    {
        Span<byte> start = stackalloc byte[FixedBytes];
        if (header > directoryStart - FixedBytes)
        {
            throw Damaged(file, name);
        }

        file.ReadExactly(header, start);
        var nameBytes = BinaryPrimitives.ReadUInt16LittleEndian(start[26..]);
        var extraBytes = BinaryPrimitives.ReadUInt16LittleEndian(start[28..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(start) != Signature
            || BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) != 0
            || nameBytes != nameUtf8.Length
            || header + FixedBytes + nameBytes + extraBytes > directoryStart)
        {
            throw Damaged(file, name);
        }

        // Two names for one entry would let a scanner see another file than this reader does.
        var localName = new byte[nameBytes];
        file.ReadExactly(header + FixedBytes, localName);
        return nameUtf8.SequenceEqual(localName)
            ? header + FixedBytes + nameBytes + extraBytes
            : throw Damaged(file, name);
    }

    private static CheckpointException Damaged(CheckpointFile file, string name) =>
        file.Error($"entry '{name}' is not where the table of contents places it. It is damaged; download it again.");
}
