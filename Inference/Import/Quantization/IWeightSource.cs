using MobileVlm.Edge.Inference.Import.Checkpoints;

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

    /// <summary>How a weight is stored where it is stored as integers in groups; null elsewhere.</summary>
    StoredGroups? GroupsOf(LinearWeight weight) => null;

    /// <summary>Hands over the rows of one or several weights as they are stored in groups, in order, a few at a time.</summary>
    /// <exception cref="NotSupportedException">There are none.</exception>
    Action<GroupRowTaker> GroupRows(IReadOnlyList<LinearWeight> weights) =>
        throw new NotSupportedException("These weights are not stored in groups.");
}

/// <param name="firstRow">Number of the first row.</param>
/// <param name="codes">[rows, inputs].</param>
/// <param name="scales">[rows, groups].</param>
/// <param name="offsets">[rows, groups]; zeros where there are none.</param>
internal delegate void GroupRowTaker(int firstRow, ReadOnlyMemory<sbyte> codes, ReadOnlyMemory<float> scales, ReadOnlyMemory<float> offsets);

/// <summary>A linear layer's weight in a checkpoint, [outputs, inputs].</summary>
internal readonly record struct LinearWeight(string Name, int Outputs, int Inputs);
