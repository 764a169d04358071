using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>One file of weights, in either of the published formats.</summary>
internal static class ShardWriter
{
    /// <summary>What torch.save writes: a ZIP archive with data.pkl and one entry a tensor.</summary>
    public static void WriteTorch(
        Stream stream, string prefix, IReadOnlyList<SyntheticTensor> tensors, SyntheticValues values, bool always64 = false)
    {
        using var summing = new SummingStream(stream);
        var zip = new StoredZipWriter(summing, always64);
        void AddBytes(string name, byte[] bytes) => zip.Add($"{prefix}/{name}", bytes.Length, s => s.Write(bytes));
        AddBytes("data.pkl", StateDictionaryPickle.Of(tensors));
        AddBytes("byteorder", "little"u8.ToArray());
        foreach (var (key, tensor) in tensors.Index())
        {
            zip.Add(
                string.Create(CultureInfo.InvariantCulture, $"{prefix}/data/{key}"),
                tensor.ByteCount,
                s => values.Write(tensor, s));
        }

        AddBytes("version", "3\n"u8.ToArray());
        zip.Finish();
    }

    /// <summary>safetensors: a header, then one tensor after the other.</summary>
    public static void WriteSafetensors(Stream stream, IReadOnlyList<SyntheticTensor> tensors, SyntheticValues values)
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
