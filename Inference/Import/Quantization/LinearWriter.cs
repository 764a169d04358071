using System.Diagnostics;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Writes a linear layer into a graph, in one of the precisions that ONNX Runtime computes.</summary>
internal abstract class LinearWriter
{
    /// <param name="format">The weights' format.</param>
    /// <param name="importance">The inputs' importance: quantization loses least where it is large. Read when weights are written, not
    /// before.</param>
    public static LinearWriter Create(WeightFormat format, IInputImportance importance) => format.Kind switch
    {
        WeightKind.FullPrecision => new Float32LinearWriter(),
        WeightKind.HalfPrecision => new Float16LinearWriter(),
        WeightKind.DynamicInt8 => new DynamicInt8LinearWriter(format, importance),
        WeightKind.BlockQuantized when format.KeepsStored => new StoredBlockLinearWriter(importance),
        WeightKind.BlockQuantized => new BlockLinearWriter(
            new BlockQuantizer(format.Bits, format.BlockSize, format.ZeroPoints), importance),
        _ => throw new UnreachableException($"Nothing writes {format.Kind}."),
    };

    /// <summary>How many inputs of a matrix are multiplied apart from the others, so that they may be given as
    /// <see cref="LinearInput.Kept"/>.</summary>
    public virtual int KeptInputCount(int inputs) => 0;

    /// <summary>Which inputs these are, in ascending order. Known once calibration is complete.</summary>
    public virtual int[] KeptInputs(string node, int inputs) => [];

    /// <summary>Same as <see cref="Write"/>, with a bias.</summary>
    /// <param name="graph">Receives the layer.</param>
    /// <param name="source">The weights.</param>
    /// <param name="node">Name of the product.</param>
    /// <param name="input">The layer's input.</param>
    /// <param name="bias">Name of the bias, [outputs].</param>
    /// <param name="weight">The matrix.</param>
    public virtual string WriteBiased(OnnxGraph graph, IWeightSource source, string node, LinearInput input, string bias, LinearWeight weight) =>
        graph.Node("Add", $"{node}.biased", [Write(graph, source, node, input, weight), bias]);

    /// <summary>Adds the product of <paramref name="input"/> [.., inputs] with the stacked weights.</summary>
    /// <returns>The value's name, [.., sum of outputs].</returns>
    public abstract string Write(OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights);
}

/// <summary>The input of a linear layer.</summary>
/// <param name="Name">The value's name in the graph, [1, rows, inputs].</param>
/// <param name="Lowest">A number that no element is below, 0 or negative, where the layer before guarantees one; null where
/// elements of both signs may be of any size.</param>
/// <param name="Kept">Name of the inputs that the layer's writer multiplies apart, [1, rows, kept], where they are a value of
/// their own and zero in <paramref name="Name"/>; null where the writer has to take them out.</param>
internal readonly record struct LinearInput(string Name, float? Lowest = null, string? Kept = null)
{
    public static implicit operator LinearInput(string name) => new(name);
}

/// <summary>Weights in the type in which the graph computes, ONNX's MatMul.</summary>
internal sealed class Float32LinearWriter : LinearWriter
{
    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var weight = graph.FloatWeight(
            $"{node}.weight",
            [weights[0].Inputs, weights.Sum(w => w.Outputs)],
            source.Transposed(weights));
        return graph.Node("MatMul", node, [input.Name, weight]);
    }
}

/// <summary>float16 on the disk. A graph that computes in float32 widens it, which ONNX Runtime does once, when the session
/// is opened, so the folder is half as large and the memory is float32's.</summary>
internal sealed class Float16LinearWriter : LinearWriter
{
    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var stored = graph.Weight(
            $"{node}.weight_fp16",
            OnnxType.Float16,
            [weights[0].Inputs, weights.Sum(w => w.Outputs)],
            source.TransposedFloat16(weights));
        if (graph.ActivationType == OnnxType.Float16)
        {
            return graph.Node("MatMul", node, [input.Name, stored]);
        }

        var weight = graph.Node("Cast", $"{node}.weight", [stored], OnnxAttribute.Int("to", (long)OnnxType.Float32));
        return graph.Node("MatMul", node, [input.Name, weight]);
    }
}

/// <summary>float32 as the checkpoint stores it, ONNX's Gemm: the layout is not changed, which needs no memory. For what
/// is used a few times and then removed.</summary>
internal sealed class GemmLinearWriter : LinearWriter
{
    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var (inputs, outputs) = (weights[0].Inputs, weights.Sum(w => w.Outputs));
        var rows = source.Rows(weights);
        var weight = graph.Weight(
            $"{node}.weight",
            OnnxType.Float32,
            [outputs, inputs],
            stream => rows((_, values) => stream.Write(MemoryMarshal.AsBytes(values.Span))));
        var flat = graph.Node("Reshape", $"{node}.rows", [input.Name, graph.Constant($"{node}.rows_shape", [-1, inputs])]);
        var product = graph.Node("Gemm", $"{node}.product", [flat, weight], OnnxAttribute.Int("transB", 1));
        return graph.Node("Reshape", node, [product, graph.Constant($"{node}.shape", [1, -1, outputs])]);
    }
}
