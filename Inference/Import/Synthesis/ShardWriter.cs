using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Writes one file of weights in one of the published formats.</summary>
internal abstract class ShardWriter(HuggingFaceFormat format)
{
    /// <summary>One writer for each format that can be written.</summary>
    public static IReadOnlyList<ShardWriter> All { get; } = [new TorchShardWriter(), new SafetensorsShardWriter()];

    /// <summary>Names of the files.</summary>
    public HuggingFaceFormat Format => format;

    /// <exception cref="ArgumentException">No such format; the message lists those there are.</exception>
    public static ShardWriter For(string format) => All.FirstOrDefault(writer => writer.Format.Name == format)
        ?? throw new ArgumentException(
            $"'{format}' is not a format of weights that can be written. Known are {string.Join(", ", All.Select(w => w.Format.Name))}.",
            nameof(format));

    /// <param name="stream">At position 0; not disposed here.</param>
    /// <param name="name">The file's name without its extension.</param>
    /// <param name="tensors">All tensors of the file.</param>
    /// <param name="values">Their values.</param>
    public abstract void Write(Stream stream, string name, IReadOnlyList<SyntheticTensor> tensors, SyntheticValues values);
}

/// <summary>Writes what torch.save writes: a ZIP archive with data.pkl and one entry per tensor.</summary>
/// <param name="always64">Uses 64-bit records however small everything is.</param>
internal sealed class TorchShardWriter(bool always64 = false) : ShardWriter(new TorchFormat())
{
    public override void Write(Stream stream, string name, IReadOnlyList<SyntheticTensor> tensors, SyntheticValues values)
    {
        using var summing = new SummingStream(stream);
        var zip = new StoredZipWriter(summing, always64);
        void AddBytes(string entry, byte[] bytes) => zip.Add($"{name}/{entry}", bytes.Length, s => s.Write(bytes));
        AddBytes("data.pkl", StateDictionaryPickle.Of(tensors));
        AddBytes("byteorder", "little"u8.ToArray());
        foreach (var (key, tensor) in tensors.Index())
        {
            zip.Add(
                string.Create(CultureInfo.InvariantCulture, $"{name}/data/{key}"),
                tensor.ByteCount,
                s => values.Write(tensor, s));
        }

        AddBytes("version", "3\n"u8.ToArray());
        zip.Finish();
    }
}

/// <summary>Writes safetensors: a header, then one tensor after the other.</summary>
internal sealed class SafetensorsShardWriter() : ShardWriter(new SafetensorsFormat())
{
    public override void Write(Stream stream, string name, IReadOnlyList<SyntheticTensor> tensors, SyntheticValues values)
    {
        const int Alignment = 8;
        var header = Header(tensors);
        var padded = (header.Length + Alignment - 1) / Alignment * Alignment;
        Span<byte> length = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, padded);
        stream.Write(length);
        stream.Write(header);
        for (var i = header.Length; i < padded; i++)
        {
            stream.WriteByte((byte)' ');
        }

        foreach (var tensor in tensors)
        {
            values.Write(tensor, stream);
        }
    }

    private static byte[] Header(IReadOnlyList<SyntheticTensor> tensors)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            json.WriteString("format", "pt");
            json.WriteEndObject();
            var offset = 0L;
            foreach (var tensor in tensors)
            {
                json.WriteStartObject(tensor.Name);
                json.WriteString("dtype", "F16");
                WriteArray(json, "shape", tensor.Shape);
                WriteArray(json, "data_offsets", [offset, offset + tensor.ByteCount]);
                json.WriteEndObject();
                offset += tensor.ByteCount;
            }

            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private static void WriteArray(Utf8JsonWriter json, string name, long[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }
}
