using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Verification;

/// <summary>The picture, question and answer of the self-test, and what is recorded of their results.</summary>
internal static class SelfTestMaterial
{
    /// <summary>Number of values recorded of a picture's tokens: an error in any layer affects every one of them.</summary>
    private const int SampleSize = 64;

    private static readonly CalibrationSet Set = new(
        "self-test",
        [SyntheticPicture.Draw(0)],
        [new("Describe the scene.", "The image shows a street with a few buildings and a car parked in front of them.")]);

    public static CalibrationPicture Picture => Set.Pictures[0];

    /// <summary>Changes with the picture, the question or the answer.</summary>
    public static string Fingerprint { get; } = Set.Fingerprint;

    /// <returns>Null where it does not fit into the context.</returns>
    public static CalibrationPrompt? Prompt(LlamaTextTokenizer tokenizer, int visualTokens, int maxPositions) =>
        CalibrationPrompt.Encode(Set, tokenizer, hasVision: visualTokens > 0)[0] is var prompt && prompt.Length(visualTokens) <= maxPositions
            ? prompt
            : null;

    /// <param name="prompt">The prompt that was run.</param>
    /// <param name="visualTokens">The picture's; empty for a text-only model.</param>
    /// <param name="logits">Along the answer, [positions, vocabulary].</param>
    /// <param name="prefillLogits">The same from the prefill weights; null where there are none.</param>
    public static SelfTestRecord Record(CalibrationPrompt prompt, float[] visualTokens, float[] logits, float[]? prefillLogits)
    {
        SelfTestStep[] Steps(float[] all) => [.. all.Chunk(all.Length / (prompt.Answer.Length + 1)).Select(Step)];
        return new SelfTestRecord(
            Fingerprint,
            [.. prompt.Before, .. prompt.After],
            visualTokens.Length == 0 ? null : Sample(visualTokens),
            Steps(logits))
        {
            Prefill = prefillLogits is null ? null : Steps(prefillLogits),
        };
    }

    public static float[] Sample(ReadOnlySpan<float> visualTokens)
    {
        var sample = new float[Math.Min(SampleSize, visualTokens.Length)];
        for (var i = 0; i < sample.Length; i++)
        {
            sample[i] = visualTokens[(int)((long)i * visualTokens.Length / sample.Length)];
        }

        return sample;
    }

    private static SelfTestStep Step(float[] logits)
    {
        var best = TensorPrimitives.IndexOfMax<float>(logits);
        var second = Math.Max(
            best == 0 ? float.NegativeInfinity : TensorPrimitives.Max<float>(logits.AsSpan(0, best)),
            best == logits.Length - 1 ? float.NegativeInfinity : TensorPrimitives.Max<float>(logits.AsSpan(best + 1)));
        var mean = TensorPrimitives.Sum<float>(logits) / logits.Length;
        var spread = logits.Average(l => ((double)l - mean) * (l - mean));
        return new SelfTestStep(best, logits[best] - second, (float)Math.Sqrt(spread));
    }
}
