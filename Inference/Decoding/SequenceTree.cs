namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Assigns the columns of a KV cache to sequences. All sequences continue the prefix; a sequence sees its own
/// columns and those of its ancestors, and its positions continue from where its parent ended when it started.</summary>
internal sealed class SequenceTree(int capacity)
{
    /// <summary>The sequence that all others descend from.</summary>
    public const int Prefix = 0;

    /// <summary>Added to the attention scores of what a token must not see: its share is then 0 in float32 as well as in
    /// float16, which can represent it.</summary>
    public const float Masked = -6e4f;

    /// <summary>Owner of a column that no token sees any more.</summary>
    private const int None = -1;

    private const int NotStarted = -1;

    private readonly int[] _owners = new int[capacity];
    private readonly List<Sequence> _sequences = [new(None, 0)];

    /// <summary>Columns in use, including those that no token sees any more.</summary>
    public int Columns { get; private set; }

    /// <summary>True while there is only the prefix.</summary>
    public bool HasOnlyPrefix => _sequences.Count == 1;

    /// <summary>True while no other sequence has tokens of its own, so that the prefix may still grow.</summary>
    public bool CanPrefixGrow => _sequences.TrueForAll(sequence => sequence.Parent == None || sequence.Next == NotStarted);

    /// <summary>Position of the next token of a sequence.</summary>
    public int NextPosition(int sequence) =>
        _sequences[sequence] is { Next: NotStarted } waiting ? NextPosition(waiting.Parent) : _sequences[sequence].Next;

    /// <summary>Adds a sequence. It starts where its parent ends when its first token is appended.</summary>
    public int Fork(int parent)
    {
        _sequences.Add(new Sequence(parent, NotStarted));
        return _sequences.Count - 1;
    }

    /// <summary>Keeps the first columns, which belong to the prefix, and removes all sequences.</summary>
    public void Rewind(int columns)
    {
        _sequences.RemoveRange(1, _sequences.Count - 1);
        _sequences[Prefix] = new Sequence(None, columns);
        Columns = columns;
    }

    /// <summary>Appends tokens to one sequence: writes the position of each, and, unless there is only the prefix, the mask
    /// of what it does not see.</summary>
    /// <param name="sequence">The sequence.</param>
    /// <param name="positions">[count].</param>
    /// <param name="bias">[count, capacity]; zeros where nothing was written.</param>
    public void Append(int sequence, Span<long> positions, Span<float> bias)
    {
        var next = NextPosition(sequence);
        for (var i = 0; i < positions.Length; i++)
        {
            positions[i] = next + i;
            _owners[Columns] = sequence;
            Columns++;
            if (!HasOnlyPrefix)
            {
                WriteBias(sequence, bias.Slice(i * capacity, Columns));
            }
        }

        _sequences[sequence] = _sequences[sequence] with { Next = next + positions.Length };
    }

    /// <summary>Removes the last tokens of a sequence that no other sequence continues.</summary>
    public void Drop(int sequence, int count)
    {
        _sequences[sequence] = _sequences[sequence] with { Next = _sequences[sequence].Next - count };
        for (var column = Columns - 1; count > 0; column--)
        {
            if (_owners[column] == sequence)
            {
                _owners[column] = None;
                count--;
            }
        }

        while (Columns > 0 && _owners[Columns - 1] == None)
        {
            Columns--;
        }
    }

    private void WriteBias(int sequence, Span<float> bias)
    {
        for (var column = 0; column < bias.Length; column++)
        {
            bias[column] = Sees(sequence, _owners[column]) ? 0 : Masked;
        }
    }

    private bool Sees(int sequence, int owner)
    {
        if (owner == None)
        {
            return false;
        }

        while (sequence != owner && sequence != None)
        {
            sequence = _sequences[sequence].Parent;
        }

        return sequence == owner;
    }

    /// <param name="Parent">The sequence that it continues.</param>
    /// <param name="Next">Position of its next token.</param>
    private readonly record struct Sequence(int Parent, int Next);
}
