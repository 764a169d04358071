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
        return (steps, TestPrefill(folder, state, prompt, visualTokens, known, steps));
    }

    /// <summary>The short test of both sets of weights: the prefill weights read the prompt, the decode weights only the question
    /// behind it and the first tokens of the answer. The prompt is most of the work, and a service's own answers use the two
    /// in the same way.</summary>
    internal static SelfTestOutcome TestBoth(
        ModelFolder folder,
        LanguageDecoder decoder,
        CalibrationPrompt prompt,
        float[] visualTokens,
        IReadOnlyList<SelfTestStep> known,
        IReadOnlyList<SelfTestStep> knownPrefill,
        CancellationToken cancel)
    {
        var steps = Steps(known, SelfTestExtent.Fast);
        using var state = decoder.CreateState(prompt.Length(visualTokens.Length / decoder.Embeddings.HiddenSize), minPrefillTokens: 1);
        var prefillTies = TestPrefill(folder, state, prompt, visualTokens, knownPrefill, steps);
        cancel.ThrowIfCancellationRequested();
        try
        {
            var ties = CountTies(folder, state, prompt, known, knownPrefill, steps);
            return new SelfTestOutcome(2 * steps, ties + prefillTies, PictureError: null) { PrefillTokens = steps };
        }
        catch (Exception e) when (e is NonFiniteLogitsException or InvalidOperationException or OnnxRuntimeException)
        {
            throw Fault(folder, Describe(ModelFolder.DecoderFile, e), e);
        }
    }

    /// <returns>How many tokens were ties. The state keeps the prompt before the question as its prefix.</returns>
    private static int TestPrefill(
        ModelFolder folder,
        DecoderState state,
        CalibrationPrompt prompt,
        float[] visualTokens,
        IReadOnlyList<SelfTestStep> known,
        int steps)
    {
        int prefix;
        try
        {
            state.Append(prompt.Before);
            if (visualTokens.Length > 0)
            {
                state.Append(visualTokens.AsMemory());
            }

            prefix = state.Length;
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

        state.Rewind(prefix);
        return ties;
    }

    /// <summary>Question and answer in the decode weights, behind a prefix from the prefill weights.</summary>
    /// <returns>How many tokens were ties.</returns>
    private static int CountTies(
        ModelFolder folder,
        DecoderState state,
        CalibrationPrompt prompt,
        IReadOnlyList<SelfTestStep> known,
        IReadOnlyList<SelfTestStep> knownPrefill,
        int steps)
    {
        var sequence = state.Fork();
        var ties = 0;
        for (var i = 0; i < steps; i++)
        {
            // First several tokens at once, then one by one: other kernels.
            state.Append(
                [new SequenceTokens(sequence, i == 0 ? prompt.After : prompt.Answer.AsMemory(i - 1, 1), 1)], useDecodeWeights: true);

            // Where the two sets disagree, a state that both have computed may agree with either.
            ties += CheckToken(folder, state.Logits(0), i, known[i], otherwise: knownPrefill[i]) ? 1 : 0;
        }

        return ties;
    }
}
