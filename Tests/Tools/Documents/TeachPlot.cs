using System.Globalization;
using SkiaSharp;

namespace MobileVlm.Edge.Tools.Documents;

/// <summary>Plots the accuracy of taught questions over the number of labels, a panel for each question.</summary>
internal static class TeachPlot
{
    private const int Columns = 3;
    private const int PanelWidth = 300;
    private const int PanelHeight = 250;
    private const int Left = 46;
    private const int Top = 64;
    private const int Bottom = 44;
    private const int Right = 14;

    private static readonly SKColor Taught = new(0x1B, 0x6C, 0xA8);
    private static readonly SKColor EncoderOnly = new(0xC8, 0x55, 0x1B);
    private static readonly SKColor Plain = new(0x66, 0x66, 0x66);

    /// <summary>Draws the plot.</summary>
    /// <param name="series">For each question its draws by the number of labels of each answer.</param>
    /// <returns>The PNG file.</returns>
    public static byte[] Draw(IReadOnlyList<(TaughtCase Asked, IReadOnlyList<(int Each, TaughtDraw[] Draws)> Sizes)> series)
    {
        var rows = (series.Count + Columns - 1) / Columns;
        using var surface = SKSurface.Create(new SKImageInfo(Columns * PanelWidth, (rows * PanelHeight) + 10));
        surface.Canvas.Clear(SKColors.White);
        using var typeface = SKTypeface.FromFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") ?? SKTypeface.Default;
        using var font = new SKFont(typeface, 12);
        foreach (var (index, (asked, sizes)) in series.Index())
        {
            var panel = new Panel(surface.Canvas, font, new SKPoint(index % Columns * PanelWidth, index / Columns * PanelHeight));
            panel.DrawAxes(asked.Text);
            panel.DrawBand(sizes, it => it.Encoder!, EncoderOnly);
            panel.DrawBand(sizes, it => it.Chosen, Taught);
            panel.DrawLine(sizes, it => it.Plain, Plain, isDashed: true);
            panel.DrawLine(sizes, it => it.Encoder!, EncoderOnly, isDashed: false);
            panel.DrawLine(sizes, it => it.Chosen, Taught, isDashed: false);
        }

        DrawLegend(surface.Canvas, font, new SKPoint((series.Count % Columns * PanelWidth) + Left, ((rows - 1) * PanelHeight) + Top));
        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static void DrawLegend(SKCanvas canvas, SKFont font, SKPoint at)
    {
        using var ink = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        (SKColor Color, string Text)[] entries = [(Taught, "taught"), (EncoderOnly, "taught, encoder only"), (Plain, "model alone")];
        foreach (var (row, (color, text)) in entries.Index())
        {
            using var line = new SKPaint { Color = color, StrokeWidth = 3, IsAntialias = true };
            var y = at.Y + (row * 24);
            canvas.DrawLine(at.X, y, at.X + 26, y, line);
            canvas.DrawText(text, at.X + 34, y + 4, SKTextAlign.Left, font, ink);
        }

        canvas.DrawText("shaded: 90 % of the draws", at.X, at.Y + 76, SKTextAlign.Left, font, ink);
    }

    private sealed class Panel(SKCanvas canvas, SKFont font, SKPoint origin)
    {
        public void DrawAxes(string title)
        {
            using var grid = new SKPaint { Color = new SKColor(0xDD, 0xDD, 0xDD), StrokeWidth = 1 };
            using var ink = new SKPaint { Color = SKColors.Black, IsAntialias = true };
            canvas.DrawText(title, origin.X + Left, origin.Y + Top - 34, SKTextAlign.Left, font, ink);
            canvas.DrawText("share of right answers", origin.X + Left, origin.Y + Top - 14, SKTextAlign.Left, font, ink);
            for (var tenth = 0; tenth <= 10; tenth += 2)
            {
                var (from, to) = (At(TeachTable.Sizes[0], tenth / 10.0), At(TeachTable.Sizes[^1], tenth / 10.0));
                canvas.DrawLine(from, to, grid);
                canvas.DrawText((tenth / 10.0).ToString("0.0", CultureInfo.InvariantCulture), from.X - 8, from.Y + 4, SKTextAlign.Right, font, ink);
            }

            foreach (var each in TeachTable.Sizes)
            {
                var bottom = At(each, 0);
                canvas.DrawLine(bottom, At(each, 1), grid);
                canvas.DrawText(string.Create(CultureInfo.InvariantCulture, $"{each}+{each}"), bottom.X, bottom.Y + 18, SKTextAlign.Center, font, ink);
            }
        }

        public void DrawBand(IReadOnlyList<(int Each, TaughtDraw[] Draws)> sizes, Func<TaughtDraw, TaughtTest> test, SKColor color)
        {
            using var fill = new SKPaint { Color = color.WithAlpha(0x38), IsAntialias = true };
            using var path = new SKPath();
            path.AddPoly(
                [
                    .. sizes.Select(it => At(it.Each, TeachTable.Range(it.Draws, draw => test(draw).Accuracy).Low)),
                    .. sizes.Reverse().Select(it => At(it.Each, TeachTable.Range(it.Draws, draw => test(draw).Accuracy).High)),
                ],
                close: true);
            canvas.DrawPath(path, fill);
        }

        public void DrawLine(IReadOnlyList<(int Each, TaughtDraw[] Draws)> sizes, Func<TaughtDraw, TaughtTest> test, SKColor color, bool isDashed)
        {
            using var dash = isDashed ? SKPathEffect.CreateDash([6, 5], 0) : null;
            using var stroke = new SKPaint { Color = color, StrokeWidth = 2.5f, IsAntialias = true, Style = SKPaintStyle.Stroke, PathEffect = dash };
            using var path = new SKPath();
            path.AddPoly([.. sizes.Select(it => At(it.Each, it.Draws.Average(draw => test(draw).Accuracy)))], close: false);
            canvas.DrawPath(path, stroke);
        }

        /// <summary>Doubling the labels is one step to the right.</summary>
        private SKPoint At(int each, double accuracy)
        {
            var steps = Math.Log2((double)TeachTable.Sizes[^1] / TeachTable.Sizes[0]);
            var x = Math.Log2((double)each / TeachTable.Sizes[0]) / steps;
            return new SKPoint(
                origin.X + Left + (float)(x * (PanelWidth - Left - Right - 12)) + 6,
                origin.Y + Top + (float)((1 - accuracy) * (PanelHeight - Top - Bottom)));
        }
    }
}
