using System.Text;
using Google.Protobuf;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

/// <summary>Bytes in the form of protocol buffers with arbitrary fields, nested and extreme ones too; the same seed gives the same bytes. They
/// come further than damaged messages, because lengths and tags are right.</summary>
internal sealed class ArbitraryFields(int seed)
{
    private const int MaxDepth = 3;

    private static readonly long[] Numbers =
        [0, 1, 2, 3, 4, 12, 64, 65, 255, 336, 512, 513, 4096, 65_536, 0xFFFFFF, int.MaxValue, 1L + int.MaxValue, long.MaxValue, -1, int.MinValue, long.MinValue];

    private static readonly double[] Reals =
        [0, 1, -1, 0.5, -0.0, double.Epsilon, double.MaxValue, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    private static readonly byte[][] Blocks =
    [
        [],
        "yes"u8.ToArray(),
        "two\nlines\u0000"u8.ToArray(),
        Encoding.UTF8.GetBytes(new string('\u00e9', 300)),
        [0xFF, 0xFE],
        [0xED, 0xA0, 0x80],
        new byte[3],
        new byte[48],
        new byte[40_000],
    ];

    private readonly Random _random = new(seed);

    /// <summary>One message.</summary>
    public byte[] Message() => Message(0);

    private byte[] Message(int depth)
    {
        using var buffer = new MemoryStream();
        using (var output = new CodedOutputStream(buffer, leaveOpen: true))
        {
            for (var fields = _random.Next(12); fields > 0; fields--)
            {
                Write(output, depth);
            }
        }

        return buffer.ToArray();
    }

    private void Write(CodedOutputStream output, int depth)
    {
        // Sometimes a field that no version knows.
        var field = _random.Next(20) == 0 ? _random.Next(100, 1 << 20) : _random.Next(1, 15);
        switch (_random.Next(16))
        {
            case < 7:
                output.WriteTag(field, WireFormat.WireType.Varint);
                output.WriteInt64(_random.Next(4) == 0 ? _random.NextInt64(long.MinValue, long.MaxValue) : Numbers[_random.Next(Numbers.Length)]);
                break;
            case < 9:
                output.WriteTag(field, WireFormat.WireType.Fixed64);
                output.WriteDouble(Reals[_random.Next(Reals.Length)]);
                break;
            case < 12:
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(Blocks[_random.Next(Blocks.Length)]));
                break;
            case < 14 when depth < MaxDepth:
                output.WriteTag(field, WireFormat.WireType.LengthDelimited);
                output.WriteBytes(ByteString.CopyFrom(Message(depth + 1)));
                break;
            case 14:
                output.WriteTag(field, WireFormat.WireType.Fixed32);
                output.WriteFixed32((uint)_random.Next());
                break;
            default:
                // A group that may never end, or ends without a beginning.
                output.WriteTag(field, _random.Next(2) == 0 ? WireFormat.WireType.StartGroup : WireFormat.WireType.EndGroup);
                break;
        }
    }
}
