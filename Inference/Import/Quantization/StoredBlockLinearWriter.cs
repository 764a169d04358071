using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Writes matrices with the very integers and scales that a file has them in, where <c>MatMulNBits</c> can hold them: groups of
/// 32 of at most 8 bits. Where groups have offsets, which are seldom a whole number of scales, the nearest whole zero point is subtracted
/// in the product and a small float matrix times the sums of the inputs of each block adds the rest: exact, and with the fast kernels,
/// which float zero points do not have. What cannot be held is quantized again, in 4 bits where it has few and else in 8. For one
/// graph: block sums of an input are computed once.</summary>
/// <param name="importance">Of the inputs, for what is quantized again.</param>
internal sealed class StoredBlockLinearWriter(IInputImportance importance) : LinearWriter
{
    private const int BlockSize = 32;

    private readonly PartImportance _importance = new(importance);
    private readonly Dictionary<string, string> _blockSums = [];

    public override string Write(OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var parts = Parts(source, weights);
        if (parts is [var only])
        {
            return WritePart(graph, source, node, input, only);
        }

        var names = new List<string>();
        foreach (var part in parts)
        {
            var name = $"{node}.{names.Count}";
            _importance.Add(name, node);
            names.Add(WritePart(graph, source, name, input, part));
        }

        return graph.Node("Concat", node, CollectionsMarshal.AsSpan(names), OnnxAttribute.Int("axis", -1));
    }

    /// <summary>Weights that follow each other and are written in one form.</summary>
    private static List<(StoredForm Form, List<LinearWeight> Weights)> Parts(IWeightSource source, LinearWeight[] weights)
    {
        var parts = new List<(StoredForm Form, List<LinearWeight> Weights)>();
        foreach (var weight in weights)
        {
            var form = StoredForm.Of(source.GroupsOf(weight));
            if (parts.Count > 0 && parts[^1].Form == form)
            {
                parts[^1].Weights.Add(weight);
            }
            else
            {
                parts.Add((form, [weight]));
            }
        }

        return parts;
    }

    private string WritePart(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, (StoredForm Form, List<LinearWeight> Weights) part) => part.Form.IsKept
            ? WriteStored(graph, source, node, input.Name, part.Form, part.Weights)
            : new BlockLinearWriter(new BlockQuantizer(part.Form.Bits, BlockSize, zeroPoints: part.Form.Bits < 8), _importance)
                .Write(graph, source, node, input, [.. part.Weights]);

    private string WriteStored(OnnxGraph graph, IWeightSource source, string node, string input, StoredForm form, List<LinearWeight> weights)
    {
        var (inputs, outputs) = (weights[0].Inputs, weights.Sum(w => w.Outputs));
        var blocks = inputs / BlockSize;
        var zeroBytes = ((blocks * form.Bits) + 7) / 8;
        var rows = source.GroupRows(weights);

        // Filled while the codes are written, written right after them, and released.
        var (scales, zeros, offsets) = (Array.Empty<float>(), Array.Empty<byte>(), Array.Empty<float>());
        var product = form.HasOffsets ? $"{node}.product" : node;
        List<string> names =
        [
            input,
            graph.Weight($"{node}.weight_q{form.Bits}", OnnxType.UInt8, [outputs, blocks, BlockSize * form.Bits / 8], stream =>
            {
                scales = new float[outputs * blocks];
                (zeros, offsets) = form.HasOffsets ? (new byte[outputs * zeroBytes], new float[outputs * blocks]) : ([], []);
                rows((first, codes, rowScales, rowOffsets) =>
                {
                    rowScales.CopyTo(scales.AsMemory(first * blocks));
                    if (form.HasOffsets)
                    {
                        Split(rowScales.Span, rowOffsets.Span, form.Bits, first, blocks, zeros, offsets);
                    }

                    stream.Write(Pack(codes.Span, form));
                });
            }),
            graph.FloatWeight($"{node}.scales", [outputs, blocks], stream => WriteAll(stream, ref scales)),
        ];
        if (form.HasOffsets)
        {
            names.Add(graph.Weight($"{node}.zeros", OnnxType.UInt8, [outputs, zeroBytes], stream => WriteAll(stream, ref zeros)));
        }

        BlockLinearWriter.AddProduct(graph, product, names, inputs, outputs, form.Bits, BlockSize);
        if (!form.HasOffsets)
        {
            return node;
        }

        // [outputs, blocks] is turned round when it is written.
        var added = graph.FloatWeight($"{node}.offsets", [blocks, outputs], stream =>
        {
            var column = new float[outputs];
            for (var block = 0; block < blocks; block++)
            {
                for (var output = 0; output < outputs; output++)
                {
                    column[output] = offsets[(output * blocks) + block];
                }

                stream.Write(MemoryMarshal.AsBytes(column.AsSpan()));
            }

            offsets = [];
        });
        return graph.Node("Add", node, [product, graph.Node("MatMul", $"{node}.added", [BlockSums(graph, input, blocks), added])]);
    }

    /// <summary>[1, rows, blocks].</summary>
    private string BlockSums(OnnxGraph graph, string input, int blocks)
    {
        if (!_blockSums.TryGetValue(input, out var sums))
        {
            var shaped = graph.Node("Reshape", $"{input}.blocks", [input, graph.Constant($"{input}.blocks_shape", [1, -1, blocks, BlockSize])]);
            sums = graph.Node("ReduceSum", $"{input}.block_sums", [shaped, graph.Constant($"{input}.blocks_axis", [-1])], OnnxAttribute.Int("keepdims", 0));
            _blockSums.Add(input, sums);
        }

        return sums;
    }

    /// <summary>Offsets as whole zero points and what remains of them.</summary>
    private static void Split(
        ReadOnlySpan<float> scales, ReadOnlySpan<float> offsets, int bits, int firstRow, int blocks, byte[] zeros, float[] remainders)
    {
        var zeroBytes = ((blocks * bits) + 7) / 8;
        for (var i = 0; i < scales.Length; i++)
        {
            var (row, block) = (firstRow + (i / blocks), i % blocks);
            var steps = -offsets[i] / scales[i];
            var zero = float.IsFinite(steps) ? (int)Math.Clamp(MathF.Round(steps), 0, (1 << bits) - 1) : 0;
            zeros[(row * zeroBytes) + (block * bits / 8)] |= (byte)(bits == 8 ? zero : zero << (block % 2 * 4));
            remainders[(row * blocks) + block] = offsets[i] + (scales[i] * zero);
        }
    }

    /// <summary>Codes from 0 on; of 4 bits two in a byte, the even one low.</summary>
    private static byte[] Pack(ReadOnlySpan<sbyte> codes, StoredForm form)
    {
        // Without offsets zero is in the middle of the codes, which MatMulNBits assumes where there are no zero points.
        var zero = form.HasOffsets ? 0 : 1 << (form.Bits - 1);
        if (form.Bits == 8)
        {
            var bytes = new byte[codes.Length];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)(codes[i] + zero);
            }

            return bytes;
        }

        var packed = new byte[codes.Length / 2];
        for (var i = 0; i < packed.Length; i++)
        {
            packed[i] = (byte)((codes[2 * i] + zero) | ((codes[(2 * i) + 1] + zero) << 4));
        }

        return packed;
    }

    private static void WriteAll<T>(Stream stream, ref T[] values)
        where T : struct
    {
        stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        values = [];
    }

    /// <summary>Finds the importance of the inputs of parts under the name of their whole.</summary>
    private sealed class PartImportance(IInputImportance whole) : IInputImportance
    {
        private readonly Dictionary<string, string> _nodes = [];

        public void Add(string part, string node) => _nodes[part] = node;

        public float[] Importance(string node, int inputs) => whole.Importance(_nodes.GetValueOrDefault(node, node), inputs);

        public ErrorCompensation? Compensation(string node) => whole.Compensation(_nodes.GetValueOrDefault(node, node));
    }
}

/// <summary>The form in which a stored matrix is written.</summary>
/// <param name="Bits">4 or 8.</param>
/// <param name="IsKept">Whether the stored integers are written; otherwise the values are quantized again, in blocks of 32.</param>
/// <param name="HasOffsets">Whether kept groups have offsets.</param>
internal readonly record struct StoredForm(int Bits, bool IsKept, bool HasOffsets)
{
    private const int GroupSize = 32;

    /// <summary>Above this a matrix that is quantized again has 8 bits. Q3_K has 3.4, Q6_K 6.6.</summary>
    private const double FewBits = 4.6;

    /// <param name="groups">How the matrix is stored; null where it is stored as floats.</param>
    public static StoredForm Of(StoredGroups? groups) => groups switch
    {
        null => new StoredForm(8, IsKept: false, HasOffsets: false),
        { GroupSize: GroupSize } => new StoredForm(groups.Highest - groups.Lowest < 16 ? 4 : 8, IsKept: true, groups.HasOffsets),
        _ => new StoredForm(groups.BitsPerValue < FewBits ? 4 : 8, IsKept: false, HasOffsets: false),
    };

    /// <summary>How a matrix that is not kept is quantized, as in a manifest.</summary>
    public string QuantizedName => Bits == 8 ? "int8-b32" : "int4-b32-zp";
}
