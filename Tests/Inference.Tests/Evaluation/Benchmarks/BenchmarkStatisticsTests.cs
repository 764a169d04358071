using System.Text;
using CsCheck;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Inference.Tests.Evaluation.Benchmarks;

public sealed class BenchmarkStatisticsTests
{
    /// <summary>Values of R: binom::binom.confint(x, n, methods = "wilson").</summary>
    [Theory]
    [InlineData(8, 10, 0.4901625, 0.9433178)]
    [InlineData(0, 10, 0, 0.2775328)]
    [InlineData(10, 10, 0.7224672, 1)]
    [InlineData(500, 1000, 0.4690696, 0.5309304)]
    public void Wilsons_interval_has_the_known_values(int right, int count, double low, double high)
    {
        var found = ScoreIntervals.Wilson(right, count);
        Assert.Equal((low, high), (Math.Round(found.Low, 7), Math.Round(found.High, 7)));
    }

    /// <summary>Values of R: binom.test(min(a, b), a + b)$p.value.</summary>
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(1, 5, 0.21875)]
    [InlineData(5, 1, 0.21875)]
    [InlineData(0, 10, 0.001953125)]
    [InlineData(7, 7, 1)]
    [InlineData(10, 25, 0.0166737)]
    public void The_exact_test_has_the_known_values(int a, int b, double p) => Assert.Equal(p, PairedComparison.McNemar(a, b), 1e-6);

    [Fact]
    public void The_exact_test_works_for_thousands_of_items() => Assert.InRange(PairedComparison.McNemar(3000, 3200), 0.009, 0.013);

    [Fact]
    public void The_bootstrap_of_a_mean_agrees_with_the_normal_interval_and_repeats()
    {
        double[][] items = [.. Enumerable.Range(0, 400).Select(i => (double[])[i % 3 == 0 ? 1 : 0, 1])];
        ScoreInterval Bootstrap() => ScoreIntervals.Bootstrap([items], sums => sums[0][0] / sums[0][1]);
        var (found, normal) = (Bootstrap(), ScoreIntervals.Mean([.. items.Select(it => it[0])]));
        Assert.Equal(found, Bootstrap());
        Assert.InRange(found.Low, normal.Low - 0.01, normal.Low + 0.01);
        Assert.InRange(found.High, normal.High - 0.01, normal.High + 0.01);
    }

    [Fact]
    public void Calibration_compares_probabilities_with_shares()
    {
        // Ten items at 0.75, of which six are yes, and one at 0.02 that is yes.
        List<(AnsweredItem, YesNoReading)> items =
        [
            .. Enumerable.Range(0, 10).Select(i => Item($"{i}", i < 6, 0.75, right: i < 6)),
            Item("10", true, 0.02, right: true),
        ];
        var found = YesNoCalibration.Of(items);
        Assert.Equal(6.0 / 11, found.Accuracy, 1e-12);
        Assert.Equal(["10"], found.Differing);
        Assert.Equal(0.9, found.MeanMass, 1e-12);
        Assert.Equal(((10 * 0.15) + 0.98) / 11, found.CalibrationError, 1e-12);
        Assert.Equal((10, 1), (found.Bins[7].Count, found.Bins[0].Count));
        Assert.Equal(10, YesNoCalibration.Of([Item("1", true, 1, true)]).Bins.Count);
    }

    [Fact]
    public void Samples_are_repeatable_nested_and_keep_groups_together()
    {
        List<BenchmarkItem> items = [.. Enumerable.Range(0, 300).Select(i => new GroupedItem($"{i}", $"{i / 3}"))];
        var sample = BenchmarkSample.Take(items, 100, 7);
        Assert.Equal(sample, BenchmarkSample.Take(items, 100, 7));
        Assert.Equal(99, sample.Count);
        Assert.Equal(sample, items.Where(sample.Contains));
        Assert.All(sample.CountBy(it => it.Group), group => Assert.Equal(3, group.Value));
        Assert.Empty(sample.Except(BenchmarkSample.Take(items, 200, 7)));
        Assert.NotEqual(sample, BenchmarkSample.Take(items, 100, 8));
        Assert.Equal(3, BenchmarkSample.Take(items, 1, 7).Count);
        Assert.Equal(items, BenchmarkSample.Take(items, 1000, 7));
    }

    [Fact]
    public void Cells_with_any_characters_are_read_back()
    {
        const string Characters = "a\"\t\n é";
        var cell = Gen.Int[0, Characters.Length - 1].Array[0, 6].Select(picks => string.Concat(picks.Select(it => Characters[it])));
        cell.Array[3].Array[1, 5].Sample(rows =>
        {
            var text = new StringBuilder();
            foreach (var row in rows)
            {
                text.AppendJoin('\t', row.Select(it => $"\"{it.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Append('\n');
            }

            var read = TabSeparatedFile.Read(new StringReader(text.ToString())).Select(it => it.Cells.ToArray()).ToArray();
            Assert.Equal(rows, read);
        });
    }

    [Theory]
    [InlineData("a\tb\r\nc\td", "a|b", "c|d")]
    [InlineData("5\" nail\t\"x\"y\n", "5\" nail|xy")]
    [InlineData("a\t\n\n\tb\n", "a|", "|b")]
    public void Unquoted_cells_are_read_as_by_pandas(string text, params string[] rows) =>
        Assert.Equal(rows, TabSeparatedFile.Read(new StringReader(text)).Select(it => string.Join('|', it.Cells)));

    private static (AnsweredItem, YesNoReading) Item(string id, bool isYes, double yes, bool right) =>
        (new AnsweredItem(new GroupedItem(id, id) { Truth = [isYes ? "yes" : "no"] }, "", right ? 1 : 0), new YesNoReading(yes, 0.9));

    private sealed record GroupedItem(string Id, string Name) : BenchmarkItem(Id, "?", null, ["x"])
    {
        public override string Group => Name;
    }
}
