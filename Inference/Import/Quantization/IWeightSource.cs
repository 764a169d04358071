namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>The source of a graph's weights. Each method may find tensors at once; the values are read when the result
/// is called.</summary>
internal interface IWeightSource
{
    /// <summary>The tensor as it is, float32.</summary>
    Action<Stream> Untransposed(string name, params ReadOnlySpan<long> shape);

    /// <summary>Linear weights [out, in] of several layers that share their input, laid out as ONNX's MatMul takes
    /// them: [in, sum of out].</summary>
    Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights);

    /// <summary>Same as <see cref="Transposed"/>, in float16. Writing refuses what float16 cannot hold.</summary>
    Action<Stream> TransposedFloat16(IReadOnlyList<LinearWeight> weights);

    /// <summary>Hands over the rows of one or several [out, in] weights in order, a few at a time.</summary>
    Action<Action<int, ReadOnlyMemory<float>>> Rows(IReadOnlyList<LinearWeight> weights);
}

/// <summary>A linear layer's weight in a checkpoint, [outputs, inputs].</summary>
internal readonly record struct LinearWeight(string Name, int Outputs, int Inputs);
