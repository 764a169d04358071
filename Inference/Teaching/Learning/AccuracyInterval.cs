namespace MobileVlm.Edge.Inference.Teaching.Learning;

/// <summary>An accuracy and the interval that holds the true one in nine of ten cases.</summary>
/// <param name="Accuracy">Share of correct answers, 0..1.</param>
/// <param name="Low">5 % of the cases are below.</param>
/// <param name="High">5 % of the cases are above.</param>
public sealed record AccuracyEstimate(double Accuracy, double Low, double High)
{
    private const double Tail = 0.05;

    /// <summary>So many independent answers would be as exact as one of a cross-validation, whose answers depend on each other, and whose fits vary
    /// with the labels. Measured on the demo's questions, two of which are hard.</summary>
    public const double IndependentShare = 0.6;

    /// <summary>The interval of Clopper and Pearson with mid-P values, which holds the truth about as often as it says (theirs holds it
    /// more often), for as many independent answers as the cross-validation is worth.</summary>
    /// <param name="accuracy">Share of correct answers in a cross-validation, 0..1.</param>
    /// <param name="samples">How many samples it had.</param>
    public static AccuracyEstimate Of(double accuracy, int samples)
    {
        var independent = Math.Max(1, (int)Math.Round(IndependentShare * samples));
        var correct = accuracy * independent;
        var low = Solve(correct, independent, Tail);
        var high = Solve(correct, independent, 1 - Tail);
        return new AccuracyEstimate(accuracy, Math.Clamp(low, 0, accuracy), Math.Clamp(high, accuracy, 1));
    }

    /// <summary>The probability of a correct answer at which this many or more correct ones have the given probability, half of this
    /// very number's counted.</summary>
    private static double Solve(double correct, int samples, double probability)
    {
        var (low, high) = (0.0, 1.0);
        for (var i = 0; i < 50; i++)
        {
            var middle = (low + high) / 2;
            if (MidTail(correct, samples, middle) < probability)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return high;
    }

    /// <summary>P(more than <paramref name="correct"/>) + P(exactly) / 2 for a binomial count; between two whole numbers, because a repeated
    /// cross-validation averages, the value in between.</summary>
    private static double MidTail(double correct, int samples, double p)
    {
        var below = (int)Math.Floor(correct + 1e-9);
        var part = Math.Max(0, correct - below);
        var first = WholeMidTail(below, samples, p);
        return part < 1e-9 ? first : first + (part * (WholeMidTail(below + 1, samples, p) - first));
    }

    private static double WholeMidTail(int correct, int samples, double p)
    {
        // Terms of the binomial distribution from 0 upwards, as logarithms.
        var (tail, term) = (0.0, samples * Math.Log(Math.Max(1 - p, 1e-300)));
        var odds = Math.Log(Math.Max(p, 1e-300)) - Math.Log(Math.Max(1 - p, 1e-300));
        for (var k = 0; k <= samples; k++)
        {
            tail += k < correct ? 0 : Math.Exp(term) * (k == correct ? 0.5 : 1);
            term += Math.Log((double)(samples - k) / (k + 1)) + odds;
        }

        return tail;
    }
}
