using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Settings for the import of a checkpoint.</summary>
/// <param name="Precision">Precision of each part.</param>
/// <param name="Calibration">Pictures and questions to measure with; null measures nothing.</param>
/// <param name="Replace">Whether an existing model is replaced.</param>
internal sealed record ImportChoice(PrecisionPlan Precision, CalibrationSet? Calibration, bool Replace)
{
    /// <summary>What the importer does without options.</summary>
    /// <param name="isForCuda">For an NVIDIA GPU.</param>
    public static ImportChoice Default(bool isForCuda) => new(
        isForCuda
            ? PrecisionPlan.Parse("fp16", "fp16").WithPrefill("none").OnCuda()
            : PrecisionPlan.Parse(DecoderRecipe.Default.Name, null).WithPrefill(PrecisionPlan.Auto) with
            {
                KeepsStoredDecoder = true,
                KeepsStoredVision = true,
            },
        CalibrationSet.Bundled(CalibrationPictures.Decode),
        Replace: false);
}
