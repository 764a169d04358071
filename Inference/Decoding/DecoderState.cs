using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Export;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>The KV cache of one conversation and the step that moves it. The cache is past and present at once, so
/// nothing is copied, and <see cref="Rewind"/> only moves its end. Not thread-safe. Dispose before its decoder.</summary>
public sealed class DecoderState : IDisposable
{
    private readonly LanguageDecoder _decoder;
    private readonly OrtIoBinding _stepBinding;
    private readonly OrtIoBinding _appendBinding;
    private readonly RunOptions _runOptions = new();
    private readonly List<OrtValue> _values = [];
    private readonly ZeroedMemory _cache;
    private readonly float[] _stepEmbedding;
    private readonly float[] _logits;
    private readonly int[] _pastLength = new int[1];
    private readonly int[] _totalLength = new int[1];
    private readonly long[] _logitRows = new long[1];
    private bool _disposed;

    internal DecoderState(LanguageDecoder decoder, int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, decoder.MaxPositions);
        _decoder = decoder;
        Capacity = capacity;
        _stepEmbedding = new float[decoder.Embeddings.Hidden];
        _logits = new float[decoder.VocabularySize];

        _stepBinding = decoder.Session.CreateIoBinding();
        _appendBinding = decoder.Session.CreateIoBinding();
        Bind(DecoderGraph.PastLength, Wrap(_pastLength, [1]));
        Bind(DecoderGraph.TotalLength, Wrap(_totalLength, []));
        Bind(DecoderGraph.LogitRows, Wrap(_logitRows, [1]));
        _stepBinding.BindInput(DecoderGraph.Embeddings, Wrap(_stepEmbedding, [1, 1, _stepEmbedding.Length]));
        BindOutput(DecoderGraph.Logits, Wrap(_logits, [1, 1, _logits.Length]));
        var cacheBytes = sizeof(float) * (long)decoder.KeyValueHeads * capacity * decoder.HeadSize;
        _cache = new ZeroedMemory(2 * decoder.Layers * cacheBytes);
        for (var layer = 0; layer < decoder.Layers; layer++)
        {
            BindCache(2 * layer * cacheBytes, cacheBytes, DecoderGraph.PastKey(layer), DecoderGraph.PresentKey(layer));
            BindCache(((2 * layer) + 1) * cacheBytes, cacheBytes, DecoderGraph.PastValue(layer), DecoderGraph.PresentValue(layer));
        }
    }

    /// <summary>Most tokens that fit.</summary>
    public int Capacity { get; }

    /// <summary>Tokens that the cache holds.</summary>
    public int Length { get; private set; }

    /// <summary>Appends embeddings, [n, hidden], and returns the logits after the last one, [vocabulary], valid until
    /// the next call.</summary>
    /// <exception cref="ContextFullException">They do not fit.</exception>
    public ReadOnlySpan<float> Append(Memory<float> embeddings)
    {
        var hidden = _stepEmbedding.Length;
        var count = embeddings.Length / hidden;
        if (count == 0 || embeddings.Length % hidden != 0)
        {
            throw new ArgumentException($"Embeddings are [n,{hidden}]; {embeddings.Length} values are not.", nameof(embeddings));
        }

        Reserve(count);
        using var value = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, embeddings, [1, count, hidden]);
        _appendBinding.BindInput(DecoderGraph.Embeddings, value);
        Run(_appendBinding, count);
        return _logits;
    }

    /// <summary>Appends tokens and returns the logits after the last one, [vocabulary], valid until the next call.</summary>
    public ReadOnlySpan<float> Append(scoped ReadOnlySpan<int> tokens)
    {
        var hidden = _stepEmbedding.Length;
        var rented = ArrayPool<float>.Shared.Rent(tokens.Length * hidden);
        try
        {
            for (var i = 0; i < tokens.Length; i++)
            {
                _decoder.Embeddings.Read(tokens[i], rented.AsSpan(i * hidden, hidden));
            }

            return Append(rented.AsMemory(0, tokens.Length * hidden));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Appends one token and returns the logits after it, [vocabulary], valid until the next call.</summary>
    public ReadOnlySpan<float> Step(int token)
    {
        Reserve(1);
        _decoder.Embeddings.Read(token, _stepEmbedding);
        Run(_stepBinding, 1);
        return _logits;
    }

    /// <summary>Forgets everything behind the first <paramref name="length"/> tokens, at no cost.</summary>
    public void Rewind(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _stepBinding.Dispose();
        _appendBinding.Dispose();
        _runOptions.Dispose();
        foreach (var value in _values)
        {
            value.Dispose();
        }

        _cache.Dispose();
    }

    private void Reserve(int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (count > Capacity - Length)
        {
            throw new ContextFullException(Length, count, Capacity);
        }
    }

    private void Run(OrtIoBinding binding, int count)
    {
        // The operator wants the total less one, for each row.
        _pastLength[0] = Length + count - 1;
        _totalLength[0] = Length + count;
        _logitRows[0] = count - 1;
        _decoder.Session.RunWithBinding(_runOptions, binding);
        Length += count;
        if (!float.IsFinite(_logits[0]))
        {
            throw new InvalidOperationException(
                "The decoder computed numbers that are not finite. Its weights are damaged: run 'mobilevlm model verify'.");
        }
    }

    private void BindCache(long offset, long bytes, string past, string present)
    {
        var cache = OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance,
            TensorElementType.Float,
            [1, _decoder.KeyValueHeads, Capacity, _decoder.HeadSize],
            (nint)(_cache.Address + offset),
            bytes);
        _values.Add(cache);
        Bind(past, cache);
        BindOutput(present, cache);
    }

    private void Bind(string input, OrtValue value)
    {
        _stepBinding.BindInput(input, value);
        _appendBinding.BindInput(input, value);
    }

    private void BindOutput(string output, OrtValue value)
    {
        _stepBinding.BindOutput(output, value);
        _appendBinding.BindOutput(output, value);
    }

    private OrtValue Wrap<T>(T[] memory, long[] shape)
        where T : unmanaged
    {
        var value = OrtValue.CreateTensorValueFromMemory(memory, shape);
        _values.Add(value);
        return value;
    }
}
