using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Evaluation.Gates;
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

/// <summary>Runs the written model parts one layer at a time and measures their loss on what weights were not calibrated with. A part that
/// loses too much is written again in the plan's next recipe, if there is one. Records what the finished model computes, for the
/// self-test.</summary>
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
        var decoder = reference is null ? new TriedDecoder(first.Decoder, null, null) : TryDecoder(reference, encoded);
        var recipe = first with { Decoder = decoder.Recipe, Vision = encoded.Recipe };
        if (recipe.Prefill is { } prefill && decoder.Recipe != first.Decoder)
        {
            // It was written with the channel scales of the first recipe.
            writer.WriteGraph(ModelFolder.PrefillFile, graphBuilder.BuildPrefill(prefill, decoder.Recipe));
        }

        (CalibrationPrompt, float[])[] self = test is null ? [] : [(test, encoded.SelfTestTokens)];
        var (prefillLoss, prefillTest) = TryPrefill(recipe.Prefill, reference, self);
        var (served, logits) = RunServed(recipe, reference, encoded, self);
        if (served is not null && plan is { ChoosesPrefill: true, DecoderRecipes.Count: > 1 } && recipe.Prefill is { } chosen
            && !(LossLimits.Allow(served) && LossLimits.Allow(prefillLoss!)))
        {
            _reasons.Add(LossLimits.Explain($"prefill {chosen}", LossLimits.Allow(served) ? prefillLoss! : served, refused: true));
            writer.RemoveGraph(ModelFolder.PrefillFile);
            (recipe, prefillLoss, prefillTest, served) = (recipe with { Prefill = null }, null, null, decoder.Whole);
        }

        return new TrialOutcome(
            recipe,
            reference is null || decoder.Loss is null ? null : Report(recipe, reference, encoded, decoder, served, prefillLoss),
            test is null ? null : SelfTestMaterial.Record(test, encoded.SelfTestTokens, logits[^1], prefillTest),
            _reasons);
    }

    private ModelLoss Report(
        ModelRecipe recipe, ReferenceOutputs reference, EncodedPictures encoded, TriedDecoder decoder, LogitLoss? served, LogitLoss? prefill)
    {
        writer.WriteFile(ModelFolder.GateReferenceFile, reference.Reference.Write);
        var loss = new ModelLoss(
            GateDescription.Of(reference.Set, reference.Prompts),
            encoded.Loss,
            decoder.Loss!,
            served ?? (recipe.Vision is null ? null : decoder.Whole ?? decoder.Loss))
        {
            Prefill = prefill,
            Scenes = GateDescription.ScenesOf(reference.Set, reference.Prompts),
            Machine = ThisMachine.Describe(
                recipe.Vision?.Tower.ToString(), recipe.Decoder.Body.ToString(), recipe.Prefill?.ToString()),
        };
        return loss with { Gates = LossLimits.Gates(loss) };
    }

    /// <summary>The model as a service runs it, where that is not what <see cref="TryDecoder"/> has measured, and the self-test.</summary>
    private (LogitLoss? Served, float[][] SelfTest) RunServed(
        ModelRecipe recipe, ReferenceOutputs? reference, EncodedPictures encoded, (CalibrationPrompt, float[])[] self)
    {
        if (reference is null || recipe.Prefill is null)
        {
            return (null, self.Length == 0 ? [] : stored.OpenDecoder(recipe.Decoder).RunPrompts(self));
        }

        var meter = reference.NewMeter();
        var logits = stored.OpenServed(recipe.Decoder, recipe.Prefill)
            .RunPrompts(self, gates: new GateRun(reference.Prompts, encoded.OwnTokens(reference), meter.Take));
        return (meter.Result(), logits);
    }

    /// <returns>Loss of the prefill weights, and their logits along the self-test's answer.</returns>
    private (LogitLoss? Loss, float[]? Test) TryPrefill(
        WeightFormat? prefill, ReferenceOutputs? reference, (CalibrationPrompt, float[])[] self)
    {
        if (prefill is not { } format || (reference is null && self.Length == 0))
        {
            return (null, null);
        }

        var meter = reference?.NewMeter();
        var logits = stored.OpenPrefill(format).RunPrompts(self, gates: GatesOf(reference, meter, reference?.VisualTokens));
        return (meter?.Result(), self.Length == 0 ? null : logits[^1]);
    }

    /// <summary>Tries the decode weights alone: with the exact visual tokens, and then with those of the folder's own encoder.</summary>
    private TriedDecoder TryDecoder(ReferenceOutputs reference, EncodedPictures encoded)
    {
        for (var i = 0; ; i++)
        {
            var (recipe, isLast) = (plan.DecoderRecipes[i], i == plan.DecoderRecipes.Count - 1);
            if (i > 0)
            {
                writer.WriteGraph(ModelFolder.DecoderFile, graphBuilder.BuildDecoder(recipe));
            }

            var loss = Measure(reference, recipe, reference.VisualTokens);
            var refused = !isLast && !LossLimits.Allow(loss);

            // With an exact encoder both parts together lose what the decoder loses. With prefill weights both are measured later; here
            // it matters only for a choice.
            var whole = refused || encoded.Recipe is null or { IsExact: true } || (plan.Prefill is not null && plan.DecoderRecipes.Count == 1)
                ? null
                : Measure(reference, recipe, encoded.Tokens);
            refused |= !isLast && whole is not null && !LossLimits.Allow(whole);
            if (plan.DecoderRecipes.Count > 1)
            {
                _reasons.Add(LossLimits.Explain($"decoder {recipe.Name}", whole ?? loss, refused));
            }

            if (!refused)
            {
                return new TriedDecoder(recipe, loss, whole);
            }
        }
    }

    private LogitLoss Measure(ReferenceOutputs reference, DecoderRecipe recipe, IReadOnlyList<float[]> pictures)
    {
        var meter = reference.NewMeter();
        stored.OpenDecoder(recipe).RunPrompts([], gates: GatesOf(reference, meter, pictures));
        return meter.Result();
    }

    private static GateRun? GatesOf(ReferenceOutputs? reference, GateMeter? meter, IReadOnlyList<float[]>? pictures) =>
        reference is null || meter is null ? null : new GateRun(reference.Prompts, pictures ?? [], meter.Take);

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
            var pictures = reference?.Set.Gates.Pictures.Select(it => it.Picture).Take(recipe.IsExact ? 1 : int.MaxValue) ?? [];
            var tokens = stored.OpenVision(recipe).EncodePictures([.. pictures, SelfTestMaterial.Picture]);
            if (reference is null)
            {
                return new EncodedPictures(recipe, null, [], tokens[^1]);
            }

            var measured = tokens[..^1];
            var loss = GateMeter.Vision(reference.VisualTokens, measured, checkpoint.Config.Language.HiddenSize);
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

    /// <param name="Recipe">The recipe that was taken.</param>
    /// <param name="Loss">With the exact visual tokens; null where nothing was measured.</param>
    /// <param name="Whole">With those of the folder's own encoder; null where that is the same, or measured later.</param>
    private sealed record TriedDecoder(DecoderRecipe Recipe, LogitLoss? Loss, LogitLoss? Whole);

    /// <param name="Recipe">The recipe that encoded them; null for a model of text only.</param>
    /// <param name="Loss">Null where nothing was measured.</param>
    /// <param name="Tokens">Visual tokens of the pictures that were measured.</param>
    /// <param name="SelfTestTokens">Those of the self-test's picture.</param>
    private sealed record EncodedPictures(VisionRecipe? Recipe, VisionLoss? Loss, float[][] Tokens, float[] SelfTestTokens)
    {
        /// <summary>Visual tokens of all pictures: an exact encoder was only tried with one.</summary>
        public IReadOnlyList<float[]> OwnTokens(ReferenceOutputs reference) => Recipe is null or { IsExact: true } ? reference.VisualTokens : Tokens;
    }
}
