using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Channel scales. For weights in blocks, activation-aware scaling (AWQ, Lin et al., MLSys 2024): channels with large
/// activations are made larger in the weights and smaller in the activations, so that quantization costs them less. The
/// factor is a power of their root mean square; the exponent is searched for each group by the error that its matrices'
/// outputs would have. For 8-bit rows see <see cref="SmoothQuantSearch"/>.</summary>
/// <param name="checkpoint">Holds the matrices.</param>
/// <param name="measured">Mean squares of the inputs; complete when scales are first asked for.</param>
/// <param name="groups">Each tensor is multiplied in at most one of them and divided in at most one.</param>
/// <param name="exponent">The exponent of all groups, instead of a search; null searches.</param>
/// <param name="cached">The scales of the weights that share the KV cache with these, if there are any: groups of cached channels
/// have theirs.</param>
internal sealed class AwqScales(
    Checkpoint checkpoint, ImportanceMatrix measured, IReadOnlyList<ChannelGroup> groups, float? exponent = null, CachedScales? cached = null) : IInputImportance
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
        if (groups.FirstOrDefault(g => g.IsInputOf(node)) is { } group && Of(group) is { } scales)
        {
            TensorPrimitives.Divide(importance, scales, importance);
            TensorPrimitives.Divide(importance, scales, importance);
        }

        return importance;
    }

    /// <summary>The scales of cached channels, for weights that share the KV cache with these.</summary>
    public CachedScales Cached() => new(node => groups.FirstOrDefault(g => g.Node == node) is { } group ? Of(group) : null);

    /// <summary>Of what goes into a node once its channels are divided.</summary>
    public ErrorCompensation? Compensation(string node) =>
        measured.Compensation(node, groups.FirstOrDefault(g => g.IsInputOf(node)) is { } group ? Of(group) : null);

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
        if (group.Factor is { } factor)
        {
            return [.. Enumerable.Repeat(factor, group.Channels)];
        }

        if (group.IsCached && cached is not null)
        {
            return cached.Find(group.Node);
        }

        var importance = measured.Importance(group.Node, group.Channels);
        if (exponent is { } given)
        {
            return Power(importance, given);
        }

        if (group.Format.Kind == WeightKind.DynamicInt8 && measured.Sample(group.Node) is { Count: > 0 } inputs)
        {
            return SmoothQuantSearch.Find(Sample(group), inputs, (1 << (group.Format.ActivationBits - 1)) - 1);
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

/// <summary>Scales of the channels in a KV cache.</summary>
/// <param name="Find">The scales of a group's channels by its node, [channels]; null where all are one.</param>
internal sealed record CachedScales(Func<string, float[]?> Find)
{
    /// <summary>No channel is scaled.</summary>
    public static CachedScales None { get; } = new(_ => null);
}
