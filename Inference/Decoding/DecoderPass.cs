using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>One run of a decoder session and its buffers. While the number of tokens and of requested logits stays the
/// same, running again allocates nothing.</summary>
internal sealed class DecoderPass : IDisposable
{
    private readonly LanguageDecoder _decoder;
    private readonly InferenceSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _runOptions = new();
    private readonly int _capacity;
    private readonly int[] _lengthMinusOne = new int[1];
    private readonly int[] _totalLength = new int[1];
    private readonly List<(string Name, OrtValue Value)> _lengths = [];
    private readonly List<(string Name, OrtValue Value)> _shaped = [];
    private readonly HiddenStateBuffers? _states;
    private float[] _embeddings = [];
    private float[] _bias = [];
    private long[] _positions = [];
    private long[] _rows = [];
    private float[] _logits = [];

    /// <param name="decoder">The decoder.</param>
    /// <param name="session">One of its sessions.</param>
    /// <param name="cache">Keys and values.</param>
    /// <param name="returnsStates">Whether hidden states are fetched.</param>
    public DecoderPass(LanguageDecoder decoder, InferenceSession session, KeyValueCache cache, bool returnsStates = false)
    {
        (_decoder, _session, _capacity) = (decoder, session, cache.Capacity);
        _states = returnsStates ? new HiddenStateBuffers(decoder) : null;
        _binding = session.CreateIoBinding();
        cache.BindTo(_binding);
        Bind(_lengths, DecoderTensors.SequenceLengthsMinusOne, _lengthMinusOne.AsMemory(), [1]);
        Bind(_lengths, DecoderTensors.TotalLength, _totalLength.AsMemory(), []);
    }

    /// <summary>Tokens of the pass.</summary>
    public int Count { get; private set; }

    /// <summary>Number of rows whose logits are computed.</summary>
    public int LogitsRequested { get; private set; }

    /// <summary>[count, hidden].</summary>
    public Span<float> Embeddings => _embeddings.AsSpan(0, Count * _decoder.Embeddings.HiddenSize);

    /// <summary>[count].</summary>
    public Span<long> Positions => _positions.AsSpan(0, Count);

    /// <summary>[count, capacity].</summary>
    public Span<float> Bias => _bias.AsSpan(0, Count * _capacity);

    /// <summary>[requested], each a row of the pass.</summary>
    public Span<long> LogitRows => _rows.AsSpan(0, LogitsRequested);

    /// <summary>[vocabulary], of a requested row, valid until the next run.</summary>
    public ReadOnlySpan<float> Logits(int row) =>
        _logits.AsSpan(row * _decoder.VocabularySize, _decoder.VocabularySize);

    /// <summary>Hidden states of the last run; null unless they are fetched.</summary>
    public HiddenStateBuffers? States => _states;

    /// <summary>Sets the sizes. The bias is all zeros afterwards, the contents of the other buffers are undefined.</summary>
    public void Shape(int count, int requested)
    {
        if (count == Count && requested == LogitsRequested)
        {
            Bias.Clear();
            return;
        }

        Release(_shaped);
        (Count, LogitsRequested) = (count, requested);
        var (hidden, vocabulary) = (_decoder.Embeddings.HiddenSize, _decoder.VocabularySize);
        Grow(ref _embeddings, count * hidden);
        Grow(ref _bias, count * _capacity);
        Grow(ref _positions, count);
        Grow(ref _rows, requested);
        Grow(ref _logits, requested * vocabulary);
        Bias.Clear();
        Bind(_shaped, DecoderTensors.Embeddings, _embeddings.AsMemory(0, count * hidden), [1, count, hidden]);
        Bind(_shaped, DecoderTensors.AttentionBias, _bias.AsMemory(0, count * _capacity), [1, 1, count, _capacity]);
        Bind(_shaped, DecoderTensors.Positions, _positions.AsMemory(0, count), [1, count]);
        Bind(_shaped, DecoderTensors.LogitRows, _rows.AsMemory(0, requested), [requested]);
        var logits = Wrap(_logits.AsMemory(0, requested * vocabulary), [1, requested, vocabulary]);
        _shaped.Add((DecoderTensors.Logits, logits));
        _binding.BindOutput(DecoderTensors.Logits, logits);
        _states?.Bind(_binding, count, requested);
    }

    /// <param name="columns">In use after this pass.</param>
    /// <exception cref="NonFiniteLogitsException">One of the requested logits is NaN or infinite.</exception>
    public void Run(int columns)
    {
        // GroupQueryAttention takes the total length minus one, for each row.
        _lengthMinusOne[0] = columns - 1;
        _totalLength[0] = columns;
        if (_decoder.KeepsStateOnDevice)
        {
            // Memory of another device is copied when it is bound: a few kilobytes; the requested logits come back.
            BindAgain(_lengths);
            BindAgain(_shaped);
        }

        _session.RunWithBinding(_runOptions, _binding);
        _states?.Read();

        // One pass over the logits costs microseconds; NaN is the largest magnitude where there is one.
        if (LogitsRequested > 0 && !float.IsFinite(TensorPrimitives.MaxMagnitude(_logits.AsSpan(0, LogitsRequested * _decoder.VocabularySize))))
        {
            throw new NonFiniteLogitsException();
        }
    }

    public void Dispose()
    {
        _binding.Dispose();
        _runOptions.Dispose();
        Release(_shaped);
        Release(_lengths);
        _states?.Dispose();
    }

    private static void Grow<T>(ref T[] buffer, int length)
    {
        if (buffer.Length < length)
        {
            // Pinned, because native code holds its address between two runs.
            buffer = GC.AllocateUninitializedArray<T>(length, pinned: true);
        }
    }

    private void Bind<T>(List<(string Name, OrtValue Value)> owner, string input, Memory<T> memory, long[] shape)
        where T : unmanaged
    {
        var value = Wrap(memory, shape);
        owner.Add((input, value));
        _binding.BindInput(input, value);
    }

    private void BindAgain(List<(string Name, OrtValue Value)> values)
    {
        foreach (var (name, value) in values)
        {
            if (name != DecoderTensors.Logits)
            {
                _binding.BindInput(name, value);
            }
        }
    }

    private static OrtValue Wrap<T>(Memory<T> memory, long[] shape)
        where T : unmanaged => OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, memory, shape);

    private static void Release(List<(string Name, OrtValue Value)> values)
    {
        foreach (var (_, value) in values)
        {
            value.Dispose();
        }

        values.Clear();
    }
}
