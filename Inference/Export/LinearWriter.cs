using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>Writes a linear layer into a graph, in one of the precisions that ONNX Runtime computes.</summary>
internal abstract class LinearWriter
{
    /// <summary>Adds the product of <paramref name="input"/> [.., inputs] with the stacked weights.</summary>
    /// <returns>The value's name, [.., sum of outputs].</returns>
    public abstract string Write(OnnxGraph graph, WeightSource source, string node, string input, params LinearWeight[] weights);
}

/// <summary>float32, ONNX's MatMul.</summary>
internal sealed class Float32LinearWriter : LinearWriter
{
    public override string Write(
        OnnxGraph graph, WeightSource source, string node, string input, params LinearWeight[] weights)
    {
        var weight = graph.Weight(
            $"{node}.weight",
            OnnxType.Float32,
            [weights[0].Inputs, weights.Sum(w => w.Outputs)],
            source.Transposed(weights));
        return graph.Node("MatMul", node, [input, weight]);
    }
}

/// <summary>4 or 8 bit a weight with one float32 scale a block: <c>MatMulNBits</c>.</summary>
internal sealed class BlockLinearWriter(BlockQuantizer quantizer) : LinearWriter
{
    /// <summary>int8 activations: the fast kernels. Left out, decoding is two to four times slower.</summary>
    private const int AccuracyLevel = 4;

    public override string Write(
        OnnxGraph graph, WeightSource source, string node, string input, params LinearWeight[] weights)
    {
        var inputs = weights[0].Inputs;
        var outputs = weights.Sum(w => w.Outputs);
        var blocks = quantizer.Blocks(inputs);
        var rowBytes = blocks * quantizer.BlobSize;
        var rows = source.Rows(weights);

        // Filled while the codes are written, written right after them, and dropped: one layer's at a time.
        float[]? scales = null;
        var packed = graph.Weight(
            $"{node}.weight_q{quantizer.Bits}",
            OnnxType.UInt8,
            [outputs, blocks, quantizer.BlobSize],
            stream =>
            {
                var found = scales = new float[outputs * blocks];
                rows((first, values) =>
                {
                    var count = values.Length / inputs;
                    var bytes = new byte[count * rowBytes];
                    Parallel.For(0, count, r => quantizer.QuantizeRow(
                        values.Span.Slice(r * inputs, inputs),
                        bytes.AsSpan(r * rowBytes, rowBytes),
                        found.AsSpan((first + r) * blocks, blocks)));
                    stream.Write(bytes);
                });
            });
        var scale = graph.Weight(
            $"{node}.scales",
            OnnxType.Float32,
            [outputs, blocks],
            stream =>
            {
                stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()));
                scales = null;
            });
        return graph.Contrib(
            "MatMulNBits",
            node,
            [input, packed, scale],
            OnnxAttribute.Int("K", inputs),
            OnnxAttribute.Int("N", outputs),
            OnnxAttribute.Int("bits", quantizer.Bits),
            OnnxAttribute.Int("block_size", quantizer.BlockSize),
            OnnxAttribute.Int("accuracy_level", AccuracyLevel));
    }
}
