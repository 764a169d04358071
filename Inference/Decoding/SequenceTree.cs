namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Which column of a KV cache belongs to which branch. The trunk is what every branch continues; a branch sees
/// its own columns and those of its ancestors, and its positions go on from where its parent ended when it began.</summary>
internal sealed class SequenceTree(int capacity)
{
    public const int Trunk = 0;

    /// <summary>Added to the attention's scores of what a token must not see: its share is then 0 in float32 as well as in
    /// float16, which holds it.</summary>
    public const float Unseen = -6e4f;

    /// <summary>Owner of a column that no token sees any more.</summary>
    private const int Nobody = -1;

    private const int NotBegun = -1;

    private readonly int[] _owners = new int[capacity];
    private readonly List<Sequence> _branches = [new(Nobody, 0)];

    /// <summary>Columns in use, those that nobody sees any more included.</summary>
    public int Columns { get; private set; }

    /// <summary>True while there is nothing but the trunk.</summary>
    public bool IsTrunkOnly => _branches.Count == 1;

    /// <summary>Position of the next token of a branch.</summary>
    public int NextPosition(int branch) =>
        _branches[branch] is { Next: NotBegun } begun ? NextPosition(begun.Parent) : _branches[branch].Next;

    /// <summary>Begins where its parent ends when the first token is appended.</summary>
    public int Open(int parent)
    {
        _branches.Add(new Sequence(parent, NotBegun));
        return _branches.Count - 1;
    }

    /// <summary>Keeps the first columns, which are the trunk's, and forgets all branches.</summary>
    public void Rewind(int columns)
    {
        _branches.RemoveRange(1, _branches.Count - 1);
        _branches[Trunk] = new Sequence(Nobody, columns);
        Columns = columns;
    }

    /// <summary>Appends tokens of one branch: writes the position of each, and, unless nothing but the trunk is there,
    /// what it does not see.</summary>
    /// <param name="branch">Whose.</param>
    /// <param name="positions">[count].</param>
    /// <param name="bias">[count, capacity]; zeros where nothing was written.</param>
    public void Append(int branch, Span<long> positions, Span<float> bias)
    {
        var next = NextPosition(branch);
        for (var i = 0; i < positions.Length; i++)
        {
            positions[i] = next + i;
            _owners[Columns] = branch;
            Columns++;
            if (!IsTrunkOnly)
            {
                WriteBias(branch, bias.Slice(i * capacity, Columns));
            }
        }

        _branches[branch] = _branches[branch] with { Next = next + positions.Length };
    }

    /// <summary>Takes back the last tokens of a branch that has no branches of its own.</summary>
    public void Drop(int branch, int count)
    {
        _branches[branch] = _branches[branch] with { Next = _branches[branch].Next - count };
        for (var column = Columns - 1; count > 0; column--)
        {
            if (_owners[column] == branch)
            {
                _owners[column] = Nobody;
                count--;
            }
        }

        while (Columns > 0 && _owners[Columns - 1] == Nobody)
        {
            Columns--;
        }
    }

    private void WriteBias(int branch, Span<float> bias)
    {
        for (var column = 0; column < bias.Length; column++)
        {
            bias[column] = Sees(branch, _owners[column]) ? 0 : Unseen;
        }
    }

    private bool Sees(int branch, int owner)
    {
        if (owner == Nobody)
        {
            return false;
        }

        while (branch != owner && branch != Nobody)
        {
            branch = _branches[branch].Parent;
        }

        return branch == owner;
    }

    /// <param name="Parent">Whose columns it sees too.</param>
    /// <param name="Next">Position of its next token.</param>
    private readonly record struct Sequence(int Parent, int Next);
}
