using System.Globalization;
using SkiaSharp;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>Plots the share of yes over the score; on the diagonal a score is a probability. The size of a dot shows its number of
/// answers.</summary>
internal static class ReliabilityPlot
{
    private const int Side = 560;
    private const int Margin = 70;

    private static readonly SKColor[] Colors = [new(0x1B, 0x6C, 0xA8), new(0xC8, 0x55, 0x1B)];

    /// <summary>Draws the plot.</summary>
    /// <returns>The PNG file.</returns>
    public static byte[] Draw(params (string Name, List<ReliabilityBin> Bins)[] series)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Side, Side));
        var canvas = surface.Canvas;
        canvas.Clear(SKColors.White);
        using var typeface = SKTypeface.FromFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") ?? SKTypeface.Default;
        using var font = new SKFont(typeface, 14);
        using var grid = new SKPaint { Color = new SKColor(0xDD, 0xDD, 0xDD), StrokeWidth = 1 };
        using var ink = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        for (var tenth = 0; tenth <= 10; tenth += 2)
        {
            var at = tenth / 10.0;
            canvas.DrawLine(At(at, 0), At(at, 1), grid);
            canvas.DrawLine(At(0, at), At(1, at), grid);
            var label = at.ToString("0.0", CultureInfo.InvariantCulture);
            canvas.DrawText(label, At(at, 0) + new SKSize(0, 20), SKTextAlign.Center, font, ink);
            canvas.DrawText(label, At(0, at) + new SKSize(-8, 5), SKTextAlign.Right, font, ink);
        }

        using var diagonal = new SKPaint
        {
            Color = SKColors.Gray,
            StrokeWidth = 1.5f,
            IsAntialias = true,
            PathEffect = SKPathEffect.CreateDash([6, 5], 0),
        };
        canvas.DrawLine(At(0, 0), At(1, 1), diagonal);
        foreach (var (index, (name, bins)) in series.Index())
        {
            Draw(canvas, bins, Colors[index]);
            using var paint = new SKPaint { Color = Colors[index], IsAntialias = true };
            canvas.DrawCircle(Margin + 20, 30 + (index * 22), 6, paint);
            canvas.DrawText(name, Margin + 34, 35 + (index * 22), font, ink);
        }

        canvas.DrawText("score", Side / 2f, Side - 15, SKTextAlign.Center, font, ink);
        canvas.RotateDegrees(-90, 20, Side / 2f);
        canvas.DrawText("share of yes", 20, Side / 2f, SKTextAlign.Center, font, ink);
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static void Draw(SKCanvas canvas, List<ReliabilityBin> bins, SKColor color)
    {
        using var fill = new SKPaint { Color = color.WithAlpha(0xC0), IsAntialias = true };
        foreach (var bin in bins.Where(bin => bin.Count > 0))
        {
            var at = At(bin.MeanScore, (double)bin.Yes / bin.Count);
            // Dots are not connected: a line would make a curve of single answers.
            canvas.DrawCircle(at, 3 + (float)(3.5 * Math.Log10(bin.Count)), fill);
        }
    }

    private static SKPoint At(double x, double y) => new(
        (float)(Margin + (x * (Side - (2 * Margin)))), (float)(Side - Margin - (y * (Side - (2 * Margin)))));
}
