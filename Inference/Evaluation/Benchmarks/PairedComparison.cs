namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Two models' answers to the same items.</summary>
/// <param name="Changed">Ids of items whose text differs.</param>
/// <param name="ToRight">Ids of items that the second model scores higher.</param>
/// <param name="ToWrong">Ids of items that the second model scores lower.</param>
/// <param name="P">Exact McNemar test, two-sided: the probability of a difference between <paramref name="ToRight"/> and
/// <paramref name="ToWrong"/> at least as large as this one if both were equally likely.</param>
public sealed record PairedComparison(IReadOnlyList<string> Changed, IReadOnlyList<string> ToRight, IReadOnlyList<string> ToWrong, double P)
{
    /// <summary>Compares answers.</summary>
    /// <param name="first">Of the first model.</param>
    /// <param name="second">Of the second model, for the same items in the same order.</param>
    public static PairedComparison Of(IReadOnlyList<AnsweredItem> first, IReadOnlyList<AnsweredItem> second)
    {
        var pairs = first.Zip(second).ToList();
        if (first.Count != second.Count || pairs.Exists(it => it.First.Item.Id != it.Second.Item.Id))
        {
            throw new ArgumentException("Both have the same items in the same order.", nameof(second));
        }

        IReadOnlyList<string> Ids(Func<AnsweredItem, AnsweredItem, bool> condition) =>
            [.. pairs.Where(it => condition(it.First, it.Second)).Select(it => it.First.Item.Id)];

        var (right, wrong) = (Ids((a, b) => b.Right > a.Right), Ids((a, b) => b.Right < a.Right));
        return new PairedComparison(Ids((a, b) => a.Text != b.Text), right, wrong, McNemar(right.Count, wrong.Count));
    }

    /// <summary>Twice the smaller tail of the binomial distribution with probability one half, at most 1.</summary>
    internal static double McNemar(int a, int b)
    {
        var (count, fewer) = (a + b, Math.Min(a, b));

        // ln of the binomial coefficient, because it overflows from about 1000 on.
        var (logarithm, sum) = (-count * Math.Log(2), 0.0);
        for (var k = 0; k <= fewer; k++)
        {
            sum += Math.Exp(logarithm);
            logarithm += Math.Log(count - k) - Math.Log(k + 1);
        }

        return Math.Min(1, 2 * sum);
    }
}
