using System.Globalization;
using System.Text;
using MobileVlm.Edge.Deploy.Pull;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>The tables of Deploy/docs/measured-losses.md about the golden models: the loss that their imports report.</summary>
internal static class GoldenLossTable
{
    public static readonly string[] Models = ["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"];

    /// <summary>The models that encode images.</summary>
    public static readonly string[] VisionModels = Models[..3];

    public static readonly string[] Decoders = ["int8", "int4-mixed", "int4-zp", "int4", "int4-b64", "int4-b128-zp", "int4-b128"];

    public static readonly string[] Visions = ["fp16", "int8", "int8-b128", "w8a8", "w8a7", "int4-zp", "int4", "int4-b128"];

    public static LogitLoss DecoderLoss(string model, string precision) => Import(model, PrecisionPlan.Parse(precision, "fp32")).Decoder;

    public static double VisionCosine(string model, string precision) =>
        Import(model, PrecisionPlan.Parse("fp32", precision)).Vision!.LowestCosine;

    public static string DecoderCell(LogitLoss loss) => Invariant($"{loss.MeanDivergence:0.00000}, {100 * loss.TopAgreement:0} %");

    public static string VisionCell(double cosine) => Invariant($"{cosine:0.000000}");

    /// <summary>Returns both tables; imports 59 models (some minutes).</summary>
    public static string Tables() =>
        Table("Decoder", Decoders, Models, (model, name) => DecoderCell(DecoderLoss(model, name))) + "\n"
        + Table("Vision", Visions, VisionModels, (model, name) => VisionCell(VisionCosine(model, name)));

    private static string Table(string part, string[] names, string[] models, Func<string, string, string> cell)
    {
        var table = new StringBuilder($"| {part} | {string.Join(" | ", models)} |\n| --- |{string.Concat(models.Select(_ => " ---: |"))}\n");
        foreach (var name in names)
        {
            table.Append($"| {name} |{string.Concat(models.Select(model => $" {cell(model, name)} |"))}\n");
        }

        return table.ToString();
    }

    private static ModelLoss Import(string model, PrecisionPlan plan)
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-golden-loss-").FullName;
        try
        {
            var source = Path.Combine(DemoModel.Repository, "Tests", "Golden", model);
            return ModelImporter.Import(source, Path.Combine(folder, "model"), plan.WithPrefill("none"), calibration: CalibrationSet.Bundled(CalibrationPictures.Decode)).Manifest.Loss!;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
