using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>8-bit weights with one scale per output, multiplied by activations with one scale per row: <c>QuantizeLinear</c>
/// and <c>MatMulIntegerToFloat</c>. A scale per row and not one for all, as <c>DynamicQuantizeMatMul</c> has, because one row of
/// outliers would take the resolution of all others. Inputs that are outliers in every row may be kept in float32. For one
/// graph: inputs shared by several matrices are quantized once.</summary>
/// <remarks>Processors without int8 dot products add pairs of products in 16 bits, which must not overflow: there either both
/// sides are unsigned, which is multiplied in 16 bits from the start, or activations have 7 bits (2 * 127 * 128 is below
/// 2^15). A graph with signed weights and 8-bit activations that is opened on such a processor gets ONNX Runtime's slower
/// exact products (<see cref="Machine.Int8Kernel"/>).</remarks>
internal sealed class DynamicInt8LinearWriter(WeightFormat format, IInputImportance importance) : LinearWriter
{
    /// <summary>Half the range of the weights' codes; the lowest is not used, so that both signs are alike.</summary>
    private const int Largest = 127;

    /// <summary>Code of zero in unsigned weights.</summary>
    private const byte Middle = 128;

    /// <summary>A row of zeros has a scale as well, so that nothing is divided by zero.</summary>
    private const float SmallestScale = 1e-30f;

    private readonly Dictionary<string, QuantizedInput> _inputs = [];
    private bool _hasConstants;

    /// <summary>Name of what this writer's matrices share; others may write into the same graph.</summary>
    private string Shared(string constant) => $"{format}.{constant}";

    /// <summary>Half the range of the activations' codes, whose zero is one above.</summary>
    private int LargestActivation => (1 << (format.ActivationBits - 1)) - 1;

    /// <summary>Code of zero where activations have a lowest value: an eighth of the codes are left for negative ones.</summary>
    private int ZeroOfBounded => 1 << (format.ActivationBits - 3);

    public override int KeptInputCount(int inputs) => Math.Min(format.ExactInputCount, inputs / 4);

    public override int[] KeptInputs(string node, int inputs) => LargestInputs(node, inputs, KeptInputCount(inputs));

    public override string Write(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        var (rounded, kept, keptWeight) = Multiply(graph, source, node, input, weights);
        return kept.Length == 0 ? rounded : graph.Node("Add", node, [rounded, graph.Node("MatMul", $"{node}.apart", [kept, keptWeight])]);
    }

    public override string WriteBiased(OnnxGraph graph, IWeightSource source, string node, LinearInput input, string bias, LinearWeight weight)
    {
        var (rounded, kept, keptWeight) = Multiply(graph, source, node, input, weight);
        if (kept.Length == 0)
        {
            return graph.Node("Add", $"{node}.biased", [rounded, bias]);
        }

        // The small product adds the bias, which saves a pass over the large one.
        var rows = graph.Node("Reshape", $"{node}.kept_rows", [kept, graph.Constant($"{node}.kept_shape", [-1, KeptInputCount(weight.Inputs)])]);
        var apart = graph.Node("Gemm", $"{node}.apart", [rows, keptWeight, bias]);
        var shaped = graph.Node("Reshape", $"{node}.apart_rows", [apart, graph.Constant($"{node}.shape", [1, -1, weight.Outputs])]);
        return graph.Node("Add", $"{node}.biased", [rounded, shaped]);
    }

    /// <summary>The product of the quantized inputs, and what is missing in it: the kept inputs and their weights, both empty where
    /// none are kept.</summary>
    private (string Rounded, string Kept, string KeptWeight) Multiply(
        OnnxGraph graph, IWeightSource source, string node, LinearInput input, params LinearWeight[] weights)
    {
        if (graph.ActivationType != OnnxType.Float32)
        {
            throw new InvalidOperationException($"{format} multiplies activations of 8 bit, which a graph in float16 does not have.");
        }

        var inputs = weights[0].Inputs;
        var outputs = weights.Sum(w => w.Outputs);
        var exact = KeptInputCount(inputs);
        var quantized = QuantizeInput(graph, node, input, inputs, exact);
        var rows = source.Rows(weights);
        var scales = Array.Empty<float>();
        var kept = Array.Empty<float>();
        var stored = graph.Weight(
            $"{node}.weight_8",
            format.HasSignedWeights ? OnnxType.Int8 : OnnxType.UInt8,
            [inputs, outputs],
            stream =>
            {
                (scales, kept) = (new float[outputs], new float[exact * outputs]);
                Quantize(stream, rows, inputs, scales, kept, importance.Importance(node, inputs), LargestInputs(quantized.Layer, inputs, exact));
            });
        var columnScale = graph.Weight($"{node}.scales", OnnxType.Float32, [outputs], stream => WriteAll(stream, ref scales));
        var columns = graph.Contrib(
            "MatMulIntegerToFloat",
            $"{node}.columns",
            format.HasSignedWeights
                ? [quantized.Codes, stored, Shared("one"), columnScale, quantized.Zero]
                : [quantized.Codes, stored, Shared("one"), columnScale, quantized.Zero, Shared("weight_middle")]);
        if (exact == 0)
        {
            return (graph.Node("Mul", node, [columns, quantized.Scale]), "", "");
        }

        var keptWeight = graph.Weight(
            $"{node}.weight_kept", OnnxType.Float32, [exact, outputs], stream => WriteAll(stream, ref kept));
        return (graph.Node("Mul", $"{node}.rounded", [columns, quantized.Scale]), quantized.ExactInputs, keptWeight);
    }

    /// <summary>Codes round(x / scale) + zero, with the scale of the largest input of each row that is not kept in float32.
    /// Those that are kept exceed the codes and are clipped; their quantized weights are zero.</summary>
    private QuantizedInput QuantizeInput(OnnxGraph graph, string node, LinearInput source, int inputs, int exact)
    {
        var input = source.Name;
        if (_inputs.TryGetValue(input, out var done))
        {
            return done;
        }

        WriteConstants(graph);
        var bounded = input;
        var kept = source.Kept ?? "";
        if (exact > 0 && source.Kept is null)
        {
            var mask = graph.Weight($"{input}.bounded_inputs", OnnxType.Float32, [inputs], stream =>
            {
                var values = new float[inputs];
                values.AsSpan().Fill(1);
                foreach (var channel in LargestInputs(node, inputs, exact))
                {
                    values[channel] = 0;
                }

                stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
            });
            var channels = graph.Weight($"{input}.kept_inputs", OnnxType.Int64, [exact], stream =>
                stream.Write(MemoryMarshal.AsBytes(LargestInputs(node, inputs, exact).Select(c => (long)c).ToArray().AsSpan())));
            bounded = graph.Node("Mul", $"{input}.bounded", [input, mask]);
            kept = graph.Node("Gather", $"{input}.kept", [input, channels], OnnxAttribute.Int("axis", 2));
        }

        var (scale, zero) = source.Lowest is { } lowest
            ? WriteScaleOfBounded(graph, input, bounded, lowest)
            : WriteScale(graph, input, bounded);
        var flat = graph.Node("Reshape", $"{input}.row_scales", [scale, Shared("axis")]);
        var zeros = graph.Node("Expand", $"{input}.zeros", [zero, graph.Node("Shape", $"{input}.rows", [flat])]);
        var codes = graph.Node("QuantizeLinear", $"{input}.codes", [input, flat, zeros], OnnxAttribute.Int("axis", 1));
        return _inputs[input] = new QuantizedInput(codes, scale, zero, kept, node);
    }

    /// <summary>Both signs alike: the largest magnitude of a row has the last code.</summary>
    private (string Scale, string Zero) WriteScale(OnnxGraph graph, string input, string bounded)
    {
        var magnitude = graph.Node("Abs", $"{input}.magnitude", [bounded]);
        var largest = graph.Node("ReduceMax", $"{input}.largest", [magnitude, Shared("axis")], OnnxAttribute.Int("keepdims", 1));
        var step = graph.Node("Mul", $"{input}.step", [largest, Shared("step")]);
        return (graph.Node("Max", $"{input}.row_scale", [step, Shared("smallest")]), Shared("middle"));
    }

    /// <summary>The largest value of a row has the last code, and few codes are left for negative values, which are small: finer
    /// than codes of both signs, and no pass for magnitudes.</summary>
    private (string Scale, string Zero) WriteScaleOfBounded(OnnxGraph graph, string input, string bounded, float lowest)
    {
        var zero = graph.Scalar($"{input}.zero", (byte)ZeroOfBounded);
        var largest = graph.Node("ReduceMax", $"{input}.largest", [bounded, Shared("axis")], OnnxAttribute.Int("keepdims", 1));
        var codes = (1 << format.ActivationBits) - 1 - ZeroOfBounded;
        var step = graph.Node("Mul", $"{input}.step", [largest, graph.Scalar($"{input}.per_code", 1f / codes)]);
        var least = graph.Scalar($"{input}.least_step", MathF.Max(-lowest / ZeroOfBounded, SmallestScale));
        return (graph.Node("Max", $"{input}.row_scale", [step, least]), zero);
    }

    private void WriteConstants(OnnxGraph graph)
    {
        if (_hasConstants)
        {
            return;
        }

        graph.Constant(Shared("axis"), [-1]);
        graph.Scalar(Shared("step"), 1f / LargestActivation);
        graph.Scalar(Shared("smallest"), SmallestScale);
        graph.Scalar(Shared("one"), 1f);
        graph.Scalar(Shared("middle"), (byte)(LargestActivation + 1));
        if (!format.HasSignedWeights)
        {
            graph.Scalar(Shared("weight_middle"), Middle);
        }

        _hasConstants = true;
    }

    /// <summary>The inputs that calibration saw largest, in ascending order; without calibration the first ones, which is not
    /// worse than none.</summary>
    private int[] LargestInputs(string node, int inputs, int exact)
    {
        var sizes = importance.Importance(node, inputs);
        return [.. Enumerable.Range(0, inputs).OrderByDescending(i => sizes[i]).Take(exact).Order()];
    }

    /// <summary>[inputs, outputs], as the operator takes it; and the weights that are kept, [exact, outputs].</summary>
    private void Quantize(
        Stream stream,
        Action<Action<int, ReadOnlyMemory<float>>> rows,
        int inputs,
        float[] scales,
        float[] kept,
        float[] inputImportance,
        int[] outliers)
    {
        var outputs = scales.Length;
        var codes = new byte[inputs * outputs];
        var zero = format.HasSignedWeights ? 0 : Middle;
        rows((first, values) => Parallel.For(0, values.Length / inputs, r =>
        {
            var row = values.Span.Slice(r * inputs, inputs).ToArray();
            for (var i = 0; i < outliers.Length; i++)
            {
                kept[(i * outputs) + first + r] = row[outliers[i]];
                row[outliers[i]] = 0;
            }

            var parameters = ScaleSearch.FindSymmetric(row, inputImportance, Largest);
            scales[first + r] = parameters.Scale;
            for (var i = 0; i < row.Length; i++)
            {
                var code = Math.Clamp((int)MathF.Round(row[i] * parameters.QuantizeFactor), -Largest, Largest);
                codes[(i * outputs) + first + r] = (byte)(code + zero);
            }
        }));
        stream.Write(codes);
    }

    private static void WriteAll(Stream stream, ref float[] values)
    {
        stream.Write(MemoryMarshal.AsBytes(values.AsSpan()));
        values = [];
    }

    /// <param name="Codes">[1, rows, inputs].</param>
    /// <param name="Scale">[1, rows, 1].</param>
    /// <param name="Zero">Code of zero.</param>
    /// <param name="ExactInputs">[1, rows, exact]; empty when none are.</param>
    /// <param name="Layer">The linear layer whose calibration chose them.</param>
    private readonly record struct QuantizedInput(string Codes, string Scale, string Zero, string ExactInputs, string Layer);
}
