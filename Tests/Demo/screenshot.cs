// Draws lines of a terminal, with their colours, as a PNG: dotnet run screenshot.cs OUTPUT < what 'tmux capture-pane -e' printed.
#:package SkiaSharp
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:property PublishAot=false
using SkiaSharp;

if (args is not [var output])
{
    Console.Error.WriteLine("usage: screenshot.cs OUTPUT");
    return 2;
}

const float Size = 15;
const float Margin = 14;
using var regular = SKTypeface.FromFamilyName("DejaVu Sans Mono", SKFontStyle.Normal);
using var bold = SKTypeface.FromFamilyName("DejaVu Sans Mono", SKFontStyle.Bold);
using var font = new SKFont(regular, Size);
var (cell, row) = (font.MeasureText("0"), MathF.Ceiling(Size * 1.25f));
var lines = Console.In.ReadToEnd().TrimEnd().Split('\n');
var columns = 120;
using var bitmap = new SKBitmap((int)((columns * cell) + (2 * Margin)), (int)((lines.Length * row) + (2 * Margin)));
using var canvas = new SKCanvas(bitmap);
canvas.Clear(new SKColor(0x1e, 0x1e, 0x1e));
using var paint = new SKPaint { IsAntialias = true };
var (color, strong, dim) = (Plain(), false, false);
for (var y = 0; y < lines.Length; y++)
{
    var x = 0;
    var line = lines[y];
    for (var i = 0; i < line.Length; i++)
    {
        if (line[i] == '\u001b' && line.IndexOf('m', i) is var end and > 0)
        {
            Apply(line[(i + 2)..end]);
            i = end;
            continue;
        }

        font.Typeface = strong ? bold : regular;
        paint.Color = dim ? color.WithAlpha(0x90) : color;
        canvas.DrawText(line[i].ToString(), Margin + (x++ * cell), Margin + ((y + 0.8f) * row), font, paint);
    }
}

using var image = SKImage.FromBitmap(bitmap);
using var file = File.Create(output);
image.Encode(SKEncodedImageFormat.Png, 100).SaveTo(file);
return 0;

static SKColor Plain() => new(0xe6, 0xe6, 0xe6);

void Apply(string codes)
{
    foreach (var code in codes.Replace("38;5;", "3", StringComparison.Ordinal).Split(';'))
    {
        (color, strong, dim) = code switch
        {
            "" or "0" => (Plain(), false, false),
            "1" => (color, true, dim),
            "2" => (color, strong, true),
            "22" => (color, false, false),
            "31" => (new SKColor(0xf1, 0x4c, 0x4c), strong, dim),
            "32" => (new SKColor(0x4e, 0xc9, 0x6b), strong, dim),
            "39" => (Plain(), strong, dim),
            _ => (color, strong, dim),
        };
    }
}
