using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Export.Calibration;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Export;

/// <summary>Measures the parts of a folder as they lie there, and writes those anew that lose too much while there is
/// another recipe for them.</summary>
internal static class PrecisionTrial
{
    /// <returns>The loss of what lies in the folder in the end. Its manifest is not up to date.</returns>
    public static ModelLoss Run(string folder, ModelFolderWriter writer, ModelParts parts, ExactOutputs exact)
    {
        var (vision, tokens) = parts.Sees ? TryVision(folder, writer, parts, exact) : (null, []);
        while (true)
        {
            using (var decoder = new LanguageDecoder(ModelFolder.Open(folder), new ExecutionSettings()))
            {
                var loss = LossMeter.Decoder(decoder, exact, exact.VisualTokens);
                var refused = parts.DecoderHasNext && !LossFloors.Hold(loss);
                if (parts.ChoosesDecoder)
                {
                    parts.Explain(LossFloors.Explain(parts.Decoder.Name, loss, refused));
                }

                if (!refused)
                {
                    return new ModelLoss(
                        exact.Set.Description, vision, loss, parts.Sees ? LossMeter.Decoder(decoder, exact, tokens) : null);
                }
            }

            writer.WriteGraph(ModelFolder.DecoderFile, parts.NextDecoder());
            writer.WriteManifest(parts.Describe(), loss: null);
        }
    }

    private static (VisionLoss Loss, IReadOnlyList<float[]> Tokens) TryVision(
        string folder, ModelFolderWriter writer, ModelParts parts, ExactOutputs exact)
    {
        while (true)
        {
            var (loss, tokens) = LossMeter.Vision(ModelFolder.Open(folder), exact);
            var refused = parts.VisionHasNext && !LossFloors.Hold(loss);
            if (parts.ChoosesVision)
            {
                parts.Explain(LossFloors.Explain(parts.Vision.Name, loss, refused));
            }

            if (!refused)
            {
                return (loss, tokens);
            }

            writer.WriteGraph(ModelFolder.VisionFile, parts.NextVision());
            writer.WriteManifest(parts.Describe(), loss: null);
        }
    }
}
