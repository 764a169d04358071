using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests;

/// <summary>What each precision costs the golden models, as their imports report it, against what Deploy/docs/precision.md
/// states. With MOBILEVLM_GOLDEN_LOSS_TABLE set to a file, all models are imported and the tables are written there; without,
/// one for each table.</summary>
public sealed class GoldenLossTests(ITestOutputHelper output) : IDisposable
{
    private const string Heading = "The golden models";

    /// <summary>Other kernels round otherwise.</summary>
    private const double Slack = 1.5;

    private static readonly string[] Models = ["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"];

    private static readonly string[] Decoders = ["int8", "int4-mixed", "int4-zp", "int4", "int4-b64", "int4-b128-zp", "int4-b128"];

    private static readonly string[] Visions = ["fp16", "int8", "int8-b128", "w8a8", "w8a7", "int4-zp", "int4", "int4-b128"];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-golden-loss-").FullName;

    private static string? Target => Environment.GetEnvironmentVariable("MOBILEVLM_GOLDEN_LOSS_TABLE");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Decoders_lose_no_more_than_is_stated() => Compare(
        "Decoder", Decoders, Target is null ? ["mobilellama"] : Models,
        (model, name) =>
        {
            var prefill = name.StartsWith("prefill ", StringComparison.Ordinal) ? name.Split(' ')[1] : "none";
            var loss = Import(model, PrecisionPlan.Parse(prefill == "none" ? name : "int8", "fp32").WithPrefill(prefill));
            var found = loss.Prefill ?? loss.Decoder;
            return (Invariant($"{found.MeanDivergence:0.00000}, {100 * found.TopAgreement:0} %"),
                stated => found.MeanDivergence <= (Slack * stated[0]) + 1e-4 && found.TopAgreement >= stated[1] - 0.1);
        });

    [Fact]
    public void Encoders_lose_no_more_than_is_stated() => Compare(
        "Vision", Visions, Target is null ? ["mobilevlm-v2"] : Models[..3],
        (model, name) =>
        {
            var found = Import(model, PrecisionPlan.Parse("fp32", name)).Vision!.LowestCosine;
            return (Invariant($"{found:0.000000}"), stated => 1 - found <= (Slack * (1 - stated[0])) + 2e-6);
        });

    private ModelLoss Import(string model, PrecisionPlan plan)
    {
        var folder = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        var source = Path.Combine(DemoModel.Repository, "Tests", "Golden", model);
        var loss = ModelImporter.Import(source, folder, plan, calibration: CalibrationSet.Bundled).Manifest.Loss!;
        Directory.Delete(folder, recursive: true);
        return loss;
    }

    private void Compare(
        string part, string[] names, string[] models, Func<string, string, (string Cell, Predicate<double[]> Holds)> measure)
    {
        var stated = new StatedTable(Heading, part, names: 1);
        var table = new StringBuilder($"| {part} | {string.Join(" | ", models)} |\n| --- |{string.Concat(models.Select(_ => " ---: |"))}\n");
        var faults = new List<string>();
        foreach (var name in names)
        {
            table.Append($"| {name} |");
            foreach (var model in models)
            {
                var (cell, holds) = measure(model, name);
                table.Append($" {cell} |");
                if (Target is null && !holds(stated.Numbers(name, model)))
                {
                    faults.Add($"{model}, {part} {name}: {cell} now, stated is {string.Join(", ", stated.Numbers(name, model))}.");
                }
            }

            table.Append('\n');
        }

        output.WriteLine(table.ToString());
        if (Target is { } target)
        {
            File.WriteAllText($"{target}.{part}", table.ToString());
        }

        Assert.Empty(faults);
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
