using System.Buffers.Binary;
using System.Text;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>data.pkl of a file that torch.save writes: a dictionary of names to tensors, pickle protocol 2. Each tensor
/// refers to the storage of the same number.</summary>
internal sealed class StateDictionaryPickle
{
    /// <summary>Items that Python's pickler puts in at once.</summary>
    private const int Batch = 1000;

    private readonly List<byte> _bytes = [];
    private readonly Dictionary<string, byte> _memo = [];

    private StateDictionaryPickle()
    {
    }

    public static byte[] Of(IReadOnlyList<SyntheticTensor> tensors)
    {
        var pickle = new StateDictionaryPickle();
        pickle.Code(PickleCode.Protocol);
        pickle._bytes.Add(2);
        pickle.Code(PickleCode.EmptyDict);
        foreach (var batch in tensors.Index().Chunk(Batch))
        {
            pickle.Code(PickleCode.Mark);
            foreach (var (key, tensor) in batch)
            {
                pickle.Text(tensor.Name);
                pickle.Tensor(key, tensor);
            }

            pickle.Code(PickleCode.SetItems);
        }

        pickle.Code(PickleCode.Stop);
        return [.. pickle._bytes];
    }

    private void Tensor(int key, SyntheticTensor tensor)
    {
        Global("torch._utils\n_rebuild_tensor_v2\n");
        Code(PickleCode.Mark);

        Code(PickleCode.Mark);
        Once("storage", Text);
        Global("torch\nHalfStorage\n");
        Text(key.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Once("cpu", Text);
        Integer(tensor.Count);
        Code(PickleCode.Tuple);
        Code(PickleCode.BinPersistentId);

        Integer(0);
        Integers(tensor.Shape);
        Integers(Strides(tensor.Shape));
        Code(PickleCode.NewFalse);

        // Hooks, of which there are none.
        Global("collections\nOrderedDict\n");
        Code(PickleCode.EmptyTuple);
        Code(PickleCode.Reduce);
        Code(PickleCode.Tuple);
        Code(PickleCode.Reduce);
    }

    private static long[] Strides(long[] shape)
    {
        var strides = new long[shape.Length];
        var stride = 1L;
        for (var i = shape.Length - 1; i >= 0; i--)
        {
            strides[i] = stride;
            stride *= shape[i];
        }

        return strides;
    }

    private void Integers(long[] values)
    {
        if (values.Length > 3)
        {
            Code(PickleCode.Mark);
        }

        foreach (var value in values)
        {
            Integer(value);
        }

        Code(values.Length switch
        {
            1 => PickleCode.Tuple1,
            2 => PickleCode.Tuple2,
            3 => PickleCode.Tuple3,
            _ => PickleCode.Tuple,
        });
    }

    private void Integer(long value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        switch (value)
        {
            case >= 0 and <= byte.MaxValue:
                Code(PickleCode.BinInt1);
                _bytes.AddRange(bytes[..1]);
                break;
            case >= 0 and <= ushort.MaxValue:
                Code(PickleCode.BinInt2);
                _bytes.AddRange(bytes[..2]);
                break;
            case >= int.MinValue and <= int.MaxValue:
                Code(PickleCode.BinInt);
                _bytes.AddRange(bytes[..4]);
                break;
            default:
                Code(PickleCode.Long1);
                _bytes.Add(sizeof(long));
                _bytes.AddRange(bytes);
                break;
        }
    }

    private void Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        Code(PickleCode.BinUnicode);
        _bytes.AddRange(length);
        _bytes.AddRange(utf8);
    }

    private void Global(string lines) => Once(lines, text =>
    {
        Code(PickleCode.Global);
        _bytes.AddRange(Encoding.ASCII.GetBytes(text));
    });

    /// <summary>Writes a thing the first time and recalls it afterwards, as pickle does with what is the same object.</summary>
    private void Once(string thing, Action<string> write)
    {
        if (_memo.TryGetValue(thing, out var index))
        {
            Code(PickleCode.BinGet);
        }
        else
        {
            write(thing);
            _memo[thing] = index = (byte)_memo.Count;
            Code(PickleCode.BinPut);
        }

        _bytes.Add(index);
    }

    private void Code(PickleCode code) => _bytes.Add((byte)code);
}
