using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Computes the probability of "yes" from the logits at the answer position: P(yes) / (P(yes) + P(no)), all
/// spellings of each summed (VQAScore, Lin et al., ECCV 2024, takes the same single-token probability).</summary>
internal sealed class YesNoScorer
{
    private static readonly string[] YesSpellings = ["Yes", "yes", "YES"];
    private static readonly string[] NoSpellings = ["No", "no", "NO"];

    private readonly int[] _yes;
    private readonly int[] _no;

    private YesNoScorer(int[] yes, int[] no) => (_yes, _no) = (yes, no);

    /// <exception cref="ModelFolderException">The vocabulary has no token for yes or none for no.</exception>
    public static YesNoScorer Create(LlamaTextTokenizer tokenizer, ModelFolder folder) => Find(tokenizer) ?? throw new ModelFolderException(
        folder.FolderPath,
        $"{ModelFolder.TokenizerFile} has no single piece for 'Yes' or 'No', so yes/no questions cannot be scored. "
        + "Ask for text instead (\"Answer\": \"Text\").");

    /// <summary>The scorer of a vocabulary; null where it has no token for yes or none for no.</summary>
    public static YesNoScorer? Find(LlamaTextTokenizer tokenizer)
    {
        var (yes, no) = (TokensOf(tokenizer, YesSpellings), TokensOf(tokenizer, NoSpellings));
        return yes.Length == 0 || no.Length == 0 ? null : new YesNoScorer(yes, no);
    }

    /// <param name="logits">[vocabulary], at the position where the answer begins.</param>
    /// <returns>Probability of yes, 0..1, given that the answer is yes or no; and the probability that it is one of them.</returns>
    public (double Score, double Mass) Score(ReadOnlySpan<float> logits)
    {
        // Relative to the largest of these few logits, so that nothing overflows or vanishes.
        var largest = Math.Max(Largest(logits, _yes), Largest(logits, _no));
        if (float.IsNegativeInfinity(largest))
        {
            return (0.5, 0);
        }

        var yes = Sum(logits, _yes, largest);
        var both = yes + Sum(logits, _no, largest);
        return (yes / both, Math.Min(1, Math.Exp(largest + Math.Log(both) - LogSoftmax.LogSumExp(logits))));
    }

    private static float Largest(ReadOnlySpan<float> logits, int[] ids)
    {
        var largest = float.NegativeInfinity;
        foreach (var id in ids)
        {
            largest = Math.Max(largest, logits[id]);
        }

        return largest;
    }

    private static double Sum(ReadOnlySpan<float> logits, int[] ids, float largest)
    {
        var sum = 0.0;
        foreach (var id in ids)
        {
            sum += Math.Exp(logits[id] - largest);
        }

        return sum;
    }

    /// <summary>Pieces that are a whole spelling, with or without the space before it.</summary>
    private static int[] TokensOf(LlamaTextTokenizer tokenizer, string[] spellings) =>
        [.. spellings.SelectMany(s => new[] { tokenizer.PieceId(s), tokenizer.PieceId('▁' + s) }).OfType<int>().Distinct()];
}
