using System.Text;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

/// <summary>Writes ZIP archives byte by byte, right ones and wrong ones.</summary>
internal sealed class StoredZip
{
    private readonly List<(string Name, byte[] Data, ushort Method, ushort Flags)> _entries = [];

    /// <summary>Puts sizes and offsets into ZIP64 records, as above 4 GiB, however small the file is.</summary>
    public bool Zip64 { get; init; }

    public StoredZip Add(string name, byte[] data, ushort method = 0, ushort flags = 0)
    {
        _entries.Add((name, data, method, flags));
        return this;
    }

    public byte[] ToArray()
    {
        var stream = new MemoryStream();
        WriteTo(stream);
        return stream.ToArray();
    }

    /// <param name="stream">Where the archive goes.</param>
    /// <param name="gapBeforeLast">Bytes left out before the last entry, to make a sparse file large.</param>
    public void WriteTo(Stream stream, long gapBeforeLast = 0)
    {
        using var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true);
        var offsets = new List<long>();
        foreach (var (name, data, method, flags) in _entries)
        {
            if (offsets.Count == _entries.Count - 1)
            {
                stream.Seek(gapBeforeLast, SeekOrigin.Current);
            }

            // As torch.save: sizes zero in front, and padding so that the data is aligned.
            offsets.Add(stream.Position);
            var padding = (int)((64 - ((stream.Position + 30 + name.Length + 4) % 64)) % 64);
            writer.Write(0x04034b50u);
            writer.Write((ushort)20);
            writer.Write(flags);
            writer.Write(method);
            writer.Write(new byte[16]);
            writer.Write((ushort)name.Length);
            writer.Write((ushort)(4 + padding));
            writer.Write(Encoding.ASCII.GetBytes(name));
            writer.Write((ushort)0x4246);
            writer.Write((ushort)padding);
            writer.Write(new byte[padding]);
            writer.Write(data);
        }

        var start = stream.Position;
        foreach (var (entry, offset) in _entries.Zip(offsets))
        {
            WriteDirectoryEntry(writer, entry.Name, entry.Data.Length, offset, entry.Method, entry.Flags);
        }

        WriteEnd(writer, start, stream.Position - start);
    }

    private void WriteDirectoryEntry(
        BinaryWriter writer, string name, int length, long offset, ushort method, ushort flags)
    {
        writer.Write(0x02014b50u);
        writer.Write((ushort)45);
        writer.Write((ushort)20);
        writer.Write(flags);
        writer.Write(method);
        writer.Write(new byte[8]);
        writer.Write(Zip64 ? uint.MaxValue : (uint)length);
        writer.Write(Zip64 ? uint.MaxValue : (uint)length);
        writer.Write((ushort)name.Length);
        writer.Write((ushort)(Zip64 ? 28 : 0));
        writer.Write(new byte[10]);
        writer.Write(Zip64 ? uint.MaxValue : (uint)offset);
        writer.Write(Encoding.ASCII.GetBytes(name));
        if (Zip64)
        {
            writer.Write((ushort)1);
            writer.Write((ushort)24);
            writer.Write((long)length);
            writer.Write((long)length);
            writer.Write(offset);
        }
    }

    private void WriteEnd(BinaryWriter writer, long start, long length)
    {
        var end64 = writer.BaseStream.Position;
        if (Zip64)
        {
            writer.Write(0x06064b50u);
            writer.Write(44L);
            writer.Write((ushort)45);
            writer.Write((ushort)45);
            writer.Write(0L);
            writer.Write((long)_entries.Count);
            writer.Write((long)_entries.Count);
            writer.Write(length);
            writer.Write(start);
            writer.Write(0x07064b50u);
            writer.Write(0);
            writer.Write(end64);
            writer.Write(1);
        }

        writer.Write(0x06054b50u);
        writer.Write(0);
        writer.Write(Zip64 ? ushort.MaxValue : (ushort)_entries.Count);
        writer.Write(Zip64 ? ushort.MaxValue : (ushort)_entries.Count);
        writer.Write(Zip64 ? uint.MaxValue : (uint)length);
        writer.Write(Zip64 ? uint.MaxValue : (uint)start);
        writer.Write((ushort)0);
    }
}
