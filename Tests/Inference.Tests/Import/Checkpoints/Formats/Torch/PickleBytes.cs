using System.Buffers.Binary;
using System.Text;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

/// <summary>Writes pickles instruction by instruction.</summary>
internal sealed class PickleBytes
{
    private readonly List<byte> _bytes = [];

    public PickleBytes() => Raw(0x80, 2);

    public PickleBytes Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBytes Code(char code) => Raw((byte)code);

    public PickleBytes Ascii(string text) => Raw(Encoding.ASCII.GetBytes(text));

    public PickleBytes Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Code('X').Raw(Four(utf8.Length));
        return Raw(utf8);
    }

    public PickleBytes Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Raw(0x8a, 8).Raw(bytes);
    }

    public PickleBytes Global(string module, string name) => Code('c').Ascii($"{module}\n{name}\n");

    public PickleBytes Integers(params ReadOnlySpan<long> values)
    {
        Code('(');
        foreach (var value in values)
        {
            Integer(value);
        }

        return Code('t');
    }

    /// <summary>One tensor as torch.save writes it.</summary>
    public PickleBytes Tensor(
        string storage, string key, long count, long offset, ReadOnlySpan<long> shape, ReadOnlySpan<long> strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Code('(')
            .Code('(').Text("storage").Global("torch", storage).Text(key).Text("cpu").Integer(count).Code('t').Code('Q')
            .Integer(offset).Integers(shape).Integers(strides).Raw(0x89)
            .Global("collections", "OrderedDict").Code(')').Code('R')
            .Code('t').Code('R');

    public byte[] ToArray() => [.. _bytes];

    /// <summary>A state dictionary of one tensor.</summary>
    public static byte[] Of(
        string name,
        string storage,
        long count,
        ReadOnlySpan<long> shape,
        ReadOnlySpan<long> strides,
        long offset = 0) =>
        new PickleBytes().Code('}').Code('(').Text(name).Tensor(storage, "0", count, offset, shape, strides)
            .Code('u').Code('.').ToArray();

    private static byte[] Four(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
