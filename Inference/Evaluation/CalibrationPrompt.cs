using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Evaluation;

/// <summary>Ids of one question and its answer. Logits are compared after the last token of the question and after each
/// of the answer's.</summary>
/// <param name="Before">Ids before the picture; starts with the begin token.</param>
/// <param name="PictureIndex">Index of the picture, or null where there is none.</param>
/// <param name="After">Ids after the picture.</param>
/// <param name="Answer">At least one id.</param>
internal sealed record CalibrationPrompt(int[] Before, int? PictureIndex, int[] After, int[] Answer)
{
    public static CalibrationPrompt[] Encode(CalibrationSet set, LlamaTextTokenizer tokenizer, bool hasVision) =>
        [.. set.Questions.Select((q, i) => new CalibrationPrompt(
            [tokenizer.BeginId, .. tokenizer.Encode(VicunaPrompt.BeforePicture)],
            hasVision ? i % set.Pictures.Count : null,
            [.. tokenizer.Encode(VicunaPrompt.AfterPicture(q.Question))],
            [.. tokenizer.Encode(q.Answer)]))];

    /// <summary>Visual tokens of its picture; empty where there is none.</summary>
    public float[] VisualTokensOf(IReadOnlyList<float[]> pictures) => PictureIndex is { } picture ? pictures[picture] : [];

    /// <summary>Tokens, the picture's included.</summary>
    public int Length(int visualTokens) => Before.Length + (PictureIndex is null ? 0 : visualTokens) + After.Length + Answer.Length;

    /// <summary>Rows of the sequence whose logits are compared.</summary>
    public long[] Rows(int visualTokens)
    {
        var last = Length(visualTokens) - Answer.Length - 1;
        return [.. Enumerable.Range(last, Answer.Length + 1).Select(r => (long)r)];
    }
}
