using System.Text;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>A ZIP archive as torch.save lays it out: entries stored, their bytes at multiples of 64, sums and sizes
/// behind them, 64-bit records where 32 bits are too few. Written in one go, front to back.</summary>
/// <param name="stream">At position 0; not disposed here.</param>
/// <param name="always64">Uses 64-bit records however small everything is.</param>
internal sealed class StoredZipWriter(SummingStream stream, bool always64 = false)
{
    private const int Alignment = 64;
    private const int LocalBytes = 30;
    private const int PaddingHead = 4;
    private const int Local64Bytes = 20;
    private const ushort SumsBehindAndUtf8 = 0x0808;
    private const ushort Version = 20;
    private const ushort Version64 = 45;

    private readonly List<Entry> _entries = [];

    /// <param name="name">With folders, separated by slashes.</param>
    /// <param name="length">Bytes that <paramref name="write"/> writes.</param>
    /// <param name="write">Called once, at once.</param>
    public void Add(string name, long length, Action<Stream> write)
    {
        var wide = IsWide(length);
        var offset = stream.Position;
        var utf8 = Encoding.UTF8.GetBytes(name);
        var fixedExtra = (wide ? Local64Bytes : 0) + PaddingHead;
        var padding = (int)(-(offset + LocalBytes + utf8.Length + fixedExtra) & (Alignment - 1));
        using (var writer = Writer())
        {
            writer.Write(0x04034b50u);
            writer.Write(wide ? Version64 : Version);
            writer.Write(SumsBehindAndUtf8);
            writer.Write(new byte[10]);
            writer.Write(wide ? uint.MaxValue : 0);
            writer.Write(wide ? uint.MaxValue : 0);
            writer.Write((ushort)utf8.Length);
            writer.Write((ushort)(fixedExtra + padding));
            writer.Write(utf8);
            if (wide)
            {
                Write64(writer, length, length);
            }

            // "FB" is what torch.save calls its padding.
            writer.Write("FB"u8);
            writer.Write((ushort)padding);
            writer.Write(new byte[padding]);
        }

        var start = stream.Position;
        stream.ResetSum();
        write(stream);
        var entry = new Entry(utf8, offset, length, stream.Sum);
        if (stream.Position - start != length)
        {
            throw new InvalidOperationException($"'{name}' of {length} bytes wrote {stream.Position - start}.");
        }

        using (var writer = Writer())
        {
            writer.Write(0x08074b50u);
            writer.Write(entry.Sum);
            WriteSizes(writer, length, wide);
        }

        _entries.Add(entry);
    }

    /// <summary>Writes the table of contents. Nothing may be added afterwards.</summary>
    public void Finish()
    {
        var start = stream.Position;
        using var writer = Writer();
        _entries.ForEach(entry => WriteEntry(writer, entry));
        var end = stream.Position;
        var wide = IsWide(start) || IsWide(end - start) || _entries.Count >= ushort.MaxValue;
        if (wide)
        {
            writer.Write(0x06064b50u);
            writer.Write(44L);
            writer.Write(Version64);
            writer.Write(Version64);
            writer.Write(0L);
            writer.Write((long)_entries.Count);
            writer.Write((long)_entries.Count);
            writer.Write(end - start);
            writer.Write(start);
            writer.Write(0x07064b50u);
            writer.Write(0);
            writer.Write(end);
            writer.Write(1);
        }

        writer.Write(0x06054b50u);
        writer.Write(0);
        writer.Write(wide ? ushort.MaxValue : (ushort)_entries.Count);
        writer.Write(wide ? ushort.MaxValue : (ushort)_entries.Count);
        writer.Write(wide ? uint.MaxValue : (uint)(end - start));
        writer.Write(wide ? uint.MaxValue : (uint)start);
        writer.Write((ushort)0);
    }

    private void WriteEntry(BinaryWriter writer, Entry entry)
    {
        var (wideSize, wideOffset) = (IsWide(entry.Length), IsWide(entry.Offset));
        long[] fields = [.. wideSize ? (long[])[entry.Length, entry.Length] : [], .. wideOffset ? (long[])[entry.Offset] : []];
        var version = fields.Length > 0 ? Version64 : Version;
        writer.Write(0x02014b50u);
        writer.Write(version);
        writer.Write(version);
        writer.Write(SumsBehindAndUtf8);
        writer.Write(new byte[6]);
        writer.Write(entry.Sum);
        writer.Write(wideSize ? uint.MaxValue : (uint)entry.Length);
        writer.Write(wideSize ? uint.MaxValue : (uint)entry.Length);
        writer.Write((ushort)entry.Name.Length);
        writer.Write((ushort)(fields.Length > 0 ? 4 + (8 * fields.Length) : 0));
        writer.Write(new byte[10]);
        writer.Write(wideOffset ? uint.MaxValue : (uint)entry.Offset);
        writer.Write(entry.Name);
        if (fields.Length > 0)
        {
            Write64(writer, fields);
        }
    }

    private static void Write64(BinaryWriter writer, params ReadOnlySpan<long> fields)
    {
        writer.Write((ushort)1);
        writer.Write((ushort)(8 * fields.Length));
        foreach (var field in fields)
        {
            writer.Write(field);
        }
    }

    private static void WriteSizes(BinaryWriter writer, long length, bool wide)
    {
        for (var twice = 0; twice < 2; twice++)
        {
            if (wide)
            {
                writer.Write(length);
            }
            else
            {
                writer.Write((uint)length);
            }
        }
    }

    private bool IsWide(long value) => always64 || value >= uint.MaxValue;

    private BinaryWriter Writer() => new(stream, Encoding.UTF8, leaveOpen: true);

    private sealed record Entry(byte[] Name, long Offset, long Length, uint Sum);
}
