using MobileVlm.Edge.Inference.Sampling;

namespace MobileVlm.Edge.Inference.Tests.Sampling;

public sealed class SamplerTests
{
    [Fact]
    public void Greedy_takes_the_first_of_equals_in_every_length()
    {
        for (var length = 1; length < 200; length++)
        {
            var logits = new float[length];
            Assert.Equal(0, Sampler.Greedy.Choose(logits));
            var first = length / 3;
            for (var i = first; i < length; i += 2)
            {
                logits[i] = 5;
            }

            Assert.Equal(first, Sampler.Greedy.Choose(logits));
        }
    }

    [Fact]
    public void Greedy_finds_the_largest_among_extremes()
    {
        Assert.Equal(1, Sampler.Greedy.Choose([float.NegativeInfinity, -1e30f, float.MinValue]));
        Assert.Equal(2, Sampler.Greedy.Choose([1e30f, -1e30f, float.PositiveInfinity]));
    }

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        double[] probabilities = [0.4, 0.25, 0.2, 0.1, 0.05];
        var logits = probabilities.Select(p => (float)Math.Log(p)).ToArray();
        AssertDistribution(probabilities, Sampler.TopP(1, 1, 1), logits);
    }

    [Fact]
    public void Top_p_cuts_the_unlikely_and_keeps_the_proportions_of_the_rest()
    {
        double[] probabilities = [0.1, 0.4, 0.05, 0.25, 0.2];
        var logits = probabilities.Select(p => (float)Math.Log(p)).ToArray();

        // 0.4 + 0.25 are below 0.7, so 0.2 is the last that is kept.
        AssertDistribution([0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85], Sampler.TopP(1, 0.7f, 2), logits);
    }

    [Fact]
    public void Temperature_sharpens_and_flattens()
    {
        float[] logits = [0, 1, 2];
        foreach (var temperature in (float[])[0.5f, 1, 3])
        {
            var weights = logits.Select(l => Math.Exp(l / temperature)).ToArray();
            AssertDistribution([.. weights.Select(w => w / weights.Sum())], Sampler.TopP(temperature, 1, 3), logits);
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same_tokens()
    {
        var logits = RandomLogits(500);
        Assert.Equal(Draw(Sampler.TopP(1, 0.9f, 11), logits, 100), Draw(Sampler.TopP(1, 0.9f, 11), logits, 100));
        Assert.NotEqual(Draw(Sampler.TopP(1, 0.9f, 11), logits, 100), Draw(Sampler.TopP(1, 0.9f, 12), logits, 100));
    }

    [Fact]
    public void A_tiny_top_p_is_greedy_also_among_equals()
    {
        var sampler = Sampler.TopP(1, float.Epsilon, 5);
        var logits = RandomLogits(1000);
        Assert.Equal(Sampler.Greedy.Choose(logits), sampler.Choose(logits));
        logits[700] = logits[300] = logits[800] = 50;
        Assert.Equal(300, sampler.Choose(logits));
    }

    [Theory]
    [InlineData(1000f, 1f)]
    [InlineData(100f, 0.01f)]
    [InlineData(1e30f, 1f)]
    [InlineData(-1e30f, 0.5f)]
    public void Large_logits_and_low_temperatures_do_not_overflow(float scale, float temperature)
    {
        float[] logits = [0.25f * scale, scale, 0.5f * scale, float.NegativeInfinity];
        Assert.Equal(Sampler.Greedy.Choose(logits), Sampler.TopP(temperature, 0.999f, 4).Choose(logits));
    }

    [Fact]
    public void A_sampler_may_meet_vocabularies_of_two_sizes()
    {
        var sampler = Sampler.TopP(0.1f, 0.1f, 9);
        Assert.Equal(2, sampler.Choose([0, 0, 9]));
        Assert.Equal(1, sampler.Choose([0, 9]));
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(-1f, 1f)]
    [InlineData(float.NaN, 1f)]
    [InlineData(float.PositiveInfinity, 1f)]
    [InlineData(1f, 0f)]
    [InlineData(1f, 1.01f)]
    [InlineData(1f, float.NaN)]
    public void Arguments_out_of_range_are_refused(float temperature, float topP) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Sampler.TopP(temperature, topP, 0));

    private static float[] RandomLogits(int count)
    {
        var random = new Random(3);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 10))];
    }

    private static int[] Draw(Sampler sampler, float[] logits, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => sampler.Choose(logits))];

    private static void AssertDistribution(double[] probabilities, Sampler sampler, float[] logits)
    {
        const int Draws = 20_000;
        var counts = new int[logits.Length];
        foreach (var id in Draw(sampler, logits, Draws))
        {
            counts[id]++;
        }

        var chiSquare = 0.0;
        for (var i = 0; i < counts.Length; i++)
        {
            if (probabilities[i] == 0)
            {
                Assert.Equal(0, counts[i]);
                continue;
            }

            var expected = Draws * probabilities[i];
            chiSquare += (counts[i] - expected) * (counts[i] - expected) / expected;
        }

        // 0.1 % of fair samplers exceed 18.5 with four degrees of freedom; the seeds are fixed.
        Assert.True(chiSquare < 18.5, $"Chi-square {chiSquare:f1}: {string.Join(", ", counts)}.");
    }
}
