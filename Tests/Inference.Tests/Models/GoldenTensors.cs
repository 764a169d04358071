using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Reads <c>expected.safetensors</c> with nothing of the product's own reader.</summary>
internal sealed class GoldenTensors
{
    private readonly byte[] _file;
    private readonly int _data;
    private readonly JsonDocument _header;

    private GoldenTensors(string path)
    {
        _file = File.ReadAllBytes(path);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_file);
        _header = JsonDocument.Parse(_file.AsMemory(8, length));
        _data = 8 + length;
    }

    public static GoldenTensors Load(string name) => new(GoldenFolder.Path(name, "expected.safetensors"));

    public float[] Floats(string tensor) => MemoryMarshal.Cast<byte, float>(Bytes(tensor)).ToArray();

    public ReadOnlySpan<byte> Bytes(string tensor)
    {
        var offsets = _header.RootElement.GetProperty(tensor).GetProperty("data_offsets");
        var from = offsets[0].GetInt32();
        return _file.AsSpan(_data + from, offsets[1].GetInt32() - from);
    }
}
