using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Teaching.Features;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Inference.Teaching.References;
using MobileVlm.Edge.Inference.Tests.Models;

namespace MobileVlm.Edge.Inference.Tests.Teaching;

public sealed class TaughtFileTests
{
    private static readonly ModelManifest Manifest = GoldenModel.Get("mobilevlm-v2").Folder.Manifest;

    [Fact]
    public void A_file_is_read_as_it_was_written()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.taught");
        TaughtFile.Write(path, Taught());
        var read = TaughtFile.Read(path);
        Assert.Equal(Taught().Head!.Terms[0].Weights[0], read.Head!.Terms[0].Weights[0]);
        Assert.Equal(Taught().Estimate, read.Estimate);
        Assert.Null(TaughtFile.FindDifference(read, Manifest, read.Question));
        Assert.Equal(Taught().Reference!.Points[2], read.Reference!.Points[2]);
        Assert.Equal(Taught().Reference!.Scores, read.Reference.Scores);
        Assert.False(read.Reference.IsUnlike(Picture(2)));
        Assert.True(read.Reference.IsUnlike([.. Picture(2).Select((value, i) => value + (20 * (float)Math.Sin(i)))]));
    }

    [Fact]
    public void A_file_of_an_earlier_version_has_no_reference_and_is_used_as_before()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.taught");
        TaughtFile.Write(path, Taught());
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json.AsObject().Remove("reference");
        File.WriteAllText(path, json.ToJsonString());

        var read = TaughtFile.Read(path);
        Assert.Null(read.ToScorer(Inference.Teaching.Heads.TaughtAnswerer.Model).Reference);
        Assert.Null(TaughtFile.FindDifference(read, Manifest, read.Question));
    }

    [Theory]
    [InlineData("$.v", "2", "version 2")]
    [InlineData("$.v", "\"x\"", "no version")]
    [InlineData("$.head.bias", "[1, 2]", "sizes")]
    [InlineData("$.head.bias", "[1e300]", "not finite")]
    [InlineData("$.head.bias", "[\"NaN\"]", "not a file")]
    [InlineData("$.head.terms[0].weights", "[[1e30]]", "not finite")]
    [InlineData("$.head.terms[0].weights", "[null]", "sizes")]
    [InlineData("$.head.terms", "[null]", "sizes")]
    [InlineData("$.head.terms[0].feature", "\"nothing\"", "feature")]
    [InlineData("$.encoder.head.terms[0].feature", "\"questionMeanLast\"", "feature")]
    [InlineData("$.encoder.unsureMargin", "1e99", "not finite")]
    [InlineData("$.reference.points", "[]", "sizes")]
    [InlineData("$.reference.points[0]", "[1]", "sizes")]
    [InlineData("$.reference.points[0]", "null", "sizes")]
    [InlineData("$.reference.scale[0]", "1e30", "not finite")]
    [InlineData("$.reference.scores[0].class", "2", "answers that")]
    [InlineData("$.head", "7", "not a file")]
    [InlineData("$.question", "null", "not a file")]
    public void A_hostile_file_is_refused_with_the_reason(string at, string value, string reason)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.taught");
        TaughtFile.Write(path, Taught());
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        Set(json, at[2..], JsonNode.Parse(value));
        File.WriteAllText(path, json.ToJsonString());
        Assert.Contains(reason, Assert.Throws<TaughtFileException>(() => TaughtFile.Read(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_such_file_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("text", "hello");
        folder.Write("list", "[]");
        folder.Write("deep", new string('[', 10_000));
        Assert.Contains("does not exist", Refusal(folder, "missing"), StringComparison.Ordinal);
        Assert.Contains("not a file of", Refusal(folder, "text"), StringComparison.Ordinal);
        Assert.Contains("no version", Refusal(folder, "list"), StringComparison.Ordinal);
        Assert.Contains("not a file of", Refusal(folder, "deep"), StringComparison.Ordinal);
        folder.Write("empty", "");
        Assert.Contains("is empty", Refusal(folder, "empty"), StringComparison.Ordinal);
        using (var large = File.Create(Path.Combine(folder.Path, "large")))
        {
            large.SetLength(TaughtFile.MaxBytes + 1);
        }

        Assert.Contains("at most", Refusal(folder, "large"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_difference_is_named()
    {
        var taught = Taught();
        string? Difference(TaughtQuestion it, TaughtText asked) => TaughtFile.FindDifference(it, Manifest, asked);
        Assert.Contains("model 'x'", Difference(taught with { Model = taught.Model with { Name = "x" } }, taught.Question), StringComparison.Ordinal);
        Assert.Contains("precision int9", Difference(taught with { Model = taught.Model with { Precision = "int9" } }, taught.Question), StringComparison.Ordinal);
        Assert.Contains("imported again", Difference(taught with { Model = taught.Model with { Files = "0" } }, taught.Question), StringComparison.Ordinal);
        Assert.Contains("'Else?'", Difference(taught, taught.Question with { Text = "Else?" }), StringComparison.Ordinal);
        Assert.Contains("region 0,0 1,0 1,1", Difference(taught, taught.Question with { Region = "0,0 1,0 1,1" }), StringComparison.Ordinal);
        Assert.Contains("choices", Difference(taught, taught.Question with { Choices = ["a", "b"] }), StringComparison.Ordinal);
        var narrow = taught with { Head = taught.Head! with { Terms = [new TaughtTerm(FeatureKinds.LastAnswer.ToName(), [[1f]])] } };
        Assert.Contains("width", Difference(narrow, taught.Question), StringComparison.Ordinal);
    }

    private static string Refusal(TemporaryFolder folder, string file) =>
        Assert.Throws<TaughtFileException>(() => TaughtFile.Read(Path.Combine(folder.Path, file))).Message;

    private static TaughtQuestion Taught()
    {
        var hidden = Manifest.Language.HiddenSize;
        TaughtTerm Term(FeatureKinds feature, int width) =>
            new(feature.ToName(), [[.. Enumerable.Range(0, width).Select(i => i / 7f)]]);
        return new TaughtQuestion
        {
            Version = TaughtQuestion.CurrentVersion,
            CreatedBy = "test",
            Model = TaughtModel.Of(Manifest),
            Question = new TaughtText("Is there a person?", [], null),
            Labels = new Dictionary<string, int> { ["no"] = 4, ["yes"] = 4 },
            Chosen = ScorerKind.Head,
            Estimate = new AccuracyEstimate(0.9, 0.7, 1),
            Head = new TaughtHead([Term(FeatureKinds.LastAnswer, hidden)], [[0.5]], [0.1]),
            Encoder = new TaughtEncoder(
                new TaughtHead([Term(FeatureKinds.VisualTokens, 3 * hidden)], [], [0.2]), new AccuracyEstimate(0.8, 0.6, 0.9), 1.5),
            Reference = LabelReferences.Of(
                [
                    .. Enumerable.Range(0, 8).Select(i => new LabelledSample(
                        $"{i}", i % 2, [0], new Dictionary<FeatureKinds, float[]> { [FeatureKinds.VisualTokens] = Picture(i) })),
                ],
                [new LabelScore(0, -1.5), new LabelScore(1, 2)],
                []),
        };
    }

    /// <summary>Visual tokens of a made-up picture.</summary>
    private static float[] Picture(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 3 * Manifest.Language.HiddenSize).Select(_ => (float)random.NextDouble())];
    }

    private static void Set(JsonNode root, string at, JsonNode? value)
    {
        var parts = at.Replace("[0]", ".0", StringComparison.Ordinal).Split('.');
        var node = root;
        foreach (var part in parts[..^1])
        {
            node = int.TryParse(part, out var index) ? node[index]! : node[part]!;
        }

        if (int.TryParse(parts[^1], out var last))
        {
            node[last] = value;
        }
        else
        {
            node[parts[^1]] = value;
        }
    }
}
