using System.Buffers.Binary;
using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Cameras.Feeds;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Tests.Cameras;

namespace MobileVlm.Edge.Connectors.Tests.Images;

public sealed class ImageCodecTests : IDisposable
{
    private readonly CameraFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Theory]
    [InlineData("rgb24", "-vf", "null")]
    [InlineData("rgba", "-vf", "colorchannelmixer=aa=0.3")]
    [InlineData("gray", "-vf", "null")]
    [InlineData("pal8", "-vf", "null")]
    public void A_png_is_decoded_to_the_very_bytes_that_it_holds(string format, string option, string filter)
    {
        CameraFiles.Ffmpeg("-f", "lavfi", "-i", "mandelbrot=size=101x67", "-frames:v", "1",
            option, $"format=rgba,{filter}", "-pix_fmt", format, _files["a.png"]);
        var picture = ImageCodec.Read(_files["a.png"]);
        Assert.Equal((101, 67), (picture.Width, picture.Height));
        Assert.Equal(Rgb(_files["a.png"]), picture.Pixels);
    }

    [Fact]
    public void Colour_tags_of_a_png_change_nothing()
    {
        // gAMA of 1.0 would brighten the whole picture if it were applied.
        var png = File.ReadAllBytes(_files.Picture("a.png"));
        var plain = ImageCodec.Read(_files["a.png"]);
        byte[] gamma = [0, 0, 0, 4, .. Encoding.ASCII.GetBytes("gAMA"), 0, 1, 0x86, 0xA0, 0x31, 0xE8, 0x96, 0x5F];
        byte[] tagged = [.. png[..33], .. gamma, .. png[33..]];
        Assert.Equal(plain.Pixels, ImageCodec.Decode(tagged, "tagged").Pixels);
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a.png")]
    public void A_picture_read_into_lent_memory_takes_hardly_any_of_its_own(string name)
    {
        var file = _files.Picture(name, "640x480");
        var pixels = new byte[640 * 480 * 3];
        LendPixels lend = (_, _) => pixels;

        // The first fills the pool.
        ImageCodec.Read(file, PictureLimits.Local, lend);
        var before = GC.GetAllocatedBytesForCurrentThread();
        ImageCodec.Read(file, PictureLimits.Local, lend);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 * 1024);
        Assert.Equal(ImageCodec.Read(file).Pixels, pixels);
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a.webp")]
    [InlineData("a.bmp")]
    [InlineData("a.gif")]
    public void Other_formats_are_decoded_nearly_as_ffmpeg_does(string name)
    {
        var picture = ImageCodec.Read(_files.Picture(name, "160x120"));
        Assert.InRange(Difference(picture.Pixels, Rgb(_files[name])), 0, 5);
    }

    [Fact]
    public void A_missing_file_is_distinguished_from_a_bad_one()
    {
        Assert.Throws<FileNotFoundException>(() => ImageCodec.Read(_files["none.png"]));
        File.WriteAllText(_files["text.png"], "no picture");
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Read(_files["text.png"]));
        Assert.Contains("not a picture but text ('no picture')", fault.Message, StringComparison.Ordinal);
        Assert.Equal(_files["text.png"], fault.Picture);
        Assert.Throws<ImageFileException>(() => ImageCodec.Decode([], "empty"));
    }

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.jpg")]
    [InlineData("a.webp")]
    [InlineData("a.bmp")]
    [InlineData("a.gif")]
    public void A_truncated_picture_is_refused(string name)
    {
        var whole = File.ReadAllBytes(_files.Picture(name, "320x240"));
        foreach (var part in new[] { 0.1, 0.5, 0.9 })
        {
            var length = (int)(whole.Length * part);
            Assert.Throws<ImageFileException>(() => ImageCodec.Decode(whole.AsSpan(0, length), name));
        }
    }

    [Fact]
    public void A_png_with_a_flipped_byte_is_refused()
    {
        var png = File.ReadAllBytes(_files.Picture("a.png"));
        png[png.Length / 2] ^= 0x55;
        Assert.Throws<ImageFileException>(() => ImageCodec.Decode(png, "flipped"));
    }

    [Fact]
    public void A_small_file_that_claims_a_huge_picture_is_refused_before_memory_is_taken()
    {
        var png = File.ReadAllBytes(_files.Picture("a.png"));
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), 30000);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), 30000);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), System.IO.Hashing.Crc32.HashToUInt32(png.AsSpan(12, 17)));
        var before = GC.GetTotalAllocatedBytes();
        var fault = Assert.Throws<ImageFileException>(() => ImageCodec.Decode(png, "bomb"));
        Assert.Contains("30000x30000", fault.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 50_000_000);
    }

    [Fact]
    public void A_file_that_is_too_large_is_refused_unread()
    {
        using (var file = File.Create(_files["large.png"]))
        {
            file.SetLength(ImageCodec.MaxFileBytes + 1L);
        }

        Assert.Throws<ImageFileException>(() => ImageCodec.Read(_files["large.png"]));
    }

    [Theory]
    [InlineData(null, 160, 120)]
    [InlineData(80, 80, 60)]
    [InlineData(500, 160, 120)]
    public async Task A_frame_becomes_a_jpeg_that_shows_the_same(int? maxWidth, int width, int height)
    {
        byte[] jpeg = [];
        var camera = CameraSources.Create(
            Capture.Settings("pattern:160x120@5"), new FramePool(), TimeProvider.System, new ListLogger());
        using var stop = new CancellationTokenSource();
        await camera.CaptureAsync(
            frame =>
            {
                using (frame)
                {
                    jpeg = ImageCodec.EncodeJpeg(frame, maxWidth: maxWidth);
                }

                stop.Cancel();
            },
            stop.Token);
        await File.WriteAllBytesAsync(_files["a.jpg"], jpeg);
        var picture = ImageCodec.Read(_files["a.jpg"]);
        Assert.Equal((width, height), (picture.Width, picture.Height));
        var drawn = new byte[160 * 120 * 3];
        TestPattern.Draw(1, drawn, 160, 120);
        var expected = new byte[width * height * 3];
        PictureScaler.Shrink(drawn, 160, 120, expected, width, height);
        Assert.InRange(Difference(picture.Pixels, expected), 0, 12);

        // ffmpeg repeats the halved chroma where Skia interpolates it.
        Assert.InRange(Difference(picture.Pixels, Rgb(_files["a.jpg"])), 0, 8);
    }

    [Fact]
    public void Shrinking_averages_the_area_under_each_pixel()
    {
        byte[] source = [0, 0, 0, 100, 100, 100, 200, 200, 200, 40, 40, 40, 60, 60, 60, 80, 80, 80];
        var target = new byte[3];
        PictureScaler.Shrink(source, 3, 2, target, 1, 1);
        Assert.Equal([80, 80, 80], target);
        var same = new byte[source.Length];
        PictureScaler.Shrink(source, 3, 2, same, 3, 2);
        Assert.Equal(source, same);
    }

    private static byte[] Rgb(string path) =>
        CameraFiles.Ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1");

    private static double Difference(byte[] one, byte[] other)
    {
        Assert.Equal(one.Length, other.Length);
        return one.Zip(other, (a, b) => Math.Abs(a - b)).Average();
    }
}
