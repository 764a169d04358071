using MobileVlm.Edge.Inference.Evaluation.Gates;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Gates;

public sealed class GateMeterTests
{
    [Fact]
    public void Divergence_is_that_of_the_two_distributions()
    {
        Assert.Equal(0, ExactPrediction.Of([1, 2, 3]).DivergenceOf([11, 12, 13]), 1e-6);

        // p = (3/4, 1/4), q = (1/2, 1/2): 3/4 log 3/2 + 1/4 log 1/2.
        Assert.Equal(0.130812, ExactPrediction.Of([MathF.Log(3), 0]).DivergenceOf([5, 5]), 1e-5);
    }

    /// <summary>Two large logits and 1000 small ones, of which only some are recorded.</summary>
    [Fact]
    public void Tokens_that_are_not_recorded_count_as_one()
    {
        float[] exact = [8, 7, .. Enumerable.Repeat(0f, 1000)];
        float[] found = [7, 8, .. Enumerable.Repeat(1f, 1000)];
        var prediction = ExactPrediction.Of(exact);
        Assert.Equal(ExactPrediction.MostTokens, prediction.Ids.Length);
        Assert.True(prediction.HasSameChoice(exact));
        Assert.False(prediction.HasSameChoice(found));

        double Sum(float[] logits) => logits.Sum(logit => Math.Exp(logit));
        var whole = exact.Zip(found, (a, b) => Math.Exp(a) / Sum(exact) * (a - Math.Log(Sum(exact)) - b + Math.Log(Sum(found)))).Sum();

        // All small ones change alike, so that taking them together loses nothing.
        Assert.Equal(whole, prediction.DivergenceOf(found), 1e-5);
    }

    /// <summary>Every token has a large part in common with the others: it hides the difference from the plain cosine.</summary>
    [Fact]
    public void The_mean_of_all_tokens_does_not_hide_a_difference()
    {
        const int Hidden = 8;
        var random = new Random(1);
        float[] Picture(float noise) => [.. Enumerable.Range(0, 4 * Hidden).Select(i => (i % Hidden == 0 ? 1000 : 0) + (noise * (random.NextSingle() - 0.5f)))];
        float[][] exact = [Picture(10), Picture(10), Picture(10)];
        float[][] other = [Picture(10), Picture(10), Picture(10)];
        var loss = GateMeter.Vision(exact, other, Hidden);
        Assert.True(loss.LowestCosine > 0.999, $"{loss}");
        Assert.True(loss.TokenCosine5 < 0.5, $"{loss}");
        Assert.False(LossLimits.Allow(loss));
        Assert.Equal(1, GateMeter.Vision(exact, exact, Hidden).TokenCosine5!.Value, 1e-9);
        Assert.Equal(1, GateMeter.Vision(exact, exact[..1], Hidden).TokenCosine5!.Value, 1e-9);
    }
}
