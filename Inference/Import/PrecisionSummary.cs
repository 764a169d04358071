using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>The precision of a finished import as the manifest has it.</summary>
internal static class PrecisionSummary
{
    /// <param name="recipe">The model's recipe.</param>
    /// <param name="embedding">As the checkpoint stores the table, which is copied.</param>
    /// <param name="forCuda">Whether the graphs compute in float16.</param>
    /// <param name="isCalibrated">Whether activations were measured.</param>
    /// <param name="scales">Of the decoder's channels; null where there are none.</param>
    /// <param name="reasons">Why recipes were taken and refused; empty where none was chosen.</param>
    /// <param name="kept">Which matrices have the integers of the checkpoint; null where none have.</param>
    public static ModelPrecision Of(
        ModelRecipe recipe, ElementType embedding, bool forCuda, bool isCalibrated, AwqScales? scales, IReadOnlyList<string> reasons, IReadOnlyList<string>? kept)
    {
        var (decoder, vision) = (recipe.Decoder, recipe.Vision);
        return new ModelPrecision(vision?.Tower.ToString(), decoder.Body.ToString(), decoder.Head.ToString(), embedding.ManifestName())
        {
            Sensitive = decoder.Sensitive == decoder.Body ? null : decoder.Sensitive.ToString(),
            VisionOutlierProne = vision is null || vision.OutlierProne == vision.Tower ? null : vision.OutlierProne.ToString(),
            Projector = vision?.Projector.ToString(),
            Prefill = recipe.Prefill?.ToString(),
            Activations = forCuda ? "fp16" : null,
            Quantization = !recipe.IsQuantized ? null : (recipe.Decoder.Body.KeepsStored ? "integers of the checkpoint, else " : "") + Quantization(isCalibrated, scales),
            Kept = kept,
            Choice = reasons.Count == 0 ? null : reasons,
        };
    }

    private static string Quantization(bool isCalibrated, AwqScales? scales) =>
        !isCalibrated ? "least squared error"
        : scales is null ? "least squared error, weighted by activations"
        : $"least squared error, weighted by activations, {scales.Describe()}";
}
