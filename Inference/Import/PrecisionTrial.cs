using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Inference.Import;

/// <summary>Result of a trial.</summary>
/// <param name="Recipe">The recipe of the model in the folder.</param>
/// <param name="Loss">Against float32; null where nothing was measured.</param>
/// <param name="SelfTest">What the finished model computes; null where the prompt does not fit the context.</param>
/// <param name="Reasons">Why recipes were taken and refused, for the manifest; empty where there was no choice.</param>
internal sealed record TrialOutcome(ModelRecipe Recipe, ModelLoss? Loss, SelfTestRecord? SelfTest, IReadOnlyList<string> Reasons);

/// <summary>Runs the written model parts one layer at a time and measures their loss. A part that loses too much is written again in the
/// plan's next recipe, if there is one. Records what the finished model computes, for the self-test.</summary>
/// <param name="checkpoint">Sizes.</param>
/// <param name="writer">Wrote the folder in the first recipe of the plan.</param>
/// <param name="graphBuilder">Builds parts in other recipes.</param>
/// <param name="stored">Runs the parts.</param>
/// <param name="plan">Recipes to try.</param>
internal sealed class PrecisionTrial(
    Checkpoint checkpoint, ModelFolderWriter writer, ImportGraphBuilder graphBuilder, StoredModel stored, PrecisionPlan plan)
{
    private readonly List<string> _reasons = [];

    /// <param name="reference">Null measures nothing, and the first recipes are taken.</param>
    /// <param name="test">The self-test's prompt; null leaves it out.</param>
    public TrialOutcome Run(ReferenceOutputs? reference, CalibrationPrompt? test)
    {
        var first = ModelRecipe.First(plan, checkpoint.Config.Vision is not null);
        var encoded = first.Vision is null ? new EncodedPictures(null, null, [], []) : TryVision(reference);
        var (decoder, loss) = reference is null ? (first.Decoder, null) : TryDecoder(reference);
        var recipe = first with { Decoder = decoder, Vision = encoded.Recipe };
        if (recipe.Prefill is { } prefill && decoder != first.Decoder)
        {
            // It was written with the channel scales of the first recipe.
            writer.WriteGraph(ModelFolder.PrefillFile, graphBuilder.BuildPrefill(prefill, decoder));
        }

        (CalibrationPrompt, float[])[] self = test is null ? [] : [(test, encoded.SelfTestTokens)];

        // With an exact encoder both parts together lose what the decoder loses.
        var both = reference is null || recipe.Vision is null or { IsExact: true }
            ? []
            : reference.Prompts.Select(p => (p, p.VisualTokensOf(encoded.Tokens))).ToArray();
        var logits = both.Length + self.Length == 0 ? [] : stored.OpenDecoder(decoder).RunPrompts([.. both, .. self]);
        var (prefillLoss, prefillTest) = TryPrefill(recipe.Prefill, reference, self);
        return new TrialOutcome(
            recipe,
            reference is null ? null : new ModelLoss(
                reference.Set.Description,
                encoded.Loss,
                loss!,
                recipe.Vision is null ? null : both.Length == 0 ? loss : Compare(reference, logits[..both.Length]))
            {
                Prefill = prefillLoss,
            },
            test is null ? null : SelfTestMaterial.Record(test, encoded.SelfTestTokens, logits[^1], prefillTest),
            _reasons);
    }

    /// <returns>Loss of the prefill weights, and their logits along the self-test's answer.</returns>
    private (LogitLoss? Loss, float[]? Test) TryPrefill(
        WeightFormat? prefill, ReferenceOutputs? reference, (CalibrationPrompt, float[])[] self)
    {
        var prompts = reference?.Prompts.Select(p => (p, p.VisualTokensOf(reference.VisualTokens))).ToArray() ?? [];
        if (prefill is not { } format || prompts.Length + self.Length == 0)
        {
            return (null, null);
        }

        var logits = stored.OpenPrefill(format).RunPrompts([.. prompts, .. self]);
        return (
            reference is null ? null : Compare(reference, logits[..prompts.Length]),
            self.Length == 0 ? null : logits[^1]);
    }

    private (DecoderRecipe Recipe, LogitLoss Loss) TryDecoder(ReferenceOutputs reference)
    {
        for (var i = 0; ; i++)
        {
            var (recipe, isLast) = (plan.DecoderRecipes[i], i == plan.DecoderRecipes.Count - 1);
            if (i > 0)
            {
                writer.WriteGraph(ModelFolder.DecoderFile, graphBuilder.BuildDecoder(recipe));
            }

            var loss = Compare(reference, stored.OpenDecoder(recipe).RunPrompts(reference.Prompts.Select(p => (p, p.VisualTokensOf(reference.VisualTokens)))));
            var refused = !isLast && !LossLimits.Allow(loss);
            if (plan.DecoderRecipes.Count > 1)
            {
                _reasons.Add(LossLimits.Explain(recipe.Name, loss, refused));
            }

            if (!refused)
            {
                return (recipe, loss);
            }
        }
    }

    private EncodedPictures TryVision(ReferenceOutputs? reference)
    {
        for (var i = 0; ; i++)
        {
            var (recipe, isLast) = (plan.VisionRecipes[i], i == plan.VisionRecipes.Count - 1);
            if (i > 0)
            {
                writer.WriteGraph(ModelFolder.VisionFile, graphBuilder.BuildVision(recipe));
            }

            // One picture shows that an exact encoder is exact.
            IEnumerable<CalibrationPicture> pictures = reference?.Set.Pictures.Take(recipe.IsExact ? 1 : int.MaxValue) ?? [];
            var tokens = stored.OpenVision(recipe).EncodePictures([.. pictures, SelfTestMaterial.Picture]);
            if (reference is null)
            {
                return new EncodedPictures(recipe, null, [], tokens[^1]);
            }

            var measured = tokens[..^1];
            var loss = LossMeter.Vision([.. reference.VisualTokens.Take(measured.Length)], measured);
            var refused = !isLast && !LossLimits.Allow(loss);
            if (plan.VisionRecipes.Count > 1)
            {
                _reasons.Add(LossLimits.Explain(recipe.Name, loss, refused));
            }

            if (!refused)
            {
                return new EncodedPictures(recipe, loss, measured, tokens[^1]);
            }
        }
    }

    private LogitLoss Compare(ReferenceOutputs reference, IReadOnlyList<float[]> logits) =>
        LossMeter.Logits(reference.Logits, logits, checkpoint.Config.Language.VocabularySize);

    /// <param name="Recipe">The recipe that encoded them; null for a model of text only.</param>
    /// <param name="Loss">Null where nothing was measured.</param>
    /// <param name="Tokens">Visual tokens of the pictures that were measured.</param>
    /// <param name="SelfTestTokens">Those of the self-test's picture.</param>
    private sealed record EncodedPictures(VisionRecipe? Recipe, VisionLoss? Loss, float[][] Tokens, float[] SelfTestTokens);
}
