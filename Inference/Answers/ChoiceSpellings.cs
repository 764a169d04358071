using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>How each of a question's choices may be written: as given, and with a large or small first letter. Each
/// ends with the end token, so that "red" is not also the beginning of "red and blue".</summary>
internal sealed class ChoiceSpellings
{
    private readonly int _choices;

    /// <exception cref="ArgumentException">There are fewer than two choices, or one is empty or there twice.</exception>
    public ChoiceSpellings(LlamaTextTokenizer tokenizer, IReadOnlyList<string> choices)
    {
        if (choices.Count < 2
            || choices.Any(string.IsNullOrWhiteSpace)
            || choices.Distinct(StringComparer.OrdinalIgnoreCase).Count() < choices.Count)
        {
            throw new ArgumentException(
                $"A choice is between two or more different answers, not between [{string.Join(", ", choices)}].", nameof(choices));
        }

        _choices = choices.Count;
        Spellings = [.. choices.Index().SelectMany(choice => Variants(choice.Item.Trim())
            .Select(text => (choice.Index, (IReadOnlyList<int>)[.. tokenizer.Encode(text), tokenizer.EndId])))];
    }

    /// <summary>The choice's place, and ids from the answer position to the end token.</summary>
    public IReadOnlyList<(int Choice, IReadOnlyList<int> Ids)> Spellings { get; }

    /// <summary>Tokens that all of them take behind the question: the last token of each is chosen and never read.</summary>
    public int TokenCount => Spellings.Sum(spelling => spelling.Ids.Count - 1);

    /// <summary>ln of the softmax of logits, [vocabulary], at one id.</summary>
    public static double LogProbability(ReadOnlySpan<float> logits, int id)
    {
        var largest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp((double)logit - largest);
        }

        // As double: the difference of two large floats may overflow.
        return (double)logits[id] - largest - Math.Log(sum);
    }

    /// <param name="likelihoods">ln of the probability of each spelling.</param>
    /// <returns>Probability of each choice, its spellings summed, given that the answer is one of them.</returns>
    public double[] Share(ReadOnlySpan<double> likelihoods)
    {
        var largest = TensorPrimitives.Max(likelihoods);
        var scores = new double[_choices];
        for (var i = 0; i < likelihoods.Length; i++)
        {
            scores[Spellings[i].Choice] += Math.Exp(likelihoods[i] - largest);
        }

        TensorPrimitives.Divide(scores, scores.Sum(), scores);
        return scores;
    }

    private static IEnumerable<string> Variants(string text) =>
        new[] { text, char.ToUpperInvariant(text[0]) + text[1..], char.ToLowerInvariant(text[0]) + text[1..] }.Distinct();
}
