namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>The area under the ROC curve.</summary>
public static class Auc
{
    /// <summary>Probability that a random positive has a larger score than a random negative, half where they are equal; 0.5 without
    /// positives or negatives.</summary>
    public static double Of(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        var order = Enumerable.Range(0, scores.Count).OrderBy(i => scores[i]).ToArray();
        var (rankSum, positives) = (0.0, positive.Count(it => it));
        for (var first = 0; first < order.Length;)
        {
            var last = first;
            while (last + 1 < order.Length && scores[order[last + 1]] <= scores[order[first]])
            {
                last++;
            }

            for (var i = first; i <= last; i++)
            {
                rankSum += positive[order[i]] ? ((first + last) / 2.0) + 1 : 0;
            }

            first = last + 1;
        }

        var negatives = scores.Count - positives;
        return positives == 0 || negatives == 0 ? 0.5 : (rankSum - (positives * (positives + 1) / 2.0)) / ((double)positives * negatives);
    }

    /// <summary>For outputs of a scorer: of yes against no, or the mean of each choice against the others.</summary>
    public static double OfOutputs(IReadOnlyList<double[]> outputs, IReadOnlyList<int> classes) => outputs[0].Length == 1
        ? Of([.. outputs.Select(o => o[0])], [.. classes.Select(c => c == 1)])
        : Enumerable.Range(0, outputs[0].Length).Where(classes.Contains).Average(choice =>
            Of([.. outputs.Select(o => o[choice])], [.. classes.Select(c => c == choice)]));
}
