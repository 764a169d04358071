using System.Diagnostics;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Inference.Tests.Teaching;

/// <summary>Simulations on drawn features, whose truth is known.</summary>
public sealed class TeacherTests
{
    private const int Width = 64;

    private const FeatureKinds Features = FeatureKinds.VisualTokens | FeatureKinds.EarlyQuestion | FeatureKinds.LastAnswer;

    [Fact]
    public void A_question_whose_answer_one_feature_shows_is_learned_from_it()
    {
        var draw = new Draw(1, signal: FeatureKinds.EarlyQuestion, strength: 4, plainKnows: false);
        var result = Teacher.Learn(draw.Labels(16), Features);
        Assert.Equal(ScorerKind.Head, result.Chosen);
        Assert.Equal(FeatureKinds.EarlyQuestion, result.FeatureShares[0].Feature);
        Assert.True(draw.Accuracy(result, 500) > 0.9);
        Assert.True(result.PlainAccuracy < 0.8);
    }

    [Fact]
    public void A_question_that_nothing_shows_keeps_the_plain_score_or_claims_little()
    {
        var draws = Enumerable.Range(0, 20).Select(seed => Teacher.Learn(new Draw(seed, FeatureKinds.None, 0, plainKnows: false).Labels(12), Features)).ToList();
        Assert.True(draws.Average(result => result.Estimate.Accuracy) < 0.65);
        Assert.True(draws.Count(result => result.Chosen == ScorerKind.Plain) >= 10, $"{draws.Count(result => result.Chosen == ScorerKind.Plain)} of 20");
    }

    [Fact]
    public void A_question_that_the_model_knows_gets_no_worse_in_99_of_100_draws()
    {
        var worse = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            var draw = new Draw(seed, FeatureKinds.EarlyQuestion, strength: 1.5, plainKnows: true);
            var result = Teacher.Learn(draw.Labels(8 + (seed % 9)), Features);
            worse += draw.Accuracy(result, 400) < draw.PlainAccuracy(400) - 1e-9 ? 1 : 0;
        }

        Assert.True(worse <= 1, $"{worse} of 100 draws got worse");
    }

    [Fact]
    public void The_interval_holds_the_truth_in_85_to_95_of_100_draws()
    {
        var held = 0;
        const int Draws = 200;
        for (var seed = 0; seed < Draws; seed++)
        {
            var draw = new Draw(1000 + seed, FeatureKinds.EarlyQuestion, strength: 2.4, plainKnows: false);
            var result = Teacher.Learn(draw.Labels(16), Features);
            var truth = draw.Accuracy(result, 2000);
            held += truth >= result.Estimate.Low && truth <= result.Estimate.High ? 1 : 0;
        }

        Assert.InRange(held * 100.0 / Draws, 85, 95);
    }

    [Fact]
    public void Of_labels_that_were_flipped_four_of_five_are_named_and_few_others()
    {
        var (flipped, named, others) = (0, 0, 0);
        for (var seed = 0; seed < 30; seed++)
        {
            var samples = new Draw(2000 + seed, FeatureKinds.EarlyQuestion, strength: 4, plainKnows: false).Labels(20);
            int[] wrong = [3, 11, 24, 37];
            foreach (var i in wrong)
            {
                samples[i] = samples[i] with { Class = 1 - samples[i].Class };
            }

            var suspects = Teacher.Learn(samples, Features).Suspects;
            flipped += wrong.Length;
            named += wrong.Count(suspects.Contains);
            others += suspects.Count(i => !wrong.Contains(i));
        }

        Assert.True(named >= 0.8 * flipped, $"{named} of {flipped} named");
        Assert.True(others <= 5 * 30, $"{others} others named");
    }

    [Fact]
    public void A_choice_of_three_is_learned()
    {
        var random = new Random(5);
        LabelledSample Sample(int i, int choice)
        {
            var feature = Noise(random);
            feature[choice] += 4;
            return new LabelledSample($"{i}", choice, ModelScores.Logarithms([0.3, 0.4, 0.3]), new Dictionary<FeatureKinds, float[]>
            {
                [FeatureKinds.VisualTokens] = Noise(random),
                [FeatureKinds.EarlyQuestion] = feature,
                [FeatureKinds.LastAnswer] = Noise(random),
            });
        }

        var result = Teacher.Learn([.. Enumerable.Range(0, 30).Select(i => Sample(i, i % 3))], Features);
        Assert.Equal(ScorerKind.Head, result.Chosen);
        var right = Enumerable.Range(0, 300).Select(i => Sample(i, i % 3))
            .Count(sample => LabelledSample.Decide(result.Head!.Apply(sample.Features, sample.Scores)) == sample.Class);
        Assert.True(right > 200, $"{right} of 300");
    }

    [Fact]
    public void The_same_labels_give_the_same_result()
    {
        var samples = new Draw(3, FeatureKinds.EarlyQuestion, 3, plainKnows: false).Labels(10);
        var (one, other) = (Teacher.Learn(samples, Features), Teacher.Learn(samples, Features));
        Assert.Equal(one.Estimate, other.Estimate);
        Assert.Equal(one.Head!.Bias, other.Head!.Bias);
    }

    [Fact]
    public void Sixty_four_labels_take_less_than_five_seconds()
    {
        var samples = new Draw(4, FeatureKinds.EarlyQuestion, 2, plainKnows: false, width: 2048).Labels(32);
        var started = Stopwatch.GetTimestamp();
        Teacher.Learn(samples, Features);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void Fewer_than_four_labels_of_an_answer_are_refused()
    {
        var samples = new Draw(5, FeatureKinds.None, 0, plainKnows: false).Labels(4);
        Assert.Contains("4 labels", Assert.Throws<ArgumentException>(() => Teacher.Learn(samples[1..], Features)).Message, StringComparison.Ordinal);
    }

    private static float[] Noise(Random random, int width = Width) => [.. Enumerable.Range(0, width).Select(_ => (float)Gauss(random))];

    private static double Gauss(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>A world in which a direction of one feature shows the answer, or nothing does.</summary>
    private sealed class Draw(int seed, FeatureKinds signal, double strength, bool plainKnows, int width = Width)
    {
        private readonly Random _random = new(seed);

        public List<LabelledSample> Labels(int each) => [.. Enumerable.Range(0, 2 * each).Select(i => Sample(i % 2))];

        public double Accuracy(TeachingResult result, int count) => Share(
            new Draw(seed + 77_777, signal, strength, plainKnows, width), count, sample => result.Head?.Apply(sample.Features, sample.Scores) ?? sample.Scores);

        public double PlainAccuracy(int count) => Share(
            new Draw(seed + 77_777, signal, strength, plainKnows, width), count, sample => sample.Scores);

        private static double Share(Draw other, int count, Func<LabelledSample, double[]> outputs) =>
            other.Labels(count).Average(sample => LabelledSample.Decide(outputs(sample)) == sample.Class ? 1.0 : 0.0);

        private LabelledSample Sample(int truth)
        {
            var features = Features.Each().ToDictionary(kind => kind, _ => Noise(_random, width));
            if (signal != FeatureKinds.None)
            {
                // Along three of the columns, the more the stronger.
                for (var i = 0; i < 3; i++)
                {
                    features[signal][i] += (float)((truth == 1 ? 1 : -1) * strength / 2);
                }
            }

            // As the demo's model: sure of itself, whether it knows or not.
            var logit = plainKnows ? ((truth == 1 ? 1 : -1) * 8) + (3 * Gauss(_random)) : 4 * Gauss(_random);
            return new LabelledSample("", truth, [logit], features);
        }
    }
}
