using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.Deploy.Commands.Teaching;

/// <summary>The result of <c>teach</c> for people, at most 80 columns wide.</summary>
internal static class TeachReport
{
    /// <param name="result">What was learned.</param>
    /// <param name="path">File that was written; null without one.</param>
    public static string Text(TeachDocument result, string? path)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"labels      {string.Join(", ", result.Labels.Select(it => $"{it.Value} {it.Key}"))}\n");
        text.Append(CultureInfo.InvariantCulture, $"chosen      {Chosen(result.Chosen)}\n");
        text.Append(CultureInfo.InvariantCulture, $"estimate    {Estimate(result.Estimate)} on pictures like these\n");
        text.Append(CultureInfo.InvariantCulture, $"before      {Percent(result.Plain.Accuracy)} (AUC {result.Plain.Auc:0.00}) on the labels, by the model's own score\n");
        if (result.EncoderOnly is { } encoder)
        {
            text.Append(CultureInfo.InvariantCulture, $"no decoder  {Estimate(encoder)}, --answerer taught\n");
        }

        text.Append("\ncandidates, correct on labels that are left out in turn\n");
        foreach (var candidate in result.Candidates)
        {
            text.Append(CultureInfo.InvariantCulture, $"  {candidate.Feature,-20} {Percent(candidate.Accuracy),6}\n");
        }

        if (result.Test is { } test)
        {
            text.Append("\ntest pictures         correct    AUC\n");
            text.Append(CultureInfo.InvariantCulture, $"  {"model's own score",-20} {Percent(test.Plain.Accuracy),6}   {test.Plain.Auc:0.00}\n");
            text.Append(CultureInfo.InvariantCulture, $"  {"chosen",-20} {Percent(test.Chosen.Accuracy),6}   {test.Chosen.Auc:0.00}\n");
            if (test.EncoderOnly is { } alone)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {"no decoder",-20} {Percent(alone.Accuracy),6}   {alone.Auc:0.00}\n");
            }
        }

        if (result.Suspects.Count > 0)
        {
            text.Append("\nlabels to look at again, because the others disagree with them\n");
            foreach (var file in result.Suspects)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {file}\n");
            }
        }

        text.Append(path is null ? "\nNothing was written; --out FILE keeps the result." : $"\nWritten: {path}");
        return text.ToString();
    }

    private static string Chosen(string chosen) => chosen switch
    {
        "plain" => "the model's own score; nothing learned answers better",
        "threshold" => "the model's own score with another threshold",
        _ => "a head on the model's hidden states",
    };

    private static string Estimate(AccuracyEstimate estimate) =>
        $"{Percent(estimate.Accuracy)} correct, 90 % interval {Percent(estimate.Low)} to {Percent(estimate.High)}";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} %");
}
