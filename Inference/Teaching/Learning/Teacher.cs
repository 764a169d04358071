using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;

namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>Learns a question from labelled pictures: candidates and strengths of the penalty by samples that are left out in turn, and the
/// accuracy of the whole procedure by a cross-validation around it. The same labels give the same result.</summary>
public static class Teacher
{
    /// <summary>Fewest labels of each answer.</summary>
    public const int LeastLabels = 4;

    /// <summary>Most labels in all: times grow with the third power.</summary>
    public const int MostLabels = 1000;

    /// <summary>From here on, fewer folds are enough and take less time.</summary>
    private const int FewFoldsAbove = 256;

    /// <summary>Labels are doubted only where a scorer agrees with them by so many standard errors more often than the most frequent answer alone
    /// would; otherwise nothing was learned that could contradict them.</summary>
    private const double ErrorsToChance = 1.28;

    private static readonly ScorerKind[] Kinds = Enum.GetValues<ScorerKind>();

    /// <summary>Factors by which a head's outputs are scaled so that its scores are probabilities.</summary>
    private static readonly double[] Slopes = [0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4];

    /// <param name="samples">Labelled pictures.</param>
    /// <param name="features">Features that a head may use.</param>
    /// <param name="cancel">Stops between two fits.</param>
    /// <exception cref="ArgumentException">An answer has fewer than <see cref="LeastLabels"/> labels, or there are more than
    /// <see cref="MostLabels"/> in all.</exception>
    public static TeachingResult Learn(IReadOnlyList<LabelledSample> samples, FeatureKinds features, CancellationToken cancel = default)
    {
        Check(samples);
        var candidates = new Candidates(samples, features);
        var fits = candidates.Fit([.. Enumerable.Range(0, samples.Count)]);
        var chosen = fits.Choose();
        var validated = Validate(candidates, cancel);
        var slope = chosen == ScorerKind.Head ? Slope(validated, samples, held => held.Of(chosen)) : 1;
        int[] classes = [.. samples.Select(sample => sample.Class)];
        double[][] plain = [.. samples.Select(sample => sample.Scores)];
        return new TeachingResult(
            chosen,
            fits.ToHead(chosen)?.Scaled(slope),
            chosen == ScorerKind.Head ? [.. fits.Heads!.Heads.OrderByDescending(it => it.Share).Select(it => (it.Head.Matrix.Feature!.Value, it.Share))] : [],
            [.. fits.Accuracies()],
            (double)plain.Where((outputs, i) => LabelledSample.Decide(outputs) == classes[i]).Count() / samples.Count,
            Auc.OfOutputs(plain, classes),
            Estimate(validated, samples, held => held.Of(chosen)),
            Suspects(validated, samples),
            fits.Encoder is { } encoder ? ToEncoder(encoder, validated, samples, chosen) : null)
        {
            Reference = LabelReferences.Of(
                samples,
                LabelReferences.ScoresOf(samples, validated.Select(held => (held.Sample, held.Of(chosen))), slope),
                fits.Encoder is null ? [] : LabelReferences.ScoresOf(
                    samples, validated.Select(held => (held.Sample, held.Encoder)), Slope(validated, samples, held => held.Encoder))),
        };
    }

    private static void Check(IReadOnlyList<LabelledSample> samples)
    {
        var classes = samples.Count == 0 ? 0 : samples[0].Outputs == 1 ? 2 : samples[0].Outputs;
        var counts = Enumerable.Range(0, classes).Select(c => samples.Count(sample => sample.Class == c)).ToList();
        if (classes == 0 || counts.Exists(count => count < LeastLabels) || samples.Count > MostLabels)
        {
            throw new ArgumentException(
                $"Each answer needs at least {LeastLabels} labels, and all together at most {MostLabels}; there are {string.Join(" + ", counts)}.",
                nameof(samples));
        }
    }

    /// <summary>Outputs for each sample of fits without it and others, [repeats x samples].</summary>
    private static List<HeldOut> Validate(Candidates candidates, CancellationToken cancel)
    {
        var samples = candidates.Samples;
        var (folds, repeats) = samples.Count > FewFoldsAbove ? (5, 1) : samples.Count > 64 ? (10, 1) : (10, 2);
        var jobs = Enumerable.Range(0, repeats).SelectMany(repeat => Folds(samples, folds, repeat)).ToList();
        return [.. jobs.AsParallel().AsOrdered().WithCancellation(cancel).SelectMany(held =>
        {
            var inside = new HashSet<int>(held);
            var fits = candidates.Fit([.. Enumerable.Range(0, samples.Count).Where(i => !inside.Contains(i))]);
            return held.Select(i => new HeldOut(i, Array.ConvertAll(Kinds, kind => fits.Apply(kind == ScorerKind.Head && fits.Heads is null ? ScorerKind.Plain : kind, i)), fits.Encoder?.Apply(i) ?? []));
        })];
    }

    /// <summary>Parts of the samples, each answer as evenly spread as possible.</summary>
    private static IEnumerable<int[]> Folds(IReadOnlyList<LabelledSample> samples, int folds, int seed)
    {
        // Not for secrets: the same labels must give the same result.
        var random = new Random(seed);
        var parts = Enumerable.Range(0, folds).Select(_ => new List<int>()).ToList();
        foreach (var group in Enumerable.Range(0, samples.Count).GroupBy(i => samples[i].Class).OrderBy(group => group.Key))
        {
            var members = group.ToArray();
            random.Shuffle(members);
            var first = random.Next(folds);
            foreach (var (at, member) in members.Index())
            {
                parts[(first + at) % folds].Add(member);
            }
        }

        return parts.Where(part => part.Count > 0).Select(part => part.ToArray());
    }

    private static AccuracyEstimate Estimate(List<HeldOut> validated, IReadOnlyList<LabelledSample> samples, Func<HeldOut, double[]> outputs) =>
        AccuracyEstimate.Of(validated.Average(held => LabelledSample.Decide(outputs(held)) == samples[held.Sample].Class ? 1.0 : 0.0), samples.Count);

    /// <summary>The factor with the smallest loss on held-out samples.</summary>
    private static double Slope(List<HeldOut> validated, IReadOnlyList<LabelledSample> samples, Func<HeldOut, double[]> outputs) =>
        Slopes.MinBy(slope => validated.Average(held =>
            Loss.Of(Array.ConvertAll(outputs(held), value => value * slope), samples[held.Sample].Class)));

    /// <summary>Samples whose label is the wrong one by what the others teach. The scorer that agrees best with the labels decides, whether
    /// it is used or not: the model's own errors about a question that it does not know are no reason to doubt labels.</summary>
    private static List<int> Suspects(List<HeldOut> validated, IReadOnlyList<LabelledSample> samples)
    {
        var best = Kinds.MinBy(kind => validated.Average(held => Loss.Limited(held.Of(kind), samples[held.Sample].Class)));
        bool IsWrong(HeldOut held) => LabelledSample.Decide(held.Of(best)) != samples[held.Sample].Class;
        var chance = samples.CountBy(sample => sample.Class).Max(it => it.Value) / (double)samples.Count;
        var error = Math.Sqrt(chance * (1 - chance) / (AccuracyEstimate.IndependentShare * samples.Count));
        return 1 - ((double)validated.Count(IsWrong) / validated.Count) < chance + (ErrorsToChance * error) ? [] :
        [
            .. validated.GroupBy(held => held.Sample)
                .Where(group => group.Count(IsWrong) * 2 > group.Count())
                .OrderByDescending(group => group.Average(held => Loss.Of(held.Of(best), samples[held.Sample].Class)))
                .Select(group => group.Key),
        ];
    }

    private static EncoderResult ToEncoder(FittedMean encoder, List<HeldOut> validated, IReadOnlyList<LabelledSample> samples, ScorerKind chosen)
    {
        var slope = Slope(validated, samples, held => held.Encoder);
        var margins = validated
            .Select(held => (Margin: TaughtScorer.Margin(held.Encoder) * slope, Right: LabelledSample.Decide(held.Encoder) == samples[held.Sample].Class))
            .OrderByDescending(it => it.Margin).ToList();

        // From the surest downwards, as long as those so far are right as often as the chosen scorer.
        var wanted = validated.Average(held => LabelledSample.Decide(held.Of(chosen)) == samples[held.Sample].Class ? 1.0 : 0.0);
        var (right, unsure) = (0, margins[0].Margin);
        foreach (var (at, (margin, isRight)) in margins.Index())
        {
            right += isRight ? 1 : 0;
            if (right >= wanted * (at + 1))
            {
                unsure = margin;
            }
        }

        return new EncoderResult(encoder.ToHead().Scaled(slope), Estimate(validated, samples, held => held.Encoder), unsure);
    }

    /// <summary>Outputs for one sample of a fit without it.</summary>
    /// <param name="Sample">Its index.</param>
    /// <param name="Outputs">Of each scorer, in the order of <see cref="ScorerKind"/>.</param>
    /// <param name="Encoder">Of the head that needs no decoder.</param>
    private sealed record HeldOut(int Sample, double[][] Outputs, double[] Encoder)
    {
        public double[] Of(ScorerKind kind) => Outputs[(int)kind];
    }
}
