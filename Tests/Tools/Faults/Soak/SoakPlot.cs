using System.Globalization;
using SkiaSharp;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>Plots a soak run: memory, handles and threads, frames, and ages, in panels over the same time axis.</summary>
internal static class SoakPlot
{
    private const int Width = 900;
    private const int PanelHeight = 190;
    private const int Left = 70;
    private const int Right = 200;
    private const int Top = 34;
    private const int Gap = 26;

    private static readonly SKColor[] Colors = [new(0x1B, 0x6C, 0xA8), new(0xC8, 0x55, 0x1B), new(0x3A, 0x8F, 0x4D), new(0x77, 0x77, 0x77)];

    /// <summary>Draws the plot.</summary>
    /// <returns>The PNG file.</returns>
    public static byte[] Draw(IReadOnlyList<SoakSample> samples)
    {
        var rates = samples.Zip(samples.Skip(1)).ToList();
        Panel[] panels =
        [
            new("memory, MiB", [
                new("resident", Over(samples, it => it.ResidentMiB)),
                new("not mapped from files", Over(samples, it => it.OwnMiB))]),
            new("handles, threads", [
                new("file descriptors", Over(samples, it => it.Handles)),
                new("threads", Over(samples, it => it.Threads)),
                new("ffmpeg processes", Over(samples, it => it.Children))]),
            new("frames per second", [
                new("captured", Rate(rates, it => it.Captured)),
                new("answered", Rate(rates, it => it.Used)),
                new("dropped for a newer one", Rate(rates, it => it.Replaced)),
                new("dropped for their age", Rate(rates, it => it.Stale))]),
            new("age at the answer, ms", [
                new("median", Over(samples, it => it.AgeMedianMs)),
                new("95th percentile", Over(samples, it => it.Age95Ms)),
                new("largest", Over(samples, it => it.AgeMaxMs))]),
        ];
        using var surface = SKSurface.Create(new SKImageInfo(Width, Top + (panels.Length * (PanelHeight + Gap)) + 24));
        surface.Canvas.Clear(SKColors.White);
        using var typeface = SKTypeface.FromFile("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") ?? SKTypeface.Default;
        using var font = new SKFont(typeface, 12);
        foreach (var (at, panel) in panels.Index())
        {
            Draw(surface.Canvas, font, panel, Top + (at * (PanelHeight + Gap)), samples[^1].Seconds / 60, isLast: at == panels.Length - 1);
        }

        using var image = surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    private static List<(double Minute, double Value)> Over(IEnumerable<SoakSample> samples, Func<SoakSample, double> value) =>
        [.. samples.Select(sample => (sample.Seconds / 60, value(sample)))];

    private static List<(double Minute, double Value)> Rate(
        IEnumerable<(SoakSample Before, SoakSample After)> pairs, Func<SoakSample, long> value) =>
        [.. pairs.Select(pair => (pair.After.Seconds / 60, (value(pair.After) - value(pair.Before)) / (pair.After.Seconds - pair.Before.Seconds)))];

    private static void Draw(SKCanvas canvas, SKFont font, Panel panel, int top, double minutes, bool isLast)
    {
        using var ink = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        using var grid = new SKPaint { Color = new SKColor(0xDD, 0xDD, 0xDD), StrokeWidth = 1 };
        var values = panel.Lines.SelectMany(line => line.Points).Select(point => point.Value).Where(double.IsFinite).ToList();
        var step = Step(values.DefaultIfEmpty(1).Max());
        var max = step * Math.Max(1, Math.Ceiling(values.DefaultIfEmpty(1).Max() / step));
        for (var value = 0.0; value <= max + (step / 2); value += step)
        {
            canvas.DrawLine(At(0, value), At(minutes, value), grid);
            canvas.DrawText(value.ToString("0.##", CultureInfo.InvariantCulture), At(0, value) + new SKSize(-8, 4), SKTextAlign.Right, font, ink);
        }

        var every = Step(minutes);
        for (var minute = 0.0; minute <= minutes; minute += every)
        {
            canvas.DrawLine(At(minute, 0), At(minute, max), grid);
            if (isLast)
            {
                canvas.DrawText(string.Create(CultureInfo.InvariantCulture, $"{minute:0.#} min"), At(minute, 0) + new SKSize(0, 18), SKTextAlign.Center, font, ink);
            }
        }

        canvas.DrawText(panel.Title, Left, top - 8, SKTextAlign.Left, font, ink);
        foreach (var (index, line) in panel.Lines.Index())
        {
            using var paint = new SKPaint
            {
                Color = Colors[index],
                IsAntialias = true,
                Style = SKPaintStyle.Stroke,
                StrokeWidth = 1.4f,
            };
            using var path = new SKPath();
            foreach (var (at, (minute, value)) in line.Points.Where(point => double.IsFinite(point.Value)).Index())
            {
                var point = At(minute, value);
                if (at == 0)
                {
                    path.MoveTo(point);
                }
                else
                {
                    path.LineTo(point);
                }
            }

            canvas.DrawPath(path, paint);
            var label = new SKPoint(Width - Right + 16, top + 14 + (index * 20));
            canvas.DrawLine(label + new SKSize(0, -4), label + new SKSize(18, -4), paint);
            canvas.DrawText(line.Name, label + new SKSize(24, 0), SKTextAlign.Left, font, ink);
        }

        SKPoint At(double minute, double value) => new(
            (float)(Left + (minute / minutes * (Width - Left - Right))), (float)(top + PanelHeight - (value / max * PanelHeight)));
    }

    /// <summary>The distance of grid lines: 1, 2 or 5 times a power of ten, so that there are four to ten lines.</summary>
    private static double Step(double max)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(max, 1e-6))));
        return (max / power) switch
        {
            < 2 => power / 5,
            < 5 => power / 2,
            _ => power,
        };
    }

    private sealed record Line(string Name, List<(double Minute, double Value)> Points);

    private sealed record Panel(string Title, Line[] Lines);
}
