using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>Whether a score of the demo's model is a probability: on pictures that it was never trained on, as they are
/// and spoilt by noise. <c>UPDATE_DOCS=1</c> writes the numbers and the plot into the docs.</summary>
public sealed class ScoresTests(ITestOutputHelper output)
{
    private const int Bins = 10;

    private static readonly double[] Thresholds = [0.1, 0.3, 0.5, 0.7, 0.9, 0.97];

    [Fact]
    public void Scores_of_the_demo_model_are_probabilities()
    {
        var scenes = HeldOutScene.Load();
        var clear = Ask(scenes, noise: 0);
        var noisy = Ask(scenes, noise: 60);
        var text = Report(clear, noisy);
        output.WriteLine(text);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            var docs = Path.Combine(DemoModel.Repository, "Deploy", "docs");
            File.WriteAllText(Path.Combine(docs, "scores.md"), text);
            File.WriteAllBytes(Path.Combine(docs, "scores.png"), ReliabilityPlot.Draw(
                ("as they are", Reliability(clear)), ("with noise", Reliability(noisy))));
        }

        Assert.True(clear.Count > 1000);
        Assert.InRange(Error(clear), 0, 0.01);
        Assert.True(Accuracy(clear, 0.5) >= 0.995, $"{Accuracy(clear, 0.5):p2} are right at a threshold of 0.5.");
        // With the default thresholds, 0.6 and 0.4, nearly every picture is decided, and rightly.
        Assert.True(Decided(clear).Right >= 0.995 && Decided(clear).Share >= 0.99);
    }

    private static List<Scored> Ask(HeldOutScene[] scenes, int noise)
    {
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings(2));
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings(2), 512);
        var random = new Random(7);
        var scored = new List<Scored>();
        foreach (var scene in scenes)
        {
            var picture = scene.Read();
            var pixels = noise == 0 ? picture.Pixels : Spoil(picture.Pixels, noise, random);
            using var tokens = encoder.Encode(new RgbImage(pixels, picture.Width, picture.Height));
            answerer.Prime(tokens);
            var asked = scene.Questions.Where(item => item.Answer is "Yes" or "No").ToList();
            answerer.AskAll(
                [.. asked.Select(item => new Question(item.Question, AnswerKind.YesNo))],
                (at, answer) => scored.Add(new Scored(answer.Score!.Value, asked[at].Answer == "Yes")));
        }

        return scored;
    }

    // Of each channel apart, as a sensor in the dark gives it.
    private static byte[] Spoil(byte[] pixels, int noise, Random random)
    {
        var spoilt = new byte[pixels.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            spoilt[i] = (byte)Math.Clamp(pixels[i] + random.Next(-noise, noise + 1), 0, 255);
        }

        return spoilt;
    }

    private static string Report(List<Scored> clear, List<Scored> noisy)
    {
        var text = new StringBuilder();
        Line($"# Are the scores probabilities?");
        Line($"");
        Line($"<!-- Written by: UPDATE_DOCS=1 dotnet test Tests/EndToEnd.Tests --filter ScoresTests -->");
        Line($"");
        Line($"The score of a yes/no answer is P(yes) / (P(yes) + P(no)) from the logits at the answer position. Whether it is a probability is a property of the model: of all answers scored 0.9, nine of ten should be a yes. This page measures it for the demo's model (fp32, CPU) on its 200 held-out pictures, {clear.Count} yes/no questions, as the pictures are and spoilt by noise (each channel of each pixel moved by up to 60 of 255, seed 7), which the model was never trained on. The published MobileVLM weights were not measured here: measure your own model on your own pictures before you trust a threshold.");
        Line($"");
        Line($"| | as they are | with noise |");
        Line($"| --- | --- | --- |");
        Line($"| expected calibration error, {Bins} bins | {Error(clear):0.0000} | {Error(noisy):0.0000} |");
        Line($"| Brier score (0 is best) | {Brier(clear):0.0000} | {Brier(noisy):0.0000} |");
        Line($"| decided with the default thresholds (no up to 0.4, yes from 0.6) | {100 * Decided(clear).Share:0.0} % | {100 * Decided(noisy).Share:0.0} % |");
        Line($"| right of those decided | {100 * Decided(clear).Right:0.00} % | {100 * Decided(noisy).Right:0.00} % |");
        foreach (var threshold in Thresholds)
        {
            Line($"| right with yes from {threshold:0.00} on | {100 * Accuracy(clear, threshold):0.00} % | {100 * Accuracy(noisy, threshold):0.00} % |");
        }

        Line($"");
        Line($"| score | answers as they are | of them yes | answers with noise | of them yes |");
        Line($"| --- | --- | --- | --- | --- |");
        foreach (var (a, b) in Reliability(clear).Zip(Reliability(noisy)))
        {
            Line($"| {a.From:0.0} to {a.From + (1.0 / Bins):0.0} | {a.Count} | {Share(a)} | {b.Count} | {Share(b)} |");
        }

        Line($"");
        Line($"![Share of yes by score](scores.png)");
        Line($"");
        Line($"How to read it: the larger a dot, the more answers it stands for; the smallest stand for one each and say nothing alone. Nearly all scores lie next to 0 or next to 1 and are right, so every threshold in between does much the same with this model, and the small calibration error is mostly theirs: there are too few answers in the middle to say whether 0.7 means 0.7.");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        static string Share(ReliabilityBin bin) =>
            bin.Count == 0 ? "" : (100.0 * bin.Yes / bin.Count).ToString("0.0 '%'", CultureInfo.InvariantCulture);
    }

    private static List<ReliabilityBin> Reliability(List<Scored> scored) =>
        [.. Enumerable.Range(0, Bins).Select(bin =>
        {
            var inside = scored.FindAll(it => Math.Min(Bins - 1, (int)(it.Score * Bins)) == bin);
            return new ReliabilityBin(
                (double)bin / Bins, inside.Count, inside.Count(it => it.Yes), inside.Count == 0 ? 0 : inside.Average(it => it.Score));
        })];

    private static double Error(List<Scored> scored) => Reliability(scored).Where(bin => bin.Count > 0)
        .Sum(bin => bin.Count * Math.Abs(bin.MeanScore - ((double)bin.Yes / bin.Count))) / scored.Count;

    private static double Brier(List<Scored> scored) => scored.Average(it => Math.Pow(it.Score - (it.Yes ? 1 : 0), 2));

    private static double Accuracy(List<Scored> scored, double threshold) =>
        scored.Average(it => it.Score >= threshold == it.Yes ? 1.0 : 0);

    private static (double Share, double Right) Decided(List<Scored> scored)
    {
        var decided = scored.FindAll(it => it.Score is >= 0.6 or <= 0.4);
        return ((double)decided.Count / scored.Count, Accuracy(decided, 0.5));
    }

    private sealed record Scored(double Score, bool Yes);
}
