using System.Numerics.Tensors;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Accepted spellings of a question's choices: as given, and with an upper-case or lower-case first letter. Each
/// ends with the end token, so that "red" is not also the beginning of "red and blue".</summary>
internal sealed class ChoiceSpellings
{
    private readonly int _choices;

    /// <exception cref="ArgumentException">There are fewer than two choices, or one is empty or occurs twice.</exception>
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

    /// <summary>Index of the choice, and ids from the answer position to the end token.</summary>
    public IReadOnlyList<(int Choice, IReadOnlyList<int> Ids)> Spellings { get; }

    /// <summary>Tokens that all spellings together take after the question: the last token of each is chosen and never
    /// appended.</summary>
    public int AppendedTokenCount => Spellings.Sum(spelling => spelling.Ids.Count - 1);

    /// <param name="logProbabilities">ln of the probability of each spelling.</param>
    /// <returns>Probability of each choice, its spellings summed, given that the answer is one of them; and the probability that it is
    /// one of them.</returns>
    public (double[] Scores, double Mass) Share(ReadOnlySpan<double> logProbabilities)
    {
        var largest = TensorPrimitives.Max(logProbabilities);
        var scores = new double[_choices];
        for (var i = 0; i < logProbabilities.Length; i++)
        {
            scores[Spellings[i].Choice] += Math.Exp(logProbabilities[i] - largest);
        }

        var sum = scores.Sum();
        TensorPrimitives.Divide(scores, sum, scores);
        return (scores, Math.Min(1, Math.Exp(largest + Math.Log(sum))));
    }

    private static IEnumerable<string> Variants(string text) =>
        new[] { text, char.ToUpperInvariant(text[0]) + text[1..], char.ToLowerInvariant(text[0]) + text[1..] }.Distinct();
}
