using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Settings for the import of a checkpoint.</summary>
/// <param name="Precision">Precision of each part.</param>
/// <param name="Calibration">Pictures and questions to measure with; null measures nothing.</param>
/// <param name="Replace">Whether an existing model is replaced.</param>
internal sealed record ImportChoice(PrecisionPlan Precision, CalibrationSet? Calibration, bool Replace);
