using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Calibration;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Verification;

namespace MobileVlm.Edge.Inference.Import.Precision;

/// <summary>Tries the parts of a folder as they lie there, a layer at a time: measures what they lose, writes those anew
/// that lose too much while there is another recipe for them, and notes what the finished model computes.</summary>
internal sealed class PrecisionTrial(Checkpoint checkpoint, ModelFolderWriter writer, ImportedGraphs parts, StoredModel stored)
{
    /// <param name="exact">Null measures nothing.</param>
    /// <param name="test">The self-test's prompt; null leaves it out.</param>
    public (ModelLoss? Loss, SelfTest? SelfTest) Run(ReferenceOutputs? exact, CalibrationPrompt? test)
    {
        var seen = parts.Sees ? TryVision(exact) : new Seen(null, [], []);
        var loss = exact is null ? null : TryDecoder(exact);
        (CalibrationPrompt, float[])[] self = test is null ? [] : [(test, seen.Test)];

        // With an exact encoder both parts together lose what the decoder loses.
        var whole = exact is null || !parts.Sees || parts.Vision.IsExact
            ? []
            : exact.Prompts.Select(p => (p, p.PictureOf(seen.Tokens))).ToArray();
        var logits = whole.Length + self.Length == 0 ? [] : stored.Open().Think([.. whole, .. self]);
        var (prefillLoss, prefillTest) = TryPrefill(exact, self);
        return (
            exact is null ? null : new ModelLoss(
                exact.Set.Description, seen.Loss, loss!, !parts.Sees ? null : whole.Length == 0 ? loss : Compare(exact, logits[..whole.Length]))
            {
                Prefill = prefillLoss,
            },
            test is null ? null : SelfTestMaterial.Known(test, seen.Test, logits[^1], prefillTest));
    }

    /// <returns>Loss of the second set of weights, and its logits along the self-test's answer.</returns>
    private (LogitLoss? Loss, float[]? Test) TryPrefill(ReferenceOutputs? exact, (CalibrationPrompt, float[])[] self)
    {
        var prompts = exact?.Prompts.Select(p => (p, p.PictureOf(exact.VisualTokens))).ToArray() ?? [];
        if (parts.Prefill is null || prompts.Length + self.Length == 0)
        {
            return (null, null);
        }

        var logits = stored.OpenPrefill().Think([.. prompts, .. self]);
        return (
            exact is null ? null : Compare(exact, logits[..prompts.Length]),
            self.Length == 0 ? null : logits[^1]);
    }

    private LogitLoss TryDecoder(ReferenceOutputs exact)
    {
        while (true)
        {
            var loss = Compare(exact, stored.Open().Think(exact.Prompts.Select(p => (p, p.PictureOf(exact.VisualTokens)))));
            var refused = parts.DecoderHasNext && !LossLimits.Hold(loss);
            if (parts.ChoosesDecoder)
            {
                parts.Explain(LossLimits.Explain(parts.Decoder.Name, loss, refused));
            }

            if (!refused)
            {
                return loss;
            }

            writer.WriteGraph(ModelFolder.DecoderFile, parts.NextDecoder());
        }
    }

    private Seen TryVision(ReferenceOutputs? exact)
    {
        while (true)
        {
            // One picture shows that an exact encoder is exact.
            IEnumerable<CalibrationPicture> pictures = exact?.Set.Pictures.Take(parts.Vision.IsExact ? 1 : int.MaxValue) ?? [];
            var tokens = stored.Open().Look([.. pictures, SelfTestMaterial.Picture]);
            if (exact is null)
            {
                return new Seen(null, [], tokens[^1]);
            }

            var own = tokens[..^1];
            var loss = LossMeter.Vision([.. exact.VisualTokens.Take(own.Length)], own);
            var refused = parts.VisionHasNext && !LossLimits.Hold(loss);
            if (parts.ChoosesVision)
            {
                parts.Explain(LossLimits.Explain(parts.Vision.Name, loss, refused));
            }

            if (!refused)
            {
                return new Seen(loss, own, tokens[^1]);
            }

            writer.WriteGraph(ModelFolder.VisionFile, parts.NextVision());
        }
    }

    private LogitLoss Compare(ReferenceOutputs exact, IReadOnlyList<float[]> logits) =>
        LossMeter.Logits(exact.Logits, logits, checkpoint.Config.Language.VocabularySize);

    /// <param name="Loss">Null where nothing was measured.</param>
    /// <param name="Tokens">Visual tokens of the pictures that were measured.</param>
    /// <param name="Test">Those of the self-test's picture.</param>
    private sealed record Seen(VisionLoss? Loss, float[][] Tokens, float[] Test);
}
