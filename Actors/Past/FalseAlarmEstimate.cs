using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>An event that a replay raised.</summary>
/// <param name="IsYes">Whether it says yes.</param>
/// <param name="Logit">Mean of the answers that decided.</param>
internal readonly record struct ReplayedAlarm(bool IsYes, double Logit);

/// <summary>Expected false alarms among events.</summary>
/// <param name="False">How many are expected to be false.</param>
/// <param name="Low">5 % of the cases are below.</param>
/// <param name="High">5 % of the cases are above.</param>
internal readonly record struct ExpectedFalse(double False, double Low, double High);

/// <summary>Estimates how many events of a replay are false, from labels with their scores and from the scores of all answers.</summary>
/// <remarks>
/// <para>A logistic regression on the labels gives the probability of yes for a score. Labels that were chosen by their scores leave it as it
/// is.</para>
/// <para>Events are not like other answers: a false one needs a single bad picture, while a real one is one of many pictures of the same person. The
/// share of false ones is therefore the one that explains the scores of the events best (Saerens, Latinne and Decaestecker, 2002), as a mixture
/// of answers that are yes and of answers that are no, both as far as they are beyond the threshold.</para>
/// </remarks>
internal static class FalseAlarmEstimate
{
    /// <summary>Draws for the interval.</summary>
    private const int Draws = 100;

    private const double Tail = 0.05;

    private const int Steps = 100;

    /// <summary>Probabilities of a few labels are not nearer to 0 and 1 than this.</summary>
    private const double Least = 1e-4;

    /// <summary>Estimates.</summary>
    /// <param name="labels">Of the scorer in use; class 1 is yes. Both classes have some.</param>
    /// <param name="answers">All answers.</param>
    /// <param name="alarms">The events.</param>
    /// <param name="yesAbove">Least logit that is yes.</param>
    /// <param name="noBelow">Largest logit that means no.</param>
    public static ExpectedFalse Of(
        IReadOnlyList<LabelScore> labels, AlarmScores answers, IReadOnlyList<ReplayedAlarm> alarms, double yesAbove, double noBelow)
    {
        if (alarms.Count == 0)
        {
            return default;
        }

        var parts = answers.Parts.ToArray();
        var expected = FalseOf(labels, parts, alarms, yesAbove, noBelow);

        // The same labels and answers must give the same interval, so the seed is fixed.
        var random = new Random(1);
        var (no, yes) = (labels.Where(label => label.Class == 0).ToArray(), labels.Where(label => label.Class == 1).ToArray());
        var drawn = new double[Draws];
        for (var i = 0; i < Draws; i++)
        {
            drawn[i] = FalseOf(
                [.. random.GetItems(no, no.Length), .. random.GetItems(yes, yes.Length)],
                parts,
                random.GetItems(alarms.ToArray(), alarms.Count),
                yesAbove,
                noBelow);
        }

        Array.Sort(drawn);
        return new ExpectedFalse(
            expected, Math.Min(expected, drawn[(int)(Draws * Tail)]), Math.Max(expected, drawn[(int)(Draws * (1 - Tail))]));
    }

    private static double FalseOf(
        IReadOnlyList<LabelScore> labels, (double Logit, int Count)[] answers, IReadOnlyList<ReplayedAlarm> alarms, double yesAbove, double noBelow)
    {
        var curve = YesCurve.Fit(labels);
        return FalseOf(
                [.. alarms.Where(it => it.IsYes).Select(it => curve.Of(it.Logit))],
                [.. answers.Where(it => it.Logit >= yesAbove).Select(it => (curve.Of(it.Logit), it.Count))])
            + FalseOf(
                [.. alarms.Where(it => !it.IsYes).Select(it => 1 - curve.Of(it.Logit))],
                [.. answers.Where(it => it.Logit <= noBelow).Select(it => (1 - curve.Of(it.Logit), it.Count))]);
    }

    /// <summary>False ones among events of one kind.</summary>
    /// <param name="alarms">The probability, for an answer of the same score, that the event is right.</param>
    /// <param name="answers">That of all answers beyond the threshold.</param>
    private static double FalseOf(double[] alarms, (double Right, int Count)[] answers)
    {
        if (alarms.Length == 0)
        {
            return 0;
        }

        // Odds that a score of its own has, whatever the share of right answers is.
        var right = answers.Sum(it => it.Right * it.Count);
        var wrong = answers.Sum(it => (1 - it.Right) * it.Count);
        var odds = Array.ConvertAll(alarms, it => it / (1 - it) * (right > 0 ? wrong / right : 1));
        var share = 0.5;
        for (var i = 0; i < Steps; i++)
        {
            share = odds.Average(it => share * it / ((share * it) + 1 - share));
        }

        return alarms.Length * (1 - share);
    }

    /// <summary>The probability of yes for a score: a logistic regression, drawn a little to the score as it is.</summary>
    private readonly record struct YesCurve(double Slope, double Intercept)
    {
        private const double SlopePenalty = 0.5;
        private const double InterceptPenalty = 0.1;

        public static YesCurve Fit(IReadOnlyList<LabelScore> labels)
        {
            var (slope, intercept) = (1.0, 0.0);
            for (var step = 0; step < 30; step++)
            {
                var (g0, g1) = (SlopePenalty * (slope - 1), InterceptPenalty * intercept);
                var (h00, h01, h11) = (SlopePenalty, 0.0, InterceptPenalty);
                foreach (var (kind, output) in labels)
                {
                    var yes = ModelScores.Sigmoid((slope * output) + intercept);
                    var weight = yes * (1 - yes);
                    g0 += (yes - kind) * output;
                    g1 += yes - kind;
                    h00 += weight * output * output;
                    h01 += weight * output;
                    h11 += weight;
                }

                // Newton's step, limited because far from the end it may be too long.
                var determinant = (h00 * h11) - (h01 * h01);
                slope -= Math.Clamp(((h11 * g0) - (h01 * g1)) / determinant, -1, 1);
                intercept -= Math.Clamp(((h00 * g1) - (h01 * g0)) / determinant, -1, 1);
            }

            return new YesCurve(slope, intercept);
        }

        public double Of(double logit) => Math.Clamp(ModelScores.Sigmoid((Slope * logit) + Intercept), Least, 1 - Least);
    }
}
