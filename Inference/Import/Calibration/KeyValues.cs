using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>Keys or values of one layer for the tokens so far, copied out of a run, so that several runs can go on from them.</summary>
internal sealed class KeyValues
{
    private readonly float[]? _single;
    private readonly Float16[]? _half;
    private readonly long[] _shape;

    private KeyValues(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        _shape = info.Shape;
        if (info.ElementDataType == TensorElementType.Float16)
        {
            _half = value.GetTensorDataAsSpan<Float16>().ToArray();
        }
        else
        {
            _single = value.GetTensorDataAsSpan<float>().ToArray();
        }
    }

    /// <param name="value">[1, heads, tokens, head size]; not kept.</param>
    public static KeyValues Copy(OrtValue value) => new(value);

    /// <summary>An input with these values, without copying them.</summary>
    public OrtValue Open() => _half is null
        ? OrtValue.CreateTensorValueFromMemory(_single!, _shape)
        : OrtValue.CreateTensorValueFromMemory(_half, _shape);
}
