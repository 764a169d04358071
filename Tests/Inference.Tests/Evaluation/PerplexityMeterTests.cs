using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Evaluation;

/// <summary>Perplexity as llama-perplexity defines it.</summary>
public sealed class PerplexityMeterTests
{
    private const int BeginId = 1;

    private static int[] Text(int count, int vocabulary)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(3, vocabulary))];
    }

    [Theory]
    [InlineData("llama-gqa", 16, 50)]
    [InlineData("mobilevlm-v2", 9, 30)]
    public void It_equals_the_definition_token_by_token(string name, int window, int count)
    {
        var decoder = GoldenModel.Get(name).Decoder;
        var ids = Text(count, decoder.VocabularySize);
        var losses = new List<double>();
        using var state = decoder.CreateState(window);
        for (var from = 0; from + window <= count; from += window)
        {
            state.Rewind(0);
            for (var i = 0; i < window - 1; i++)
            {
                var logits = state.Step(i == 0 ? BeginId : ids[from + i]);
                if (i >= window / 2)
                {
                    losses.Add(-LogSoftmax.At(logits, ids[from + i + 1]));
                }
            }
        }

        var found = new PerplexityMeter(decoder, BeginId, window).Measure(ids);
        var mean = losses.Average();
        var deviation = Math.Sqrt(losses.Average(x => (x - mean) * (x - mean)) / (losses.Count - 1));
        Assert.Equal((count / window, losses.Count, count), (found.Windows, found.Predictions, found.Tokens));
        Assert.InRange(found.Perplexity / Math.Exp(mean), 1 - 1e-5, 1 + 1e-5);
        Assert.InRange(found.Error / (Math.Exp(mean) * deviation), 1 - 1e-4, 1 + 1e-4);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(20)]
    [InlineData(1)]
    public void Long_windows_go_through_in_several_passes(int maxPassTokens)
    {
        var decoder = GoldenModel.Get("llama-gqa").Decoder;
        var ids = Text(82, decoder.VocabularySize);
        var (once, severally) = (new PerplexityMeter(decoder, BeginId, 41), new PerplexityMeter(decoder, BeginId, 41) { MaxPassTokens = maxPassTokens });
        var (expected, found) = (once.Measure(ids), severally.Measure(ids));
        Assert.Equal(40, found.Predictions);
        Assert.InRange(found.Perplexity / expected.Perplexity, 1 - 1e-5, 1 + 1e-5);
    }

    [Fact]
    public void At_most_the_given_number_of_windows_is_measured_and_each_is_reported()
    {
        var decoder = GoldenModel.Get("llama-gqa").Decoder;
        var ids = Text(100, decoder.VocabularySize);
        var reported = new List<PerplexityResult>();
        var meter = new PerplexityMeter(decoder, BeginId, 10);
        var found = meter.Measure(ids, maxWindows: 3, reported.Add);
        Assert.Equal((3, 100), (found.Windows, found.Tokens));
        Assert.Equal([1, 2, 3], reported.Select(r => r.Windows));
        Assert.Equal(found, reported[^1]);
        Assert.Equal(meter.Measure(ids.AsSpan(0, 30)).Perplexity, found.Perplexity);
        Assert.Throws<ArgumentException>(() => meter.Measure(ids.AsSpan(0, 9)));
    }

    [Fact]
    public void The_opened_weights_are_measured()
    {
        using var temporary = new TemporaryFolder();
        var folder = ModelImporter.Import(
            GoldenFolder.Path("llama-gqa"), temporary["model"], PrecisionPlan.Parse("fp32").WithPrefill("w8a7"));
        double Measure(bool prefill)
        {
            using var decoder = new LanguageDecoder(folder, new ExecutionSettings(1) { UsePrefill = prefill });
            return new PerplexityMeter(decoder, BeginId, 16).Measure(Text(64, decoder.VocabularySize)).Perplexity;
        }

        var exact = new PerplexityMeter(GoldenModel.Get("llama-gqa").Decoder, BeginId, 16)
            .Measure(Text(64, GoldenModel.Get("llama-gqa").Decoder.VocabularySize)).Perplexity;
        Assert.Equal(exact, Measure(prefill: false), 1e-6 * exact);
        Assert.NotEqual(exact, Measure(prefill: true), 1e-6 * exact);
    }

    [Fact]
    public void A_model_compared_with_itself_differs_by_nothing()
    {
        var decoder = GoldenModel.Get("llama-gqa").Decoder;
        var ids = Text(50, decoder.VocabularySize);
        var found = new PerplexityMeter(decoder, BeginId, 16).Compare(decoder, ids);
        Assert.Equal(found.First, found.Second);
        Assert.Equal(new PerplexityMeter(decoder, BeginId, 16).Measure(ids), found.First);
        Assert.Equal((0.0, 0.0, 1.0), (found.MeanDivergence, found.Divergence95, found.SameChoices));
    }

    [Fact]
    public void Divergences_equal_the_definition_token_by_token()
    {
        const int Window = 16;
        var (decoder, other) = (GoldenModel.Get("llama-gqa").Decoder, GoldenModel.Get("llama-gqa", "int4").Decoder);
        var ids = Text(50, decoder.VocabularySize);
        var (divergences, same) = (new List<double>(), 0);
        using var state = decoder.CreateState(Window);
        using var otherState = other.CreateState(Window);
        for (var from = 0; from + Window <= ids.Length; from += Window)
        {
            state.Rewind(0);
            otherState.Rewind(0);
            for (var i = 0; i < Window - 1; i++)
            {
                var id = i == 0 ? BeginId : ids[from + i];
                double[] p = [.. state.Step(id).ToArray().Select(x => (double)x)], q = [.. otherState.Step(id).ToArray().Select(x => (double)x)];
                if (i >= Window / 2)
                {
                    var (a, b) = (Math.Log(p.Sum(Math.Exp)), Math.Log(q.Sum(Math.Exp)));
                    divergences.Add(p.Zip(q, (x, y) => Math.Exp(x - a) * (x - a - y + b)).Sum());
                    same += Array.IndexOf(p, p.Max()) == Array.IndexOf(q, q.Max()) ? 1 : 0;
                }
            }
        }

        divergences.Sort();
        var found = new PerplexityMeter(decoder, BeginId, Window).Compare(other, ids);
        Assert.InRange(found.MeanDivergence / divergences.Average(), 1 - 1e-4, 1 + 1e-4);
        Assert.InRange(found.Divergence95, divergences[^3], divergences[^1]);
        Assert.Equal((double)same / divergences.Count, found.SameChoices);
    }
}
