using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Keys and values of every layer, [1, KV heads, capacity, head size] each, in the type in which the decoder
/// computes, in memory of the device on which it runs. The same tensors are past and present: nothing is copied between
/// steps or between the sessions that share it, and nothing leaves the device.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly IDisposable _memory;
    private readonly (string Past, string Present, OrtValue Value)[] _tensors;

    public KeyValueCache(LanguageDecoder decoder, int capacity)
    {
        Capacity = capacity;
        long[] shape = [1, decoder.KeyValueHeads, capacity, decoder.HeadSize];
        var values = decoder.KeepsStateOnDevice
            ? OnDevice(decoder, shape, out _memory)
            : InZeroedMemory(decoder, shape, out _memory);
        _tensors = [.. values.Select((value, i) => i % 2 == 0
            ? (DecoderTensors.PastKey(i / 2), DecoderTensors.PresentKey(i / 2), value)
            : (DecoderTensors.PastValue(i / 2), DecoderTensors.PresentValue(i / 2), value))];
    }

    /// <summary>Number of columns, one per token.</summary>
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

    /// <summary>One block of host memory, of which untouched pages cost nothing.</summary>
    private static OrtValue[] InZeroedMemory(LanguageDecoder decoder, long[] shape, out IDisposable memory)
    {
        var bytes = (decoder.KeyValueType == TensorElementType.Float16 ? 2L : 4L) * shape.Aggregate((a, b) => a * b);
        var zeroed = new ZeroedMemory(2 * decoder.Layers * bytes);
        memory = zeroed;
        return [.. Enumerable.Range(0, 2 * decoder.Layers).Select(i => OrtValue.CreateTensorValueWithData(
            OrtMemoryInfo.DefaultInstance, decoder.KeyValueType, shape, (nint)(zeroed.Address + (i * bytes)), bytes))];
    }

    /// <summary>Allocates the cache in the memory that the session reports for its inputs.</summary>
    private static OrtValue[] OnDevice(LanguageDecoder decoder, long[] shape, out IDisposable memory)
    {
        using var memories = decoder.Session.GetMemoryInfosForInputs();
        var key = decoder.Session.InputNames.ToList().IndexOf(DecoderTensors.PastKey(0));
        var allocator = new OrtAllocator(decoder.Session, memories[key]);
        var values = new List<OrtValue>();
        try
        {
            for (var i = 0; i < 2 * decoder.Layers; i++)
            {
                values.Add(OrtValue.CreateAllocatedTensorValue(allocator, decoder.KeyValueType, shape));
            }

            decoder.Zeros.Fill(values, shape);
        }
        catch
        {
            values.ForEach(v => v.Dispose());
            allocator.Dispose();
            throw;
        }

        memory = allocator;
        return [.. values];
    }
}
