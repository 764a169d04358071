using System.Globalization;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>A precision of the demo's model, and what is required of it.</summary>
/// <param name="Decoder">The value of <c>--precision</c>.</param>
/// <param name="Vision">The value of <c>--vision-precision</c>.</param>
/// <param name="Agreement">The smallest share of answers that must be those of float32, character for character.</param>
/// <param name="IsTestedInEachRun">Whether each run of the tests measures it: one of each kind of weights.</param>
internal sealed record DemoPrecision(string Decoder, string Vision, double Agreement, bool IsTestedInEachRun = false);

/// <summary>The loss of a precision of the demo's model.</summary>
/// <param name="Precision">The precision.</param>
/// <param name="Model">The imported model.</param>
/// <param name="Given">The imported model's answers.</param>
/// <param name="Reference">The answers of the same model in float32.</param>
/// <param name="ColourMasses">The probability of Yes and No together for "What colour is the car?" asked as a yes/no question.</param>
internal sealed record DemoLoss(
    DemoPrecision Precision, ModelFolder Model, List<GivenAnswer> Given, List<GivenAnswer> Reference, List<double> ColourMasses)
{
    public double Agreement => Reference.Zip(Given, (a, b) => a.Text == b.Text ? 1.0 : 0.0).Average();

    public string ToRow()
    {
        var (loss, imported) = (Model.Manifest.Loss, Model.Manifest.Precision);
        double[] shifts = [.. Reference.Zip(Given).Where(pair => pair.First.Score is not null).Select(pair => Math.Abs(pair.First.Score!.Value - pair.Second.Score!.Value)).Order()];
        var changed = Reference.Zip(Given).Count(pair => pair.First.Score is { } a && a >= 0.5 != pair.Second.Score >= 0.5);
        var size = Model.Manifest.Files.Where(f => f.Path.EndsWith(".data", StringComparison.Ordinal)).Sum(f => f.Size) / 1e6;
        var decoder = Precision.Decoder == PrecisionPlan.Auto
            ? $"auto ({imported.Decoder}" + (imported.Sensitive is null ? ")" : " mixed)")
            : Precision.Decoder;
        var vision = Precision.Vision == PrecisionPlan.Auto ? $"auto ({imported.Vision})" : Precision.Vision;
        var logits = loss?.Whole ?? loss?.Decoder;
        var unknown = ColourMasses.Count(mass => mass < ScoringDefaults.UsualMinMass);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {decoder} | {vision} | {100 * Agreement:0.0} % | {100.0 * Given.Count(s => s.Correct) / Given.Count:0.0} % | {shifts.Average():0.0000}, {shifts[(int)(0.95 * (shifts.Length - 1))]:0.000}, {shifts[^1]:0.000} | {changed} | {Given.Min(it => it.Mass ?? 1):0.000} | {unknown} ({ColourMasses.Max():0.000}) | {loss?.Vision?.LowestCosine ?? 1:0.00000} | {logits?.MeanDivergence ?? 0:0.0000} | {100 * (logits?.TopAgreement ?? 1):0.0} % | {size:0.0} |");
    }
}

/// <summary>The table of Deploy/docs/measured-losses.md about the demo's model: its answers about held-out images in each precision,
/// compared with its own in float32.</summary>
internal static class DemoLossTable
{
    public const string Cosine = "Visual tokens: lowest cosine";
    public const string Divergence = "Logits: mean KL, nats";

    /// <summary>The rows of the table. The model is 128 wide, so a block of 128 is a whole row: wider models lose less.</summary>
    public static readonly DemoPrecision[] Precisions =
    [
        new("fp16", "fp16", 0.999, IsTestedInEachRun: true),
        new("int8", "fp32", 0.99),
        new("int8-b128", "fp32", 0.99),
        new("int4-mixed", "fp32", 0.97),
        new("int4-zp", "fp32", 0.97),
        new("int4", "fp32", 0.97),
        new("int4-b64", "fp32", 0.97),
        new("int4-b128-zp", "fp32", 0.97, IsTestedInEachRun: true),
        new("int4-b128", "fp32", 0.97),
        new("fp32", "int8", 0.99),
        new("fp32", "int8-b128", 0.99),
        new("fp32", "w8a8", 0.99),
        new("fp32", "w8a7", 0.99),
        new("fp32", "int4", 0.97),
        new("int8", "w8a8", 0.97, IsTestedInEachRun: true),
        new("w8a8", "w8a8", 0.97),
        new("w8a7", "w8a7", 0.97, IsTestedInEachRun: true),
        new("int4", "int8", 0.97, IsTestedInEachRun: true),
        new("int4-mixed", "w8a8", 0.97),
        new("auto", "auto", 0.97, IsTestedInEachRun: true),
    ];

    public static string Header =>
        $"""
        | Decoder | Vision | Same answer as fp32 | Right | Shift of P(yes): mean, 95th percentile, largest | Changed yes/no | Lowest mass | Colour asked as yes/no: unknown (largest mass) | {Cosine} | {Divergence} | Same most likely token | Graphs, MB |
        | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
        """;

    /// <summary>Imports the demo's checkpoint in each precision, one after the other, and asks it about the scenes.</summary>
    /// <param name="precisions">The rows.</param>
    /// <param name="scenes">The images with their questions.</param>
    /// <param name="folder">The folder for the imported models, which are not deleted.</param>
    public static IEnumerable<DemoLoss> Measure(IEnumerable<DemoPrecision> precisions, HeldOutScene[] scenes, string folder)
    {
        var reference = GivenAnswer.AskAll(DemoModel.Folder, scenes);
        yield return new DemoLoss(
            new DemoPrecision("fp32", "fp32", 1), DemoModel.Folder, reference, reference, GivenAnswer.MassesOfColourQuestion(DemoModel.Folder, scenes));
        foreach (var precision in precisions)
        {
            var plan = PrecisionPlan.Parse(precision.Decoder, precision.Vision).WithPrefill("none");
            var model = ModelImporter.Import(
                DemoModel.Checkpoint, Path.Combine(folder, $"{precision.Decoder}-{precision.Vision}"), plan, calibration: CalibrationSet.Bundled(CalibrationPictures.Decode));
            yield return new DemoLoss(precision, model, GivenAnswer.AskAll(model, scenes), reference, GivenAnswer.MassesOfColourQuestion(model, scenes));
        }
    }
}
