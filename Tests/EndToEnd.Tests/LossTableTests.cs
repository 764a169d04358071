using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>What each precision costs the demo model: its answers about pictures that it never saw, against its own in
/// float32. With MOBILEVLM_LOSS_TABLE set to a file, all scenes are asked and the table is written there.</summary>
public sealed class LossTableTests(ITestOutputHelper output) : IDisposable
{
    private const string Variable = "MOBILEVLM_LOSS_TABLE";
    private const int Few = 40;
    private const string Cosine = "Visual tokens: lowest cosine";
    private const string Divergence = "Logits: mean KL, nats";

    /// <summary>Decoder, vision, and the least share of answers that are word for word those of float32. The model is
    /// 128 wide, so that a block of 128 is a whole row: wider models lose less.</summary>
    private static readonly (string Decoder, string Vision, double Agreement)[] Precisions =
    [
        ("fp16", "fp16", 0.999),
        ("int8", "fp32", 0.99),
        ("int8-b128", "fp32", 0.99),
        ("int4-mixed", "fp32", 0.97),
        ("int4-zp", "fp32", 0.97),
        ("int4", "fp32", 0.97),
        ("int4-b64", "fp32", 0.97),
        ("int4-b128-zp", "fp32", 0.97),
        ("int4-b128", "fp32", 0.97),
        ("fp32", "int8", 0.99),
        ("fp32", "int8-b128", 0.99),
        ("fp32", "w8a8", 0.99),
        ("fp32", "w8a7", 0.99),
        ("fp32", "int4", 0.97),
        ("int8", "w8a8", 0.97),
        ("w8a8", "w8a8", 0.97),
        ("w8a7", "w8a7", 0.97),
        ("int4", "int8", 0.97),
        ("int4-mixed", "w8a8", 0.97),
        ("auto", "auto", 0.97),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-loss-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Answers_in_every_precision_agree_with_those_of_float32()
    {
        var target = Environment.GetEnvironmentVariable(Variable);
        var scenes = HeldOutScene.Load();
        scenes = target is null ? [.. scenes.Where((_, i) => i % (scenes.Length / Few) == 0)] : scenes;
        var exact = Answer(DemoModel.Folder, scenes);
        var table = new StringBuilder(
            $"""
            | Decoder | Vision | Same answer as fp32 | Right | Largest shift of P(yes) | {Cosine} | {Divergence} | Likeliest token the same | Graphs, MB |
            | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |

            """);
        table.AppendLine(Line("fp32", "fp32", exact, exact, DemoModel.Folder));
        var faults = new List<string>();
        foreach (var (decoder, vision, agreement) in Precisions)
        {
            var sets = decoder.Split(", prefill ");
            var plan = PrecisionPlan.Parse(sets[0], vision).WithPrefill(sets.ElementAtOrDefault(1) ?? "none");
            var model = ModelImporter.Import(
                DemoModel.Checkpoint, Path.Combine(_folder, $"{decoder}-{vision}"), plan, calibration: CalibrationSet.Bundled);
            var found = Answer(model, scenes);
            table.AppendLine(Line(decoder, vision, exact, found, model));
            if (Agreement(exact, found) < agreement)
            {
                faults.Add($"{decoder}, {vision}: {Agreement(exact, found):p1} agree, {agreement:p1} is asked.");
            }

            if (target is null && decoder != PrecisionPlan.Auto)
            {
                CheckAgainstStated(faults, $"{decoder}, {vision}", model.Manifest.Loss!);
            }
        }

        output.WriteLine(table.ToString());
        if (target is not null)
        {
            File.WriteAllText(target, table.ToString());
        }

        Assert.Empty(faults);
    }

    /// <summary>The import's own report, which does not depend on how many scenes are asked. Other kernels round otherwise.</summary>
    private static void CheckAgainstStated(List<string> faults, string row, ModelLoss loss)
    {
        var table = new StatedTable("The demo's model", "Decoder", names: 2);
        if (!table.Has(row))
        {
            return;
        }

        var (divergence, cosine) = (table.Numbers(row, Divergence)[0], table.Numbers(row, Cosine)[0]);
        var (nats, lowest) = ((loss.Prefill ?? loss.Whole!).MeanDivergence, loss.Vision!.LowestCosine);
        if (nats > (1.5 * divergence) + 1e-3 || 1 - lowest > (1.5 * (1 - cosine)) + 2e-5)
        {
            faults.Add($"{row}: {nats:0.0000} nats and cosine {lowest:0.00000}, stated is {divergence} and {cosine}.");
        }
    }

    private static List<Said> Answer(ModelFolder model, HeldOutScene[] scenes)
    {
        using var encoder = new VisionEncoder(model, new ExecutionSettings(2));
        using var answerer = QuestionAnswerer.Open(model, new ExecutionSettings(2), 256);
        var said = new List<Said>();
        foreach (var scene in scenes)
        {
            var picture = scene.Read();
            using var tokens = encoder.Encode(new RgbImage(picture.Pixels, picture.Width, picture.Height));
            answerer.Prime(tokens);
            foreach (var item in scene.Questions)
            {
                var text = answerer.Ask(new Question(item.Question, AnswerKind.Text, 48)).Text;
                var score = item.Answer is "Yes" or "No" ? answerer.Ask(new Question(item.Question, AnswerKind.YesNo)).Score : null;
                said.Add(new Said(text, text == item.Answer, score));
            }
        }

        return said;
    }

    private static string Line(string decoder, string vision, List<Said> exact, List<Said> found, ModelFolder model)
    {
        var (loss, precision) = (model.Manifest.Loss, model.Manifest.Precision);
        var shift = exact.Zip(found, (a, b) => Math.Abs((a.Score ?? 0) - (b.Score ?? 0))).Max();
        var size = model.Manifest.Files.Where(f => f.Path.EndsWith(".data", StringComparison.Ordinal)).Sum(f => f.Size) / 1e6;
        var name = decoder == PrecisionPlan.Auto ? $"auto ({precision.Decoder}" + (precision.Sensitive is null ? ")" : " mixed)") : decoder;
        var visionName = vision == PrecisionPlan.Auto ? $"auto ({precision.Vision})" : vision;
        var logits = loss?.Prefill ?? loss?.Whole;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {name} | {visionName} | {100 * Agreement(exact, found):0.0} % | {100.0 * found.Count(s => s.Right) / found.Count:0.0} % | {shift:0.000} | {loss?.Vision?.LowestCosine ?? 1:0.00000} | {logits?.MeanDivergence ?? 0:0.0000} | {100 * (logits?.TopAgreement ?? 1):0.0} % | {size:0.0} |");
    }

    private static double Agreement(List<Said> exact, List<Said> found) =>
        exact.Zip(found, (a, b) => a.Text == b.Text ? 1.0 : 0.0).Average();

    private sealed record Said(string Text, bool Right, double? Score);
}
