using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>8-bit weights with one scale an output, multiplied by 8-bit activations with one scale a row:
/// <c>MatMulInteger</c> between plain operators. A scale a row and not one for all, as <c>DynamicQuantizeMatMul</c> has,
/// since one outlying row would take the resolution of all others. Of one graph: inputs shared by several matrices are
/// rounded once.</summary>
internal sealed class RowLinearWriter(IInputImportance importance) : LinearWriter
{
    /// <summary>Half the range of the codes; -128 is left out so that both signs are alike.</summary>
    private const int Largest = 127;

    /// <summary>Code of zero in the unsigned activations.</summary>
    private const byte Middle = 128;

    /// <summary>A row of zeros has a scale as well, so that nothing is divided by zero.</summary>
    private const float SmallestScale = 1e-30f;

    private readonly Dictionary<string, (string Codes, string Scale)> _rounded = [];
    private bool _hasConstants;

    public override string Write(
        OnnxGraph graph, WeightSource source, string node, string input, params LinearWeight[] weights)
    {
        var inputs = weights[0].Inputs;
        var outputs = weights.Sum(w => w.Outputs);
        var (codes, rowScale) = Round(graph, input);
        var rows = source.Rows(weights);
        var scales = Array.Empty<float>();
        var stored = graph.Weight(
            $"{node}.weight_s8",
            OnnxType.Int8,
            [inputs, outputs],
            stream =>
            {
                scales = new float[outputs];
                stream.Write(MemoryMarshal.AsBytes<sbyte>(Quantize(rows, inputs, scales, importance.Importance(node, inputs))));
            });
        var columnScale = graph.Weight(
            $"{node}.scales",
            OnnxType.Float32,
            [outputs],
            stream =>
            {
                stream.Write(MemoryMarshal.AsBytes(scales.AsSpan()));
                scales = [];
            });
        var product = graph.Node("MatMulInteger", $"{node}.product", [codes, stored, "rows.middle"]);
        var wide = graph.Node("Cast", $"{node}.wide", [product], OnnxAttribute.Int("to", (long)OnnxType.Float32));
        var columns = graph.Node("Mul", $"{node}.columns", [wide, columnScale]);
        return graph.Node("Mul", node, [columns, rowScale]);
    }

    /// <summary>Codes round(x / scale) + 128 with scale = max|x| / 127 of each row.</summary>
    private (string Codes, string Scale) Round(OnnxGraph graph, string input)
    {
        if (_rounded.TryGetValue(input, out var done))
        {
            return done;
        }

        if (!_hasConstants)
        {
            graph.Constant("rows.axis", [-1]);
            graph.Scalar("rows.step", 1f / Largest);
            graph.Scalar("rows.smallest", SmallestScale);
            graph.Scalar("rows.offset", Middle * 1f);
            graph.Scalar("rows.middle", Middle);
            _hasConstants = true;
        }

        var magnitude = graph.Node("Abs", $"{input}.magnitude", [input]);
        var largest = graph.Node("ReduceMax", $"{input}.largest", [magnitude, "rows.axis"], OnnxAttribute.Int("keepdims", 1));
        var step = graph.Node("Mul", $"{input}.step", [largest, "rows.step"]);
        var scale = graph.Node("Max", $"{input}.row_scale", [step, "rows.smallest"]);
        var steps = graph.Node("Div", $"{input}.steps", [input, scale]);
        var whole = graph.Node("Round", $"{input}.whole", [steps]);
        var shifted = graph.Node("Add", $"{input}.shifted", [whole, "rows.offset"]);
        var codes = graph.Node("Cast", $"{input}.codes", [shifted], OnnxAttribute.Int("to", (long)OnnxType.UInt8));
        return _rounded[input] = (codes, scale);
    }

    /// <summary>[inputs, outputs], as the operator takes it.</summary>
    private static sbyte[] Quantize(
        Action<Action<int, ReadOnlyMemory<float>>> rows, int inputs, float[] scales, float[] importance)
    {
        var outputs = scales.Length;
        var codes = new sbyte[inputs * outputs];
        rows((first, values) => Parallel.For(0, values.Length / inputs, r =>
        {
            var row = values.Span.Slice(r * inputs, inputs);
            var grid = ScaleSearch.FindSymmetric(row, importance, Largest);
            scales[first + r] = grid.Scale;
            for (var i = 0; i < row.Length; i++)
            {
                codes[(i * outputs) + first + r] =
                    (sbyte)Math.Clamp((int)MathF.Round(row[i] * grid.Inverse), -Largest, Largest);
            }
        }));
        return codes;
    }
}
