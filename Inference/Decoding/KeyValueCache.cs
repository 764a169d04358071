using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Export;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Keys and values of every layer, [1, KV heads, capacity, head size] each, float32, in one piece of memory that
/// is past and present at once: nothing is copied between steps, or between the sessions that share it.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly ZeroedMemory _memory;
    private readonly (string Past, string Present, OrtValue Value)[] _tensors;

    public KeyValueCache(LanguageDecoder decoder, int capacity)
    {
        Capacity = capacity;
        var bytes = sizeof(float) * (long)decoder.KeyValueHeads * capacity * decoder.HeadSize;
        _memory = new ZeroedMemory(2 * decoder.Layers * bytes);
        _tensors = new (string, string, OrtValue)[2 * decoder.Layers];
        for (var i = 0; i < _tensors.Length; i++)
        {
            var value = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance,
                TensorElementType.Float,
                [1, decoder.KeyValueHeads, capacity, decoder.HeadSize],
                (nint)(_memory.Address + (i * bytes)),
                bytes);
            _tensors[i] = i % 2 == 0
                ? (DecoderGraph.PastKey(i / 2), DecoderGraph.PresentKey(i / 2), value)
                : (DecoderGraph.PastValue(i / 2), DecoderGraph.PresentValue(i / 2), value);
        }
    }

    /// <summary>Columns, one a token.</summary>
    public int Capacity { get; }

    public void BindTo(OrtIoBinding binding)
    {
        foreach (var (past, present, value) in _tensors)
        {
            binding.BindInput(past, value);
            binding.BindOutput(present, value);
        }
    }

    public void Dispose()
    {
        foreach (var (_, _, value) in _tensors)
        {
            value.Dispose();
        }

        _memory.Dispose();
    }
}
