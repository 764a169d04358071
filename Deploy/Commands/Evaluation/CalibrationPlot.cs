using System.Globalization;
using System.Text;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>Reliability diagram: the mean probability of yes of each bin against the share of its items that are yes.</summary>
internal static class CalibrationPlot
{
    private const int Margin = 45;
    private const int Side = 300;
    private const double LargestRadius = 14;

    public static string Draw(YesNoCalibration first, YesNoCalibration? second)
    {
        const int Size = Side + (2 * Margin);
        var svg = new StringBuilder();
        svg.AppendLine(CultureInfo.InvariantCulture, $"<svg role=\"img\" aria-label=\"Calibration\" width=\"{Size}\" height=\"{Size}\" viewBox=\"0 0 {Size} {Size}\">");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<rect class=\"axis\" fill=\"none\" x=\"{Margin}\" y=\"{Margin}\" width=\"{Side}\" height=\"{Side}\"/>");
        svg.AppendLine(CultureInfo.InvariantCulture, $"<line class=\"diagonal\" x1=\"{X(0)}\" y1=\"{Y(0)}\" x2=\"{X(1)}\" y2=\"{Y(1)}\"/>");
        foreach (var tick in (double[])[0, 0.5, 1])
        {
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{X(tick)}\" y=\"{Y(0) + 16}\" text-anchor=\"middle\">{tick}</text>");
            svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{X(0) - 8}\" y=\"{Y(tick) + 4}\" text-anchor=\"end\">{tick}</text>");
        }

        svg.AppendLine(CultureInfo.InvariantCulture, $"<text x=\"{X(0.5)}\" y=\"{Y(0) + 34}\" text-anchor=\"middle\">mean probability of yes</text>");
        svg.AppendLine(
            CultureInfo.InvariantCulture,
            $"<text x=\"{X(0) - 30}\" y=\"{Y(0.5)}\" text-anchor=\"middle\" transform=\"rotate(-90 {X(0) - 30} {Y(0.5)})\">share that is yes</text>");
        AddDots(svg, first, "first");
        if (second is not null)
        {
            AddDots(svg, second, "second");
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void AddDots(StringBuilder svg, YesNoCalibration found, string style)
    {
        double most = found.Bins.Max(bin => bin.Count);
        foreach (var bin in found.Bins.Where(bin => bin.Count > 0))
        {
            var radius = Math.Max(2, LargestRadius * Math.Sqrt(bin.Count / most));
            svg.AppendLine(
                CultureInfo.InvariantCulture,
                $"<circle class=\"{style}\" fill-opacity=\"0.7\" cx=\"{X(bin.MeanYes)}\" cy=\"{Y(bin.ShareYes)}\" r=\"{radius:F1}\"><title>{bin.Count} items: mean {bin.MeanYes:F3}, yes {bin.ShareYes:F3}</title></circle>");
        }
    }

    private static int X(double value) => Margin + (int)Math.Round(value * Side);

    private static int Y(double value) => Margin + Side - (int)Math.Round(value * Side);
}
