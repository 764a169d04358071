using MobileVlm.Edge.Inference.Images;
using SkiaSharp;

namespace MobileVlm.Edge.Inference.Tests.Images;

/// <summary>A picture in memory, RGB.</summary>
internal sealed record TestPicture(byte[] Pixels, int Width, int Height)
{
    public RgbImage Image => new(Pixels, Width, Height);

    public static TestPicture Load(string path)
    {
        using var file = File.OpenRead(path);
        return Load(file);
    }

    public static TestPicture Load(Stream file)
    {
        using var data = SKData.Create(file);
        using var codec = SKCodec.Create(data);
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        using var bitmap = new SKBitmap(info);
        Assert.Equal(SKCodecResult.Success, codec.GetPixels(info, bitmap.GetPixels()));
        var rgba = bitmap.GetPixelSpan();
        var rgb = new byte[info.Width * info.Height * 3];
        for (var i = 0; i < info.Width * info.Height; i++)
        {
            rgba.Slice(4 * i, 3).CopyTo(rgb.AsSpan(3 * i));
        }

        return new TestPicture(rgb, info.Width, info.Height);
    }
}
