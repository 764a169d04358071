using System.Buffers;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Keys or values of one layer for the tokens so far, copied out of a run, so that several runs can go on from them. The memory
/// is rented: a layer needs tens of megabytes, the next one the same again. Dispose when no run needs them any more.</summary>
internal sealed class KeyValues : IDisposable
{
    private readonly long[] _shape;
    private readonly int _count;
    private float[]? _single;
    private Float16[]? _half;

    private KeyValues(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        (_shape, _count) = (info.Shape, (int)info.ElementCount);
        if (info.ElementDataType == TensorElementType.Float16)
        {
            _half = ArrayPool<Float16>.Shared.Rent(_count);
            value.GetTensorDataAsSpan<Float16>().CopyTo(_half);
        }
        else
        {
            _single = ArrayPool<float>.Shared.Rent(_count);
            value.GetTensorDataAsSpan<float>().CopyTo(_single);
        }
    }

    /// <param name="value">[1, heads, tokens, head size]; not kept.</param>
    public static KeyValues Copy(OrtValue value) => new(value);

    /// <summary>An input with these values, without copying them; to be disposed before this.</summary>
    public OrtValue Open() => _half is null
        ? OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _single.AsMemory(0, _count), _shape)
        : OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, _half.AsMemory(0, _count), _shape);

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _single, null) is { } single)
        {
            ArrayPool<float>.Shared.Return(single);
        }

        if (Interlocked.Exchange(ref _half, null) is { } half)
        {
            ArrayPool<Float16>.Shared.Return(half);
        }
    }
}
