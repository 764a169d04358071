using System.Globalization;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Tests.Cameras;
using SkiaSharp;

namespace MobileVlm.Edge.Connectors.Tests.Images;

/// <summary>Large pictures are read in strips and scaled down on the way, with the same result and a bounded memory.</summary>
public sealed class PictureDecoderTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    public static TheoryData<string, string[]> Kinds => new()
    {
        { "a.png", ["-pix_fmt", "rgb24"] },
        { "grey.png", ["-pix_fmt", "gray"] },
        { "palette.png", ["-pix_fmt", "pal8"] },
        { "alpha16.png", ["-pix_fmt", "rgba64be"] },
        { "interlaced.png", ["-pix_fmt", "rgb24", "-flags", "+ildct"] },
        { "interlaced-palette.png", ["-pix_fmt", "pal8", "-flags", "+ildct"] },
        { "interlaced16.png", ["-pix_fmt", "rgba64be", "-flags", "+ildct"] },
        { "a.jpg", [] },
        { "a.bmp", [] },
        { "palette.bmp", ["-pix_fmt", "pal8"] },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Strips_give_the_very_pixels_of_the_whole_picture(string name, string[] options)
    {
        var file = Picture(name, "203x151", options);
        var whole = ImageCodec.Decode(file, name);

        // Seven rows at a time, which does not divide the height.
        var inStrips = ImageCodec.Decode(file, name, PictureLimits.Local with { MaxDecoderBytes = 203 * 4 * 7 * 4 });
        Assert.Equal((203, 151), (inStrips.Width, inStrips.Height));
        Assert.Equal(whole.Pixels, inStrips.Pixels);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Scaling_down_in_strips_averages_as_scaling_the_whole_picture_does(string name, string[] options)
    {
        var file = Picture(name, "203x151", options);
        var whole = ImageCodec.Decode(file, name);
        var expected = new byte[150 * 112 * 3];
        PictureScaler.Shrink(whole.Pixels, 203, 151, expected, 150, 112);
        var limits = PictureLimits.Local with { MaxWidth = 150, MaxHeight = 1000, MaxDecoderBytes = 203 * 4 * 7 * 4 };
        var small = ImageCodec.Decode(file, name, limits);
        Assert.Equal((150, 112), (small.Width, small.Height));
        if (name.EndsWith(".bmp", StringComparison.Ordinal))
        {
            // From the bottom up, so that the last digits of the sums are others.
            Assert.InRange(Largest(expected, small.Pixels), 0, 1);
        }
        else
        {
            Assert.Equal(expected, small.Pixels);
        }
    }

    [Theory]
    [InlineData("a.jpg", 2.5)]
    [InlineData("a.webp", 2.5)]
    public void A_codec_that_scales_gives_nearly_the_average(string name, double most)
    {
        var file = Picture(name, "1000x752", []);
        var whole = ImageCodec.Decode(file, name);
        foreach (var width in new[] { 499, 250, 124, 100 })
        {
            var height = PictureScaler.Fit(1000, 752, width).Height;
            var expected = new byte[width * height * 3];
            PictureScaler.Shrink(whole.Pixels, 1000, 752, expected, width, height);
            var small = ImageCodec.Decode(file, name, PictureLimits.Local with { MaxWidth = width });
            Assert.Equal((width, height), (small.Width, small.Height));
            Assert.InRange(expected.Zip(small.Pixels, (a, b) => Math.Abs(a - b)).Average(), 0, most);
        }
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a.webp")]
    [InlineData("a.png")]
    public void A_picture_within_the_limits_is_not_scaled(string name)
    {
        var file = Picture(name, "640x480", []);
        var limits = PictureLimits.Local with { MaxWidth = 640, MaxHeight = 480 };
        Assert.Equal(ImageCodec.Decode(file, name).Pixels, ImageCodec.Decode(file, name, limits).Pixels);
    }

    [Theory]
    [InlineData("a.png", 0.3)]
    [InlineData("a.png", 0.97)]
    [InlineData("a.jpg", 0.5)]
    [InlineData("a.bmp", 0.9)]
    public void Damage_in_a_later_strip_is_found_and_the_frame_goes_back(string name, double part)
    {
        var file = Picture(name, "640x480", []);
        var limits = PictureLimits.Local with { MaxDecoderBytes = 640 * 4 * 32 * 4 };
        var fault = Assert.Throws<ImageFileException>(
            () => ImageCodec.Decode(file.AsSpan(0, (int)(file.Length * part)), name, limits));
        Assert.Contains("truncated", fault.Fault, StringComparison.Ordinal);
        var pool = new FramePool();
        Assert.Throws<ImageFileException>(() => UploadedPicture.ToFrame(
            file.AsSpan(0, (int)(file.Length * part)), pool, new CameraId("sent"), new FrameSequence(1), TimeProvider.System));
        Assert.Equal(0, pool.Outstanding);
    }

    [Fact]
    public void A_progressive_jpeg_is_decoded_within_its_estimate_and_refused_above_the_limit()
    {
        var file = PictureFiles.ProgressiveJpeg;
        Assert.Equal((48, 32), (ImageCodec.Decode(file, "small").Width, ImageCodec.Decode(file, "small").Height));

        // Three samples a pixel, two bytes each.
        Assert.Equal(48 * 32 * 6, DecoderMemory.Bytes(SKEncodedImageFormat.Jpeg, file, 48 * 32, 48 * 32));
        var limits = PictureLimits.Local with { MaxDecoderBytes = (48 * 32 * 6) - 1 };
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Decode(file, "large", limits));
        Assert.Contains("not progressive", fault.Fault, StringComparison.Ordinal);
        var baseline = Picture("a.jpg", "48x32", []);
        Assert.Equal(0, DecoderMemory.Bytes(SKEncodedImageFormat.Jpeg, baseline, 48 * 32, 48 * 32));
    }

    [Theory]
    [InlineData(5000, 5000, "up to 16 megapixels")]
    [InlineData(70_000, 100, "sides of up to 65535")]
    public void A_picture_of_too_many_pixels_is_refused_with_its_size(int width, int height, string reason)
    {
        var png = PictureFiles.Png(1, 1, [0, 0, 0]);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(png.AsSpan(12, 17)));
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Decode(png, "large", UploadedPicture.Limits));
        Assert.Contains(width.ToString(CultureInfo.InvariantCulture), fault.Fault, StringComparison.Ordinal);
        Assert.Contains(reason, fault.Fault, StringComparison.Ordinal);
    }

    /// <summary>In a process of its own, whose peak the kernel keeps. Decoded whole, the picture alone is 64 MB, and was
    /// 125 MB with the copies of it.</summary>
    [Theory]
    [InlineData("plain.png", "-pix_fmt rgb24", 60)]
    [InlineData("interlaced.png", "-pix_fmt rgb24 -flags +ildct", 75)]
    [InlineData("baseline.jpg", "", 40)]
    public async Task A_sent_picture_of_16_megapixels_takes_little_memory(string name, string options, int mostMegabytes)
    {
        Picture(name, "4000x4000", options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "testsrc");
        var taken = await DecodeChild.PeakAsync(_files[name]);
        Assert.InRange(taken / 1024 / 1024, 0, mostMegabytes);
    }

    private byte[] Picture(string name, string size, string[] options, string source = "mandelbrot")
    {
        CameraFiles.Ffmpeg(["-f", "lavfi", "-i", $"{source}=size={size}", "-frames:v", "1", .. options, _files[name]]);
        return File.ReadAllBytes(_files[name]);
    }

    private static int Largest(byte[] one, byte[] other) => one.Zip(other, (a, b) => Math.Abs(a - b)).Max();
}
