namespace MobileVlm.Edge.Inference.Evaluation.Benchmarks;

/// <summary>Items with a probability of yes in one tenth of 0 to 1.</summary>
/// <param name="Count">How many.</param>
/// <param name="MeanYes">Their mean probability of yes; 0 where there are none.</param>
/// <param name="ShareYes">The share whose right answer is yes; 0 where there are none.</param>
public readonly record struct CalibrationBin(int Count, double MeanYes, double ShareYes);

/// <summary>Yes/no answers read from the logits instead of the text.</summary>
/// <param name="Accuracy">Share of items whose more probable answer is the right one.</param>
/// <param name="Differing">Ids of items where the text gives another answer than the logits.</param>
/// <param name="MeanMass">Mean probability of the six yes/no tokens together.</param>
/// <param name="CalibrationError">Expected calibration error: in ten bins of the probability of yes, the distance between its mean and
/// the share of items that are yes, weighted by the number of items.</param>
/// <param name="Bins">Those ten bins.</param>
public sealed record YesNoCalibration(
    double Accuracy, IReadOnlyList<string> Differing, double MeanMass, double CalibrationError, IReadOnlyList<CalibrationBin> Bins)
{
    private const int BinCount = 10;

    /// <summary>Evaluates items of a yes/no benchmark.</summary>
    /// <param name="items">At least one, each with its answer and the reading of its logits.</param>
    public static YesNoCalibration Of(IReadOnlyList<(AnsweredItem Answer, YesNoReading Reading)> items)
    {
        var bins = Enumerable.Range(0, BinCount)
            .Select(bin => items.Where(it => Math.Min((int)(it.Reading.Yes * BinCount), BinCount - 1) == bin).ToList())
            .Select(inside => inside.Count == 0
                ? default
                : new CalibrationBin(inside.Count, inside.Average(it => it.Reading.Yes), inside.Average(it => IsYes(it.Answer) ? 1.0 : 0)))
            .ToList();
        return new YesNoCalibration(
            items.Average(it => IsRight(it) ? 1.0 : 0),
            [.. items.Where(it => IsRight(it) != it.Answer.Right > 0).Select(it => it.Answer.Item.Id)],
            items.Average(it => it.Reading.Mass),
            bins.Sum(bin => bin.Count * Math.Abs(bin.MeanYes - bin.ShareYes)) / items.Count,
            bins);
    }

    private static bool IsYes(AnsweredItem answer) => answer.Item.Truth[0].Equals("yes", StringComparison.OrdinalIgnoreCase);

    private static bool IsRight((AnsweredItem Answer, YesNoReading Reading) it) => it.Reading.Yes >= 0.5 == IsYes(it.Answer);
}
