using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Verification;

public static partial class ModelSelfTest
{
    /// <summary>Tests the prefill weights, with question and answer in one pass.</summary>
    /// <returns>How many tokens were compared, and how many of them were ties.</returns>
    internal static (int Tokens, int Ties) TestPrefill(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] visualTokens,
        IReadOnlyList<SelfTestStep> known,
        SelfTestExtent extent)
    {
        var steps = Steps(known, extent);
        using var state = decoder.CreateState(prompt.Length(visualTokens.Length / decoder.Embeddings.HiddenSize), minPrefillTokens: 1);
        try
        {
            state.Append(prompt.Before);
            if (visualTokens.Length > 0)
            {
                state.Append(visualTokens.AsMemory());
            }

            state.Append([new SequenceTokens(state.Fork(), (int[])[.. prompt.After, .. prompt.Answer.AsSpan(0, steps - 1)], steps)]);
        }
        catch (Exception e) when (e is NonFiniteLogitsException or InvalidOperationException or OnnxRuntimeException)
        {
            throw Fault(folder, Describe(ModelFolder.PrefillFile, e), e);
        }

        var ties = 0;
        for (var i = 0; i < steps; i++)
        {
            ties += CheckToken(folder, state.Logits(i), i, known[i], ModelFolder.PrefillFile) ? 1 : 0;
        }

        return (steps, ties);
    }
}
