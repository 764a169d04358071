using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>Writes Deploy/docs/scores.md and its plot: whether a score of the demo's model is a probability, on held-out images as
/// they are and with noise.</summary>
internal static class ScoresPage
{
    private const int Noise = 60;
    private const int Seed = 7;

    private static readonly double[] Thresholds = [0.1, 0.3, 0.5, 0.7, 0.9, 0.97];

    /// <summary>Measures (about half a minute) and writes both files.</summary>
    /// <param name="folder">The folder <c>Deploy/docs</c>.</param>
    public static void Write(string folder)
    {
        var scenes = HeldOutScene.Load();
        var clear = Ask(scenes, noise: 0);
        var noisy = Ask(scenes, Noise);
        File.WriteAllText(Path.Combine(folder, "scores.md"), Page(clear, noisy));
        File.WriteAllBytes(Path.Combine(folder, "scores.png"), ReliabilityPlot.Draw(
            ("as they are", Calibration.Reliability(clear)), ("with noise", Calibration.Reliability(noisy))));
    }

    private static List<ScoredAnswer> Ask(HeldOutScene[] scenes, int noise)
    {
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings(2));
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings(2), 512);
        var random = new Random(Seed);
        var scored = new List<ScoredAnswer>();
        foreach (var scene in scenes)
        {
            var image = scene.Read();
            var pixels = noise == 0 ? image.Pixels : AddNoise(image.Pixels, noise, random);
            using var tokens = encoder.Encode(new RgbImage(pixels, image.Width, image.Height));
            answerer.PrefillPicture(tokens);
            var asked = scene.Questions.Where(item => item.IsYesNo).ToList();
            answerer.AskAll(
                [.. asked.Select(item => new Question(item.Question, AnswerKind.YesNo))],
                (at, answer) => scored.Add(new ScoredAnswer(answer.Score!.Value, asked[at].Answer == "Yes")));
        }

        return scored;
    }

    // Changes each channel separately, like sensor noise in the dark.
    private static byte[] AddNoise(byte[] pixels, int noise, Random random)
    {
        var noisy = new byte[pixels.Length];
        for (var i = 0; i < pixels.Length; i++)
        {
            noisy[i] = (byte)Math.Clamp(pixels[i] + random.Next(-noise, noise + 1), 0, 255);
        }

        return noisy;
    }

    private static string Page(List<ScoredAnswer> clear, List<ScoredAnswer> noisy)
    {
        var text = new StringBuilder();
        Line($"# Are the scores probabilities?");
        Line($"");
        Line($"<!-- Written by: dotnet run --project Tests/Tools/Documents -c Release -- scores -->");
        Line($"");
        Line($"The score of a yes/no answer is P(yes) / (P(yes) + P(no)) from the logits at the answer position. Whether it is a probability is a property of the model: of all answers scored 0.9, nine of ten should be a yes. This page measures it for the demo's model (fp32, CPU) on its 200 held-out images, {clear.Count} yes/no questions, with the images as they are and with noise (each channel of each pixel changed by up to {Noise} of 255, seed {Seed}). The model was never trained on noisy images. The published MobileVLM weights were not measured here: measure your own model on your own images before you rely on a threshold.");
        Line($"");
        Line($"| | as they are | with noise |");
        Line($"| --- | --- | --- |");
        Line($"| expected calibration error, {Calibration.Bins} bins | {Calibration.Error(clear):0.0000} | {Calibration.Error(noisy):0.0000} |");
        Line($"| Brier score (0 is best) | {Calibration.Brier(clear):0.0000} | {Calibration.Brier(noisy):0.0000} |");
        Line($"| share decided by the default thresholds (no at 0.4 or below, yes at 0.6 or above) | {100 * Calibration.Decided(clear).Share:0.0} % | {100 * Calibration.Decided(noisy).Share:0.0} % |");
        Line($"| share of the decided answers that are correct | {100 * Calibration.Decided(clear).Correct:0.00} % | {100 * Calibration.Decided(noisy).Correct:0.00} % |");
        foreach (var threshold in Thresholds)
        {
            Line($"| correct with a threshold of {threshold:0.00} | {100 * Calibration.Accuracy(clear, threshold):0.00} % | {100 * Calibration.Accuracy(noisy, threshold):0.00} % |");
        }

        Line($"");
        Line($"| score | answers as they are | of them yes | answers with noise | of them yes |");
        Line($"| --- | --- | --- | --- | --- |");
        foreach (var (a, b) in Calibration.Reliability(clear).Zip(Calibration.Reliability(noisy)))
        {
            Line($"| {a.From:0.0} to {a.From + (1.0 / Calibration.Bins):0.0} | {a.Count} | {Share(a)} | {b.Count} | {Share(b)} |");
        }

        Line($"");
        Line($"![Share of yes by score](scores.png)");
        Line($"");
        Line($"How to read the plot: a larger dot represents more answers. The smallest dots represent one answer each and mean nothing on their own. Nearly all scores are close to 0 or 1 and correct, so every threshold in between has almost the same effect with this model. These scores are also the main reason for the small calibration error. There are too few answers in the middle to tell whether 0.7 means 0.7.");
        return text.ToString();

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');

        static string Share(ReliabilityBin bin) =>
            bin.Count == 0 ? "" : (100.0 * bin.Yes / bin.Count).ToString("0.0 '%'", CultureInfo.InvariantCulture);
    }
}
