using System.Buffers.Binary;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

internal sealed partial class Unpickler
{
    private bool ReadPlain(PickleCode code)
    {
        switch (code)
        {
            case PickleCode.Protocol:
                var protocol = Bytes(1)[0];
                if (protocol is < 2 or > 5)
                {
                    throw Error($"is of pickle protocol {protocol}");
                }

                break;
            case PickleCode.Frame:
                var length = BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));
                if (length < 0 || length > pickle.Length - _position)
                {
                    throw Error("ends in the middle of a frame");
                }

                break;
            case PickleCode.None: Push(null); break;
            case PickleCode.NewTrue: Push(true); break;
            case PickleCode.NewFalse: Push(false); break;
            case PickleCode.BinInt: Push((long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4))); break;
            case PickleCode.BinInt1: Push((long)Bytes(1)[0]); break;
            case PickleCode.BinInt2: Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2))); break;
            case PickleCode.BinFloat: Push(BinaryPrimitives.ReadDoubleBigEndian(Bytes(8))); break;
            case PickleCode.Long1: Push(Long(Bytes(1)[0])); break;
            case PickleCode.BinUnicode: Push(Text(UInt32())); break;
            case PickleCode.ShortBinUnicode: Push(Text(Bytes(1)[0])); break;
            default: return false;
        }

        return true;
    }

    private long Long(int length)
    {
        if (length > sizeof(long))
        {
            throw Error($"has an integer of {length} bytes");
        }

        // Two's complement: the last byte determines the missing ones.
        var bytes = Bytes(length);
        Span<byte> whole = stackalloc byte[sizeof(long)];
        whole.Fill(length > 0 && (bytes[^1] & 0x80) != 0 ? byte.MaxValue : (byte)0);
        bytes.CopyTo(whole);
        return BinaryPrimitives.ReadInt64LittleEndian(whole);
    }

    private bool ReadMemo(PickleCode code)
    {
        switch (code)
        {
            case PickleCode.BinPut: Remember(Bytes(1)[0]); break;
            case PickleCode.LongBinPut: Remember(UInt32()); break;
            case PickleCode.Memoize: Remember(_memo.Count); break;
            case PickleCode.BinGet: Push(Recall(Bytes(1)[0])); break;
            case PickleCode.LongBinGet: Push(Recall(UInt32())); break;
            default: return false;
        }

        return true;
    }

    private void Remember(long index)
    {
        if (_memo.Count >= MostMemoEntries)
        {
            throw Error($"remembers more than {MostMemoEntries} things");
        }

        var value = Pop();
        _stack.Add(value);
        _memo[index] = value;
    }

    private object? Recall(long index) =>
        _memo.TryGetValue(index, out var value) ? value : throw Error($"recalls {index}, which it never remembered");

    private bool ReadContainer(PickleCode code)
    {
        switch (code)
        {
            case PickleCode.Mark:
                if (_marks.Count >= MostMarks)
                {
                    throw Error($"is nested more than {MostMarks} deep");
                }

                _marks.Push(_stack.Count);
                break;
            case PickleCode.EmptyTuple: Push(Array.Empty<object?>()); break;
            case PickleCode.Tuple: Push(PopToMark()); break;
            case PickleCode.Tuple1: Push(PopTuple(1)); break;
            case PickleCode.Tuple2: Push(PopTuple(2)); break;
            case PickleCode.Tuple3: Push(PopTuple(3)); break;
            case PickleCode.EmptyList: Push(new PickledList()); break;
            case PickleCode.Append: Append(PopTuple(1)); break;
            case PickleCode.Appends: Append(PopToMark()); break;
            case PickleCode.EmptyDict: Push(new PickledDictionary()); break;
            case PickleCode.SetItem: Set(PopTuple(2)); break;
            case PickleCode.SetItems: Set(PopToMark()); break;
            default: return false;
        }

        return true;
    }

    private void Append(object?[] items) => Peek<PickledList>("a list").Items.AddRange(items);

    private void Set(object?[] items)
    {
        var target = Peek<PickledDictionary>("a dictionary").Items;
        if (items.Length % 2 != 0)
        {
            throw Error("has a key without a value");
        }

        for (var i = 0; i < items.Length; i += 2)
        {
            target.Add(new(items[i], items[i + 1]));
        }
    }

    private bool ReadCall(PickleCode code)
    {
        switch (code)
        {
            case PickleCode.Global: Push(Global(Line(), Line())); break;
            case PickleCode.StackGlobal: Push(StackGlobal(PopTuple(2))); break;
            case PickleCode.BinPersistentId: Push(Storage(Pop())); break;
            case PickleCode.Reduce: Push(Reduce(PopTuple(2))); break;
            case PickleCode.Build:
                // Only the state of OrderedDict ("_metadata": versions of modules), which does not concern weights.
                Pop();
                Peek<PickledDictionary>("a dictionary");
                break;
            default: return false;
        }

        return true;
    }

    private object StackGlobal(object?[] names) =>
        names is [string module, string name] ? Global(module, name) : throw Error("names a global that is not a text");

    private object Global(string module, string name) =>
        PickleGlobals.Find(module, name) ?? throw RefusedGlobal(module, name);

    private PickledStorage Storage(object? id) =>
        id is object?[] and ["storage", PickledStorageType type, string key, string, long count]
            ? new PickledStorage(type.Type, type.ElementSize, key, count)
            : throw Error("refers to something that is not a storage of elements");

    private object Reduce(object?[] call) => call switch
    {
        [PickledCallable.OrderedDictionary, object?[] and []] => new PickledDictionary(),
        [PickledCallable.RebuildTensor, object?[] and [PickledStorage storage, long offset, object?[] shape,
            object?[] strides, ..] arguments] when arguments.Length is 6 or 7 =>
            new PickledTensor(storage, offset, Integers(shape, shape.Length), Integers(strides, shape.Length)),
        [PickledCallable.RebuildParameter, object?[] and [PickledTensor tensor, _, _]] => tensor,
        _ => throw Error("calls something in a way that weights never need"),
    };

    private long[] Integers(object?[] values, int count)
    {
        if (count > Shapes.MostDimensions || values.Length != count || !values.All(value => value is long))
        {
            throw Error($"has a tensor whose shape and strides are not up to {Shapes.MostDimensions} integers each");
        }

        return [.. values.Select(value => (long)value!)];
    }
}
