using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>The picture and the question of the self-test, and how results become known values.</summary>
internal static class SelfTestMaterial
{
    /// <summary>Values that are kept of a picture's tokens: a fault in any layer reaches every one of them.</summary>
    private const int SampleSize = 64;

    private static readonly CalibrationSet Set = new(
        "self-test",
        [SyntheticPicture.Draw(0)],
        [new("Describe the scene.", "The image shows a street with a few buildings and a car parked in front of them.")]);

    public static CalibrationPicture Picture => Set.Pictures[0];

    /// <summary>The same as long as picture, question and answer are.</summary>
    public static string Fingerprint { get; } = Set.Fingerprint;

    /// <returns>Null where the context has no room for it.</returns>
    public static CalibrationPrompt? Prompt(LlamaTextTokenizer tokenizer, int visualTokens, int maxPositions) =>
        CalibrationPrompt.Encode(Set, tokenizer, sees: visualTokens > 0)[0] is var prompt && prompt.Length(visualTokens) <= maxPositions
            ? prompt
            : null;

    /// <param name="prompt">That was run.</param>
    /// <param name="visualTokens">Of the picture; empty for a model of text only.</param>
    /// <param name="logits">Along the answer, [positions, vocabulary].</param>
    /// <param name="prefillLogits">The same of the second set of weights; null where there is none.</param>
    public static SelfTest Known(CalibrationPrompt prompt, float[] visualTokens, float[] logits, float[]? prefillLogits)
    {
        SelfTestStep[] Steps(float[] all) => [.. all.Chunk(all.Length / (prompt.Answer.Length + 1)).Select(Step)];
        return new SelfTest(
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
