namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Tokens that one branch adds in a pass.</summary>
/// <param name="Branch">From <see cref="DecoderState.Fork"/>.</param>
/// <param name="Ids">At least one.</param>
/// <param name="Wanted">Logits are wanted after each of the last so many of them.</param>
public readonly record struct SequenceTokens(int Branch, ReadOnlyMemory<int> Ids, int Wanted);

/// <summary>The KV cache of one conversation and the step that moves it. The cache is past and present at once, so
/// nothing is copied, and <see cref="Rewind"/> only moves its end. What was appended is the trunk; several branches may
/// continue it side by side (<see cref="Fork"/>), and one pass moves them all. Not thread-safe. Dispose before its
/// decoder.</summary>
public sealed class DecoderState : IDisposable
{
    private readonly LanguageDecoder _decoder;
    private readonly KeyValueCache _cache;
    private readonly SequenceTree _branches;

    /// <summary>Apart from the others, so that its shape never changes.</summary>
    private readonly DecoderPass _single;

    private readonly DecoderPass _several;
    private readonly DecoderPass? _many;
    private readonly int _manyFrom;
    private DecoderPass _last;
    private bool _disposed;

    internal DecoderState(LanguageDecoder decoder, int capacity, int manyFrom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, decoder.MaxPositions);
        (_decoder, _manyFrom) = (decoder, manyFrom);
        _cache = new KeyValueCache(decoder, capacity);
        _branches = new SequenceTree(capacity);
        _single = new DecoderPass(decoder, decoder.Session, _cache);
        _several = new DecoderPass(decoder, decoder.Session, _cache);
        _many = decoder.ManySession is { } session && manyFrom < int.MaxValue ? new DecoderPass(decoder, session, _cache) : null;
        _last = _single;
    }

    /// <summary>Most tokens that fit.</summary>
    public int Capacity => _cache.Capacity;

    /// <summary>Columns of the cache in use: the tokens of the trunk and of all its branches, and those of dropped ones that
    /// lie before others.</summary>
    public int Length => _branches.Columns;

    /// <summary>Whether a prompt goes through other weights than an answer.</summary>
    internal bool HasTwoSets => _many is not null;

    /// <summary>Passes through the decoder so far.</summary>
    internal long Passes { get; private set; }

    /// <summary>Appends embeddings, [n, hidden], to the trunk and returns the logits after the last one, [vocabulary],
    /// valid until the next call.</summary>
    /// <exception cref="ContextFullException">They do not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">They give NaN or infinity; rewind to before them.</exception>
    /// <exception cref="InvalidOperationException">There are branches; rewind first.</exception>
    public ReadOnlySpan<float> Append(ReadOnlyMemory<float> embeddings)
    {
        var hidden = _decoder.Embeddings.Hidden;
        var count = embeddings.Length / hidden;
        if (count == 0 || embeddings.Length % hidden != 0)
        {
            throw new ArgumentException($"Embeddings are [n,{hidden}]; {embeddings.Length} values are not.", nameof(embeddings));
        }

        var pass = BeginOnTrunk(count);
        embeddings.Span.CopyTo(pass.Embeddings);
        return RunTrunk(pass);
    }

    /// <summary>Appends tokens to the trunk and returns the logits after the last one, [vocabulary], valid until the next
    /// call.</summary>
    /// <exception cref="ContextFullException">They do not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">They give NaN or infinity; rewind to before them.</exception>
    /// <exception cref="InvalidOperationException">There are branches; rewind first.</exception>
    public ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty)
        {
            throw new ArgumentException("There is nothing to append.", nameof(tokens));
        }

        var pass = BeginOnTrunk(tokens.Length);
        Embed(tokens, pass.Embeddings);
        return RunTrunk(pass);
    }

    /// <summary>Appends one token to the trunk and returns the logits after it, [vocabulary], valid until the next call.
    /// Allocates nothing.</summary>
    public ReadOnlySpan<float> Step(int token) => Append([token]);

    /// <summary>Opens a branch. It begins where its parent ends when its first token is appended, in the same pass or
    /// later.</summary>
    /// <param name="parent">Another branch, or null for the trunk. It is not added to once a branch of it has begun.</param>
    public int Fork(int? parent = null) => _branches.Open(parent ?? SequenceTree.Trunk);

    /// <summary>Moves several branches at once: each as if it were alone, up to the rounding of sums in another
    /// order.</summary>
    /// <param name="parts">Any number of branches.</param>
    /// <param name="writing">The tokens are of an answer: they go through the first set of weights however many they are,
    /// so that what is written depends neither on what is written beside it nor on a guess.</param>
    /// <exception cref="ContextFullException">They do not fit; nothing was appended.</exception>
    /// <exception cref="NonFiniteLogitsException">One of them gives NaN or infinity, which spreads to the others of the
    /// pass through masked columns; rewind to before them.</exception>
    public void Append(IReadOnlyList<SequenceTokens> parts, bool writing = false)
    {
        var (count, wanted) = (0, 0);
        foreach (var part in parts)
        {
            ArgumentOutOfRangeException.ThrowIfZero(part.Ids.Length, nameof(parts));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(part.Wanted, part.Ids.Length, nameof(parts));
            count += part.Ids.Length;
            wanted += part.Wanted;
        }

        var pass = Begin(count, wanted, writing);
        Embed(parts, pass.Embeddings);
        var (row, asked) = (0, 0);
        foreach (var part in parts)
        {
            var length = part.Ids.Length;
            _branches.Append(
                part.Branch, pass.Positions.Slice(row, length), pass.Bias.Slice(row * Capacity, length * Capacity));
            row += length;
            for (var i = part.Wanted; i > 0; i--)
            {
                pass.Rows[asked++] = row - i;
            }
        }

        pass.Run(_branches.Columns);
    }

    /// <summary>Logits of the last pass, [vocabulary], in the order in which they were wanted; valid until the next
    /// pass.</summary>
    public ReadOnlySpan<float> Logits(int wanted) => _last.Logits(wanted);

    /// <summary>Takes back the last tokens of a branch, at no cost.</summary>
    public void Drop(int branch, int count) => _branches.Drop(branch, count);

    /// <summary>Forgets all branches and everything behind the first <paramref name="length"/> tokens of the trunk, at no
    /// cost.</summary>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _branches.NextPosition(SequenceTree.Trunk));
        _branches.Rewind(length);
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _single.Dispose();
        _several.Dispose();
        _many?.Dispose();
        _cache.Dispose();
    }

    private DecoderPass BeginOnTrunk(int count)
    {
        if (!_branches.IsTrunkOnly)
        {
            throw new InvalidOperationException("The trunk has branches; rewind before it grows.");
        }

        return Begin(count, wanted: 1, writing: false);
    }

    private DecoderPass Begin(int count, int wanted, bool writing)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (count > Capacity - Length)
        {
            throw new ContextFullException(Length, count, Capacity);
        }

        _last = count == 1 && wanted == 1 ? _single
            : _many is not null && !writing && count >= _manyFrom ? _many
            : _several;
        _last.Shape(count, wanted);
        Passes++;
        return _last;
    }

    private ReadOnlySpan<float> RunTrunk(DecoderPass pass)
    {
        _branches.Append(SequenceTree.Trunk, pass.Positions, pass.Bias);
        pass.Rows[0] = pass.Count - 1;
        pass.Run(_branches.Columns);
        return pass.Logits(0);
    }

    private void Embed(IReadOnlyList<SequenceTokens> parts, Span<float> rows)
    {
        foreach (var part in parts)
        {
            Embed(part.Ids.Span, rows);
            rows = rows[(part.Ids.Length * _decoder.Embeddings.Hidden)..];
        }
    }

    private void Embed(ReadOnlySpan<int> tokens, Span<float> rows)
    {
        var hidden = _decoder.Embeddings.Hidden;
        for (var i = 0; i < tokens.Length; i++)
        {
            _decoder.Embeddings.Read(tokens[i], rows.Slice(i * hidden, hidden));
        }
    }
}
