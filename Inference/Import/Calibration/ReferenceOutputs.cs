using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Evaluation.Gates;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>The outputs of a checkpoint in float32 for what the loss is measured on.</summary>
/// <param name="Set">What weights were calibrated with, and the gates.</param>
/// <param name="Prompts">The gates in the model's tokens.</param>
/// <param name="Scorer">Null where the model has no tokens for yes and no.</param>
/// <param name="VisualTokens">Visual tokens of each gate's picture, [tokens, hidden]; empty for a model of text only.</param>
/// <param name="Reference">Predictions at each position of the prompts.</param>
internal sealed record ReferenceOutputs(
    CalibrationSet Set, GatePrompts Prompts, YesNoScorer? Scorer, IReadOnlyList<float[]> VisualTokens, GateReference Reference)
{
    /// <summary>Compares another model's logits with these.</summary>
    public GateMeter NewMeter() => new(Prompts, Reference, Scorer);
}
