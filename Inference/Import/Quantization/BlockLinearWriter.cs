using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>4 or 8 bit per weight with one scale per block, in the type in which the graph computes, and optionally a zero
/// point per block: <c>MatMulNBits</c>.</summary>
internal sealed class BlockLinearWriter(BlockQuantizer quantizer, IInputImportance importance) : LinearWriter
{
    /// <summary>int8 activations, which have the fast kernels; without it, decoding is two to four times slower.</summary>
    private const int AccuracyLevel = 4;

    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var inputs = weights[0].Inputs;
        var outputs = weights.Sum(w => w.Outputs);
        var blocks = quantizer.Blocks(inputs);
        var zeroBytes = quantizer.ZeroPoints ? quantizer.ZeroPointBytes(inputs) : 0;
        var rows = source.Rows(weights);

        // Filled while the codes are written, written right after them, and released: one layer at a time.
        var scales = Array.Empty<float>();
        var zeros = Array.Empty<byte>();
        var names = new List<string>
        {
            input.Name,
            graph.Weight(
                $"{node}.weight_q{quantizer.Bits}",
                OnnxType.UInt8,
                [outputs, blocks, quantizer.BlobSize],
                stream =>
                {
                    (scales, zeros) = (new float[outputs * blocks], new byte[outputs * zeroBytes]);
                    var compensation = quantizer.Bits < 8 ? importance.Compensation(node) : null;
                    Quantize(stream, rows, inputs, importance.Importance(node, inputs), compensation, scales, zeros);
                }),
            graph.FloatWeight(
                $"{node}.scales",
                [outputs, blocks],
                stream =>
                {
                    stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()));
                    scales = [];
                }),
        };
        if (quantizer.ZeroPoints)
        {
            names.Add(graph.Weight(
                $"{node}.zeros",
                OnnxType.UInt8,
                [outputs, zeroBytes],
                stream =>
                {
                    stream.Write(zeros);
                    zeros = [];
                }));
        }

        return AddProduct(graph, node, names, inputs, outputs, quantizer.Bits, quantizer.BlockSize);
    }

    /// <summary>Adds the product.</summary>
    /// <param name="graph">Receives it.</param>
    /// <param name="node">Its name.</param>
    /// <param name="names">Input, codes, scales and perhaps zero points.</param>
    /// <param name="inputs">Columns of the matrix.</param>
    /// <param name="outputs">Rows of the matrix.</param>
    /// <param name="bits">Bits of a code.</param>
    /// <param name="blockSize">Weights that share a scale.</param>
    /// <returns>The name of its result.</returns>
    public static string AddProduct(OnnxGraph graph, string node, List<string> names, int inputs, int outputs, int bits, int blockSize) => graph.Contrib(
        "MatMulNBits",
        node,
        CollectionsMarshal.AsSpan(names),
        OnnxAttribute.Int("K", inputs),
        OnnxAttribute.Int("N", outputs),
        OnnxAttribute.Int("bits", bits),
        OnnxAttribute.Int("block_size", blockSize),
        OnnxAttribute.Int("accuracy_level", AccuracyLevel));

    private void Quantize(
        Stream stream,
        Action<Action<int, ReadOnlyMemory<float>>> rows,
        int inputs,
        float[] importance,
        ErrorCompensation? compensation,
        float[] scales,
        byte[] zeros)
    {
        var blocks = quantizer.Blocks(inputs);
        var rowBytes = blocks * quantizer.BlobSize;
        var zeroBytes = quantizer.ZeroPoints ? quantizer.ZeroPointBytes(inputs) : 0;
        rows((first, values) =>
        {
            var count = values.Length / inputs;
            var bytes = new byte[count * rowBytes];
            if (compensation is not null)
            {
                compensation.QuantizeRows(
                    values, importance, quantizer, bytes, scales.AsMemory(first * blocks, count * blocks), zeros.AsMemory(first * zeroBytes, count * zeroBytes));
                stream.Write(bytes);
                return;
            }

            Parallel.For(0, count, r => quantizer.QuantizeRow(
                values.Span.Slice(r * inputs, inputs),
                importance,
                bytes.AsSpan(r * rowBytes, rowBytes),
                scales.AsSpan((first + r) * blocks, blocks),
                zeros.AsSpan((first + r) * zeroBytes, zeroBytes)));
            stream.Write(bytes);
        });
    }
}
