using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>What the logits at the answer position say about yes and no.</summary>
/// <param name="Yes">Probability of yes, given that the answer is yes or no.</param>
/// <param name="Mass">Probability of the six tokens together: Yes, yes, YES, No, no, NO, each with the blank before it.</param>
public readonly record struct YesNoReading(double Yes, double Mass);

/// <summary>Reads yes and no from logits.</summary>
internal sealed class YesNoReader
{
    private static readonly string[] YesWords = ["Yes", "yes", "YES"];
    private static readonly string[] NoWords = ["No", "no", "NO"];

    private readonly int[] _yes;
    private readonly int[] _no;

    private YesNoReader(int[] yes, int[] no) => (_yes, _no) = (yes, no);

    /// <summary>A reader for a tokenizer, or null where it has no token for yes or none for no.</summary>
    public static YesNoReader? For(LlamaTextTokenizer tokenizer)
    {
        var (yes, no) = (TokensOf(tokenizer, YesWords), TokensOf(tokenizer, NoWords));
        return yes.Length == 0 || no.Length == 0 ? null : new YesNoReader(yes, no);
    }

    /// <param name="logits">[vocabulary], at the position where the answer begins.</param>
    public YesNoReading Read(ReadOnlySpan<float> logits)
    {
        var normaliser = LogSoftmax.LogSumExp(logits);
        var (yes, no) = (Sum(logits, _yes, normaliser), Sum(logits, _no, normaliser));
        return new YesNoReading(yes + no == 0 ? 0.5 : yes / (yes + no), yes + no);
    }

    private static double Sum(ReadOnlySpan<float> logits, int[] ids, double normaliser)
    {
        var sum = 0.0;
        foreach (var id in ids)
        {
            sum += Math.Exp(logits[id] - normaliser);
        }

        return sum;
    }

    /// <summary>The token of each word with the blank before it, which is how an answer begins; without it where there is no such
    /// token.</summary>
    private static int[] TokensOf(LlamaTextTokenizer tokenizer, string[] words) =>
        [.. words.Select(word => tokenizer.PieceId('▁' + word) ?? tokenizer.PieceId(word)).OfType<int>()];
}
