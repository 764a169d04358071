namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Tokens that one pass appends to one sequence.</summary>
/// <param name="Sequence">From <see cref="DecoderState.Fork"/>.</param>
/// <param name="Ids">At least one.</param>
/// <param name="LogitsRequested">How many of these tokens, counted back from the last, get a row of logits.</param>
public readonly record struct SequenceTokens(int Sequence, ReadOnlyMemory<int> Ids, int LogitsRequested);

/// <summary>The KV cache of one conversation and the passes that extend it. The cache is past and present at once, so
/// nothing is copied, and <see cref="Rewind"/> only moves its end. What was appended first is the prefix; several sequences
/// may continue it side by side (<see cref="Fork"/>), and one pass extends them all. Not thread-safe. Dispose before its
/// decoder.</summary>
public sealed class DecoderState : IDisposable
{
    private readonly LanguageDecoder _decoder;
    private readonly KeyValueCache _cache;
    private readonly SequenceTree _sequences;

    /// <summary>Pass of one token; separate from the others, so that its shape never changes.</summary>
    private readonly DecoderPass _step;

    private readonly DecoderPass _batch;
    private readonly DecoderPass? _prefill;
    private readonly int _minPrefillTokens;

    /// <summary>As the two above, with hidden states; made when they are first requested.</summary>
    private DecoderPass? _batchWithStates;

    private DecoderPass? _prefillWithStates;
    private DecoderPass _last;
    private bool _disposed;

    internal DecoderState(LanguageDecoder decoder, int capacity, int minPrefillTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, decoder.MaxPositions);
        (_decoder, _minPrefillTokens) = (decoder, minPrefillTokens);
        _cache = new KeyValueCache(decoder, capacity);
        _sequences = new SequenceTree(capacity);
        _step = new DecoderPass(decoder, decoder.Session, _cache);
        _batch = new DecoderPass(decoder, decoder.Session, _cache);
        _prefill = decoder.PrefillSession is { } session && minPrefillTokens < int.MaxValue ? new DecoderPass(decoder, session, _cache) : null;
        _last = _step;
    }

    /// <summary>Maximum number of tokens.</summary>
    public int Capacity => _cache.Capacity;

    /// <summary>Columns of the cache in use: the tokens of the prefix and of all sequences, and those of dropped ones that
    /// lie before others.</summary>
    public int Length => _sequences.Columns;

    /// <summary>Whether a prompt goes through other weights than an answer.</summary>
    internal bool HasPrefillWeights => _prefill is not null;

    /// <summary>Passes through the decoder so far.</summary>
    internal long Passes { get; private set; }

    /// <summary>Appends embeddings, [n, hidden], to the prefix and returns the logits after the last one, [vocabulary],
    /// valid until the next call.</summary>
    /// <exception cref="ContextFullException">They do not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">They give NaN or infinity; rewind to before them.</exception>
    /// <exception cref="InvalidOperationException">There are other sequences; rewind first.</exception>
    public ReadOnlySpan<float> Append(ReadOnlyMemory<float> embeddings)
    {
        var hidden = _decoder.Embeddings.HiddenSize;
        var count = embeddings.Length / hidden;
        if (count == 0 || embeddings.Length % hidden != 0)
        {
            throw new ArgumentException($"Embeddings are [n,{hidden}]; {embeddings.Length} values are not.", nameof(embeddings));
        }

        var pass = BeginOnPrefix(count);
        embeddings.Span.CopyTo(pass.Embeddings);
        return RunPrefix(pass);
    }

    /// <summary>Appends tokens to the prefix and returns the logits after the last one, [vocabulary], valid until the next
    /// call.</summary>
    /// <exception cref="ContextFullException">They do not fit.</exception>
    /// <exception cref="NonFiniteLogitsException">They give NaN or infinity; rewind to before them.</exception>
    /// <exception cref="InvalidOperationException">There are other sequences; rewind first.</exception>
    public ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens)
    {
        if (tokens.IsEmpty)
        {
            throw new ArgumentException("There is nothing to append.", nameof(tokens));
        }

        var pass = BeginOnPrefix(tokens.Length);
        Embed(tokens, pass.Embeddings);
        return RunPrefix(pass);
    }

    /// <summary>Appends one token to the prefix and returns the logits after it, [vocabulary], valid until the next call.
    /// Allocates nothing.</summary>
    public ReadOnlySpan<float> Step(int token) => Append([token]);

    /// <summary>Adds a sequence. It starts where its parent ends when its first token is appended, in the same pass or
    /// later.</summary>
    /// <param name="parent">Another sequence, or null for the prefix. Nothing is appended to it once a child has
    /// started.</param>
    public int Fork(int? parent = null) => _sequences.Fork(parent ?? SequenceTree.Prefix);

    /// <summary>Appends to several sequences in one pass: each as if it were alone, except that sums in another order are
    /// rounded differently.</summary>
    /// <param name="parts">Any number of sequences.</param>
    /// <param name="useDecodeWeights">The tokens belong to answers: they go through the decode weights however many they are, so
    /// that an answer depends neither on the answers beside it nor on a draft.</param>
    /// <exception cref="ContextFullException">They do not fit; nothing was appended.</exception>
    /// <exception cref="InvalidOperationException">One of them is the prefix, and other sequences continue it.</exception>
    /// <exception cref="NonFiniteLogitsException">One of them gives NaN or infinity, which spreads to the others of the
    /// pass through masked columns; rewind to before them.</exception>
    public void Append(IReadOnlyList<SequenceTokens> parts, bool useDecodeWeights = false) => Append(default, parts, useDecodeWeights);

    /// <summary>Appends embeddings, [n, hidden], to the prefix and tokens to sequences that continue it, in one pass; each as if
    /// it were appended by itself.</summary>
    /// <exception cref="ContextFullException">They do not fit; nothing was appended.</exception>
    /// <exception cref="InvalidOperationException">A sequence has tokens already.</exception>
    /// <exception cref="NonFiniteLogitsException">The prefix or one of the sequences gives NaN or infinity; rewind to before
    /// them.</exception>
    public void Append(ReadOnlyMemory<float> prefix, IReadOnlyList<SequenceTokens> parts)
    {
        if (!_sequences.CanPrefixGrow)
        {
            throw new InvalidOperationException("Other sequences continue the prefix; rewind before it grows.");
        }

        Append(prefix, parts, useDecodeWeights: false);
    }

    /// <summary>The same, and hidden states of the pass can be read afterwards (<see cref="States"/>).</summary>
    /// <param name="prefix">Embeddings, [n, hidden], or none.</param>
    /// <param name="parts">Tokens of sequences, or none.</param>
    /// <exception cref="ContextFullException">They do not fit; nothing was appended.</exception>
    /// <exception cref="NonFiniteLogitsException">The prefix or one of the sequences gives NaN or infinity; rewind to before
    /// them.</exception>
    /// <exception cref="InvalidOperationException">The decoder returns no hidden states.</exception>
    internal void AppendWithStates(ReadOnlyMemory<float> prefix, IReadOnlyList<SequenceTokens> parts)
    {
        if (!_decoder.HasHiddenStates)
        {
            throw new InvalidOperationException("The model's decoder returns no hidden states. Import the model again.");
        }

        Append(prefix, parts, useDecodeWeights: false, withStates: true);
    }

    private void Append(ReadOnlyMemory<float> prefix, IReadOnlyList<SequenceTokens> parts, bool useDecodeWeights, bool withStates = false)
    {
        var prefixRows = prefix.Length / _decoder.Embeddings.HiddenSize;
        var (count, requested) = (prefixRows, 0);
        foreach (var part in parts)
        {
            ArgumentOutOfRangeException.ThrowIfZero(part.Ids.Length, nameof(parts));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(part.LogitsRequested, part.Ids.Length, nameof(parts));
            if (part.Sequence == SequenceTree.Prefix)
            {
                RequireOnlyPrefix();
            }

            count += part.Ids.Length;
            requested += part.LogitsRequested;
        }

        var pass = Begin(count, requested, useDecodeWeights, withStates);
        prefix.Span.CopyTo(pass.Embeddings);
        Embed(parts, pass.Embeddings[prefix.Length..]);
        _sequences.Append(SequenceTree.Prefix, pass.Positions[..prefixRows], pass.Bias[..(prefixRows * Capacity)]);
        var (row, next) = (prefixRows, 0);
        foreach (var part in parts)
        {
            var length = part.Ids.Length;
            _sequences.Append(
                part.Sequence, pass.Positions.Slice(row, length), pass.Bias.Slice(row * Capacity, length * Capacity));
            row += length;
            for (var i = part.LogitsRequested; i > 0; i--)
            {
                pass.LogitRows[next++] = row - i;
            }
        }

        pass.Run(_sequences.Columns);
    }

    /// <summary>Logits of the last pass, [vocabulary], valid until the next pass.</summary>
    /// <param name="row">In the order in which they were requested.</param>
    public ReadOnlySpan<float> Logits(int row) => _last.Logits(row);

    /// <summary>Hidden states of the last pass, valid until the next; null unless it was to return them.</summary>
    internal HiddenStateBuffers? States => _last.States;

    /// <summary>Removes the last tokens of a sequence, at no cost.</summary>
    public void Drop(int sequence, int count) => _sequences.Drop(sequence, count);

    /// <summary>Removes all sequences and everything after the first <paramref name="length"/> tokens of the prefix, at no
    /// cost.</summary>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _sequences.NextPosition(SequenceTree.Prefix));
        _sequences.Rewind(length);
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _step.Dispose();
        _batch.Dispose();
        _prefill?.Dispose();
        _batchWithStates?.Dispose();
        _prefillWithStates?.Dispose();
        _cache.Dispose();
    }

    private DecoderPass BeginOnPrefix(int count)
    {
        RequireOnlyPrefix();
        return Begin(count, requested: 1, useDecodeWeights: false);
    }

    private void RequireOnlyPrefix()
    {
        if (!_sequences.HasOnlyPrefix)
        {
            throw new InvalidOperationException("Other sequences continue the prefix; rewind before it grows.");
        }
    }

    private DecoderPass Begin(int count, int requested, bool useDecodeWeights, bool withStates = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (count > Capacity - Length)
        {
            throw new ContextFullException(Length, count, Capacity);
        }

        var usesPrefill = _prefill is not null && !useDecodeWeights && count >= _minPrefillTokens;
        _last = withStates ? (usesPrefill
                ? _prefillWithStates ??= new DecoderPass(_decoder, _decoder.PrefillSession!, _cache, returnsStates: true)
                : _batchWithStates ??= new DecoderPass(_decoder, _decoder.Session, _cache, returnsStates: true))
            : count == 1 && requested == 1 ? _step
            : usesPrefill ? _prefill!
            : _batch;
        _last.Shape(count, requested);
        Passes++;
        return _last;
    }

    private ReadOnlySpan<float> RunPrefix(DecoderPass pass)
    {
        _sequences.Append(SequenceTree.Prefix, pass.Positions, pass.Bias);
        pass.LogitRows[0] = pass.Count - 1;
        pass.Run(_sequences.Columns);
        return pass.Logits(0);
    }

    private void Embed(IReadOnlyList<SequenceTokens> parts, Span<float> rows)
    {
        foreach (var part in parts)
        {
            Embed(part.Ids.Span, rows);
            rows = rows[(part.Ids.Length * _decoder.Embeddings.HiddenSize)..];
        }
    }

    private void Embed(ReadOnlySpan<int> tokens, Span<float> rows)
    {
        var hidden = _decoder.Embeddings.HiddenSize;
        for (var i = 0; i < tokens.Length; i++)
        {
            _decoder.Embeddings.Read(tokens[i], rows.Slice(i * hidden, hidden));
        }
    }
}
