namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>The precision of a whole model at one point of an import: one recipe of each part.</summary>
/// <param name="Decoder">Of the decoder.</param>
/// <param name="Vision">Of the vision encoder; null for a model of text only.</param>
/// <param name="Prefill">Of the prefill weights; null for none.</param>
internal sealed record ModelRecipe(DecoderRecipe Decoder, VisionRecipe? Vision, WeightFormat? Prefill)
{
    /// <summary>The recipe that a plan tries first.</summary>
    /// <param name="plan">What was asked for.</param>
    /// <param name="hasVision">Whether the model has a vision encoder.</param>
    public static ModelRecipe First(PrecisionPlan plan, bool hasVision) =>
        new(plan.DecoderRecipes[0], hasVision ? plan.VisionRecipes[0] : null, plan.Prefill);

    /// <summary>Whether any matrix is quantized.</summary>
    public bool IsQuantized => Decoder.Body.Bits > 0 || Vision?.Tower.Bits > 0;
}
