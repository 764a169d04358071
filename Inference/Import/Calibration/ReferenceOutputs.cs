using MobileVlm.Edge.Inference.Evaluation;

namespace MobileVlm.Edge.Inference.Import.Calibration;

/// <summary>The outputs of a checkpoint in float32 for calibration inputs.</summary>
/// <param name="Set">The inputs.</param>
/// <param name="VisualTokens">Visual tokens of each picture, [tokens, hidden]; empty for a model of text only.</param>
/// <param name="Prompts">Prompts of the questions that fit the context.</param>
/// <param name="Logits">Logits of each prompt at the positions of its answer, [positions, vocabulary].</param>
internal sealed record ReferenceOutputs(
    CalibrationSet Set, IReadOnlyList<float[]> VisualTokens, IReadOnlyList<CalibrationPrompt> Prompts, IReadOnlyList<float[]> Logits);
