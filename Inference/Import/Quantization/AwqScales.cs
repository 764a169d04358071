using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Activation-aware scaling (AWQ, Lin et al., MLSys 2024): channels with large activations are made larger in the
/// weights and smaller in the activations, so that quantization costs them less. The factor is a power of their root mean
/// square; the exponent is searched for each group by the error that its matrices' outputs would have.</summary>
/// <param name="checkpoint">Holds the matrices.</param>
/// <param name="measured">Mean squares of the inputs; complete when scales are first asked for.</param>
/// <param name="groups">Each tensor is multiplied in at most one of them and divided in at most one.</param>
/// <param name="exponent">The exponent of all groups, instead of a search; null searches.</param>
internal sealed class AwqScales(
    Checkpoint checkpoint, ImportanceMatrix measured, IReadOnlyList<ChannelGroup> groups, float? exponent = null) : IInputImportance
{
    /// <summary>Rows of a matrix by which an exponent is chosen; all of them would give the same result at twenty times the cost.</summary>
    private const int SampledRows = 128;

    /// <summary>Share of the error that scaling has to remove. Outlier channels gain four fifths; a few hundredths depend on
    /// the sample and make the whole model better or worse at random.</summary>
    private const double LeastGain = 0.05;

    /// <summary>The first means unscaled.</summary>
    private static readonly float[] Exponents = [0, 0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f];

    private readonly Dictionary<string, ChannelGroup> _multiplied =
        groups.SelectMany(g => g.Matrices.Select(m => (m.Name, g))).ToDictionary(p => p.Name, p => p.g);

    private readonly Dictionary<string, ChannelGroup> _divided =
        groups.SelectMany(g => g.Producers.Select(m => (m, g))).ToDictionary(p => p.m, p => p.g);

    private readonly Dictionary<string, float[]?> _found = [];

    /// <summary>A description for the manifest, once all groups were requested.</summary>
    public string Describe() => $"the decoder's channels scaled in {_found.Values.Count(s => s is not null)} of {groups.Count} places";

    /// <summary>Multiplies rows of a tensor by what was found for it.</summary>
    /// <param name="tensor">Name in the checkpoint.</param>
    /// <param name="firstRow">Number of the first of the rows.</param>
    /// <param name="width">Elements of a row; 1 for a norm's weights.</param>
    /// <param name="rows">[n, width].</param>
    public void Apply(string tensor, long firstRow, int width, Span<float> rows)
    {
        var columns = _multiplied.TryGetValue(tensor, out var multiplied) ? Of(multiplied) : null;
        var divisors = _divided.TryGetValue(tensor, out var divided) ? Of(divided) : null;
        for (var at = 0; at < rows.Length && (columns ?? divisors) is not null; at += width)
        {
            var row = rows.Slice(at, width);
            if (columns is not null)
            {
                TensorPrimitives.Multiply(row, columns, row);
            }

            if (divisors is not null)
            {
                TensorPrimitives.Divide(row, divisors[(int)firstRow + (at / width)], row);
            }
        }
    }

    /// <summary>Mean squares of what goes into a node once its channels are divided.</summary>
    public float[] Importance(string node, int inputs)
    {
        var importance = measured.Importance(node, inputs);
        if (groups.FirstOrDefault(g => IsInputOf(g, node)) is { } group && Of(group) is { } scales)
        {
            TensorPrimitives.Divide(importance, scales, importance);
            TensorPrimitives.Divide(importance, scales, importance);
        }

        return importance;
    }

    /// <summary>Of what goes into a node once its channels are divided.</summary>
    public ErrorCompensation? Compensation(string node) =>
        measured.Compensation(node, groups.FirstOrDefault(g => IsInputOf(g, node)) is { } group ? Of(group) : null);

    /// <summary>The second matrix of an MLP's pair is a separate node with the same input.</summary>
    private static bool IsInputOf(ChannelGroup group, string node) =>
        group.Node == node || (node.EndsWith(".up", StringComparison.Ordinal) && group.Node == $"{node[..^3]}.gate");

    /// <summary>[channels]; null where all are one.</summary>
    private float[]? Of(ChannelGroup group)
    {
        if (!_found.TryGetValue(group.Node, out var scales))
        {
            scales = Search(group);
            _found.Add(group.Node, scales);
        }

        return scales;
    }

    private float[]? Search(ChannelGroup group)
    {
        var importance = measured.Importance(group.Node, group.Channels);
        if (exponent is { } given)
        {
            return Power(importance, given);
        }

        if (measured.IsEmpty || group.Format.Kind != WeightKind.BlockQuantized)
        {
            return null;
        }

        var rows = Sample(group);
        var quantizer = new BlockQuantizer(group.Format.Bits, group.Format.BlockSize, group.Format.ZeroPoints);
        var errors = Exponents.AsParallel().AsOrdered()
            .Select(e => Error(rows, Power(importance, e), importance, quantizer)).ToArray();
        var best = Array.IndexOf(errors, errors.Min());
        return best > 0 && errors[best] <= (1 - LeastGain) * errors[0] ? Power(importance, Exponents[best]) : null;
    }

    /// <summary>Root mean squares to a power, their geometric mean one.</summary>
    private static float[] Power(float[] importance, float exponent)
    {
        var logs = new float[importance.Length];
        TensorPrimitives.Log(importance, logs);
        var mean = TensorPrimitives.Sum<float>(logs) / logs.Length;
        for (var i = 0; i < logs.Length; i++)
        {
            logs[i] = MathF.Exp(exponent / 2 * (logs[i] - mean));
        }

        return logs;
    }

    /// <summary>Squared error of the outputs, summed over rows.</summary>
    private static double Error(float[][] rows, float[] scales, float[] importance, BlockQuantizer quantizer)
    {
        var weights = new float[importance.Length];
        TensorPrimitives.Divide(importance, scales, weights);
        TensorPrimitives.Divide(weights, scales, weights);
        var scaled = new float[importance.Length];
        var sum = 0.0;
        foreach (var row in rows)
        {
            TensorPrimitives.Multiply(row, scales, scaled);
            sum += quantizer.Error(scaled, weights);
        }

        return sum;
    }

    private float[][] Sample(ChannelGroup group)
    {
        var rows = new List<float[]>();
        foreach (var matrix in group.Matrices)
        {
            var tensor = checkpoint.Get(matrix.Name, matrix.Outputs, matrix.Inputs);
            var count = Math.Min(SampledRows, matrix.Outputs);
            for (var i = 0; i < count; i++)
            {
                var row = new float[matrix.Inputs];
                checkpoint.Read(tensor, (long)i * matrix.Outputs / count * matrix.Inputs, row);
                rows.Add(row);
            }
        }

        return [.. rows];
    }
}
