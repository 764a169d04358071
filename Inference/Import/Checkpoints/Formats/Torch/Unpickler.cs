using System.Buffers.Binary;
using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>Reads the pickle of a state dictionary. A pickle is a program; this knows only the instructions that
/// build plain data, and the few names in <see cref="PickleGlobals"/>. Anything else is refused, so that importing
/// a downloaded model cannot run its author's code. Time and memory are bounded by the limits below.</summary>
internal sealed partial class Unpickler(CheckpointFile file, byte[] pickle)
{
    // A state dictionary takes about fifty instructions and five memo entries per tensor.
    private const int MostInstructions = 2_000_000;
    private const int MostMemoEntries = 500_000;
    private const int DeepestStack = 100_000;
    private const int MostMarks = 64;
    private const int LongestText = 1 << 16;
    private const int LongestGlobal = 256;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<long, object?> _memo = [];
    private readonly List<object?> _stack = [];
    private readonly Stack<int> _marks = new();
    private int _position;

    /// <summary>The object that the pickle describes, see PickleValues.cs.</summary>
    public object? Load()
    {
        for (var instructions = 0; instructions < MostInstructions; instructions++)
        {
            var at = _position;
            var code = (PickleCode)Bytes(1)[0];
            if (code == PickleCode.Stop)
            {
                return _stack.Count == 1 && _marks.Count == 0 ? _stack[0] : throw Error("ends with things left over");
            }

            if (!ReadPlain(code) && !ReadMemo(code) && !ReadContainer(code) && !ReadCall(code))
            {
                throw RefusedInstruction(code, at);
            }
        }

        throw Error($"has more than {MostInstructions} instructions");
    }

    private ReadOnlySpan<byte> Bytes(long count)
    {
        if (count < 0 || count > pickle.Length - _position)
        {
            throw Error("ends in the middle of an instruction");
        }

        var bytes = pickle.AsSpan(_position, (int)count);
        _position += (int)count;
        return bytes;
    }

    private uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    private string Text(long length)
    {
        if (length > LongestText)
        {
            throw Error($"has a text of {length} bytes; {LongestText} is the most");
        }

        return Decode(Bytes(length));
    }

    /// <summary>Reads one line of GLOBAL's and INST's operand.</summary>
    private string Line()
    {
        var length = pickle.AsSpan(_position, Math.Min(LongestGlobal, pickle.Length - _position)).IndexOf((byte)'\n');
        var line = length >= 0 ? Decode(Bytes(length)) : throw Error("has a name without an end");
        _position++;
        return line;
    }

    private string Decode(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return Utf8.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            throw Error("has a text that is not UTF-8");
        }
    }

    private void Push(object? value)
    {
        if (_stack.Count >= DeepestStack)
        {
            throw Error($"puts more than {DeepestStack} things on its stack");
        }

        _stack.Add(value);
    }

    private object? Pop()
    {
        // Values below a mark belong to the instruction that set it.
        if (_stack.Count <= (_marks.TryPeek(out var mark) ? mark : 0))
        {
            throw Error("takes more from its stack than it has put there");
        }

        var value = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private object?[] PopTuple(int count)
    {
        var items = new object?[count];
        for (var i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        return items;
    }

    private object?[] PopToMark() =>
        _marks.TryPeek(out var mark) ? PopMarked(mark) : throw Error("closes what it has not opened");

    private object?[] PopMarked(int mark)
    {
        var items = PopTuple(_stack.Count - mark);
        _marks.Pop();
        return items;
    }

    private T Peek<T>(string expected)
        where T : class =>
        _stack.Count > (_marks.TryPeek(out var mark) ? mark : 0) && _stack[^1] is T value
            ? value
            : throw Error($"adds to something that is not {expected}");

    private CheckpointException Error(string what) =>
        file.Error($"data.pkl {what} (at byte {_position}). Nothing of it was executed. "
            + "It is damaged or not a state dictionary; download it again.");

    private CheckpointException RefusedGlobal(string module, string name) =>
        file.Error($"data.pkl names the Python global '{module} {name}', which weights never need: loading it "
            + "elsewhere could run code. Nothing of it was executed. Get the model from its publisher, best as "
            + "safetensors.");

    private CheckpointException RefusedInstruction(PickleCode code, int at)
    {
        if (code == PickleCode.Instance)
        {
            return RefusedGlobal(Line(), Line());
        }

        return file.Error($"data.pkl uses the pickle instruction 0x{(byte)code:x2} at byte {at}, which weights never "
            + "need. Nothing of it was executed. Get the model from its publisher, best as safetensors.");
    }
}
