using System.Globalization;
using MobileVlm.Edge.Inference.Evaluation.Gates;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Deploy.Commands.Models;

/// <summary>A model's vision tower, precision and loss as text.</summary>
internal static class PrecisionText
{
    /// <summary>Each line begins with a word of eleven characters.</summary>
    public static IEnumerable<string> Lines(ModelManifest manifest)
    {
        if (manifest.Source.VisionTower is { } tower)
        {
            yield return $"tower      {tower}";
        }

        var p = manifest.Precision;
        yield return $"precision  decoder {p.Decoder}{Also("sensitive layers", p.Sensitive)}, head {p.Head}, embeddings {p.Embedding}";
        if (p.Vision is { } vision)
        {
            yield return $"           vision {vision}{Also("inputs with outliers", p.VisionOutlierProne)}{Also("projector", p.Projector)}";
        }

        if (p.Activations is { } activations)
        {
            yield return $"           activations and KV cache {activations}, for a GPU";
        }

        if (p.Prefill is { } prefill)
        {
            yield return $"           prefill {prefill}, decoder weights for pictures and prompts";
        }

        if (p.Quantization is { } quantization)
        {
            yield return $"           quantized by {quantization}";
        }

        foreach (var kept in p.Kept ?? [])
        {
            yield return $"           kept bits of {kept}";
        }

        foreach (var reason in p.Choice ?? [])
        {
            yield return $"           {reason}";
        }

        foreach (var line in Loss(manifest))
        {
            yield return line;
        }
    }

    /// <summary>The forms of weights in one line: a single name where all parts have the same.</summary>
    public static string Line(ModelManifest model)
    {
        var p = model.Precision;
        string[] parts = [p.Decoder, p.Sensitive ?? p.Decoder, p.Head, p.Vision ?? p.Decoder, p.Prefill ?? p.Decoder];
        if (parts.Distinct().Count() == 1)
        {
            return p.Decoder;
        }

        var decoder = p.Sensitive is { } sensitive ? $"decoder {p.Decoder} with {sensitive} in sensitive layers" : $"decoder {p.Decoder}";
        return string.Join(
            ", ",
            (string[])[decoder, $"head {p.Head}", .. p.Prefill is { } prefill ? [$"prefill {prefill}"] : (string[])[], .. p.Vision is { } vision ? [$"vision {vision}"] : (string[])[]]);
    }

    private static IEnumerable<string> Loss(ModelManifest manifest)
    {
        if (manifest.Loss is not { } loss)
        {
            var exact = manifest.Precision is { Decoder: "fp32", Vision: null or "fp32" };
            yield return exact ? "loss       none, all is float32" : "loss       not measured";
            yield break;
        }

        yield return $"loss       against float32, on {loss.Calibration}";
        if (loss.Machine is { } machine)
        {
            yield return $"           measured on {machine.Processor} with {machine.Runtime}{(machine.Kernels.Count == 0 ? "" : $" ({string.Join("; ", machine.Kernels)})")}";
        }

        if (loss.Vision is { } v)
        {
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"           vision: cosine {v.LowestCosine:0.00000} at worst, {v.MeanCosine:0.00000} on average; largest error {v.LargestError:p2} of the largest value")
                + (v.TokenCosine5 is { } cosine ? string.Create(CultureInfo.InvariantCulture, $"; of single tokens {cosine:0.0000}") : "");
        }

        yield return $"           decoder: {Describe(loss.Decoder)}";
        if (loss.Prefill is { } prefill)
        {
            yield return $"           prefill: {Describe(prefill)}";
        }

        if (loss.Whole is { } whole)
        {
            yield return $"           as served: {Describe(whole)}";
        }

        foreach (var line in Verdict(manifest, loss))
        {
            yield return line;
        }
    }

    private static IEnumerable<string> Verdict(ModelManifest manifest, ModelLoss loss)
    {
        if (LossLimits.Allow(loss))
        {
            yield return "           verdict: OK, within the limits that 'auto' requires";
            yield break;
        }

        yield return "           verdict: above the limits that 'auto' requires; more bits lose less: import it again with --force --precision auto"
            + (manifest.Precision.Vision is null ? "" : " --vision-precision auto");
        var failed = (loss.Gates ?? []).Where(gate => !gate.Passed).Select(LossLimits.Describe).ToList();
        if (failed.Count > 0)
        {
            yield return $"           above: {string.Join("; ", failed)}";
        }
    }

    private static string Describe(LogitLoss loss) => string.Create(
        CultureInfo.InvariantCulture,
        $"most likely token the same at {loss.TopAgreement:p1} of {loss.Positions} positions; divergence {loss.MeanDivergence:0.0000} nats on average, {(loss.Divergence95 is { } most ? $"{most:0.000} at the 95th percentile, " : "")}{loss.LargestDivergence:0.000} at worst")
        + (loss.LargestYesShift is { } shift ? string.Create(CultureInfo.InvariantCulture, $"; P(yes) of {loss.YesNoQuestions} answers shifts by up to {shift:0.000}") : "");

    private static string Also(string what, string? precision) => precision is null ? "" : $", {what} {precision}";
}
