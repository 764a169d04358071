using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Tests.Images;

public sealed class ImagePreprocessorTests
{
    private const int Size = 28;

    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>int(mean * 255) of the reference.</summary>
    private static readonly byte[] Padding = [122, 116, 104];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(5, 5)]
    [InlineData(28, 28)]
    [InlineData(29, 29)]
    [InlineData(400, 400)]
    public void A_square_of_one_colour_stays_that_colour_at_every_size(int width, int height)
    {
        var resized = Resize(Filled(width, height, 200, 3, 255));
        Assert.All(Enumerable.Range(0, Size * Size), i => Assert.Equal([200, 3, 255], resized.AsSpan(3 * i, 3).ToArray()));
    }

    [Fact]
    public void A_picture_of_the_exact_size_is_not_touched()
    {
        var picture = Noise(Size, Size);
        Assert.Equal(picture.Pixels, Resize(picture));
    }

    [Theory]
    [InlineData(1, 7)]
    [InlineData(7, 1)]
    [InlineData(2, 1000)]
    [InlineData(4000, 10)]
    [InlineData(3, 29)]
    public void Slivers_keep_their_padding_and_their_colour_in_the_middle(int width, int height)
    {
        var resized = Resize(Filled(width, height, 255, 255, 255));
        Assert.Equal(Padding, resized.AsSpan(0, 3).ToArray());
        Assert.Equal(Padding, resized.AsSpan(resized.Length - 3).ToArray());
        var middle = resized.AsSpan(3 * (((Size / 2) * Size) + (Size / 2)), 3);
        Assert.True(middle[0] > Padding[0] || width * 50 < height, $"The middle is {middle[0]}.");
    }

    [Fact]
    public void Landscape_is_padded_above_and_below_with_the_odd_row_below()
    {
        // 28 x 13: 7 rows above, 8 below, and no scaling that would blur the edge.
        var resized = Resize(Filled(Size, 13, 255, 0, 0));
        for (var y = 0; y < Size; y++)
        {
            var expected = y is >= 7 and < 20 ? (byte[])[255, 0, 0] : Padding;
            Assert.All(Enumerable.Range(0, Size), x => Assert.Equal(expected, Pixel(resized, x, y)));
        }
    }

    [Fact]
    public void Portrait_is_padded_left_and_right_with_the_odd_column_on_the_right()
    {
        var resized = Resize(Filled(13, Size, 0, 255, 0));
        for (var x = 0; x < Size; x++)
        {
            var expected = x is >= 7 and < 20 ? (byte[])[0, 255, 0] : Padding;
            Assert.All(Enumerable.Range(0, Size), y => Assert.Equal(expected, Pixel(resized, x, y)));
        }
    }

    [Fact]
    public void Padding_is_nearly_zero_after_normalising_and_white_is_its_number()
    {
        var pixels = new float[3 * Size * Size];
        Create().Preprocess(Filled(Size, 14, 255, 255, 255).Image, pixels);
        for (var c = 0; c < 3; c++)
        {
            var plane = pixels.AsSpan(c * Size * Size, Size * Size);
            Assert.InRange(plane[0], -0.02, 0.02);
            Assert.Equal((1 - Mean[c]) / Deviation[c], plane[(Size / 2) * Size], 1e-5);
        }
    }

    [Fact]
    public void One_object_gives_the_same_for_changing_sizes_as_fresh_ones()
    {
        var shared = Create();
        foreach (var (width, height) in ((int, int)[])[(40, 30), (640, 480), (30, 40), (1, 1), (28, 28), (640, 480), (40, 30), (1000, 3)])
        {
            var picture = Noise(width, height);
            var resized = new byte[3 * Size * Size];
            shared.ResizeToSquare(picture.Image, resized);
            Assert.Equal(Resize(picture), resized);
        }
    }

    [Theory]
    [InlineData(1, 336)]
    [InlineData(336, 336)]
    [InlineData(337, 336)]
    [InlineData(1920, 336)]
    [InlineData(4000, 14)]
    public void The_weights_of_each_sample_add_up_to_one_and_stay_inside(int input, int output)
    {
        var weights = PillowBicubic.Create(input, output);
        for (var o = 0; o < output; o++)
        {
            var sum = weights.Weights.Skip(o * weights.Taps).Take(weights.Count[o]).Sum(w => (long)w);
            Assert.InRange(sum, (1L << PillowBicubic.PrecisionBits) - weights.Taps, (1L << PillowBicubic.PrecisionBits) + weights.Taps);
            Assert.InRange(weights.First[o], 0, input - 1);
            Assert.InRange(weights.First[o] + weights.Count[o], 1, input);
            Assert.InRange(weights.Count[o], 1, weights.Taps);
        }
    }

    [Fact]
    public void Enlarging_keeps_a_ramp_rising()
    {
        var picture = new TestPicture([.. Enumerable.Range(0, 49).SelectMany(i => Enumerable.Repeat((byte)(i % 7 * 40), 3))], 7, 7);
        var resized = Resize(picture);
        for (var x = 1; x < Size; x++)
        {
            Assert.True(Pixel(resized, x, 14)[0] >= Pixel(resized, x - 1, 14)[0]);
        }
    }

    [Fact]
    public void A_result_of_another_length_is_refused()
    {
        var refusal = Assert.Throws<ArgumentException>(() => Create().Preprocess(Noise(4, 4).Image, new float[10]));
        Assert.Contains($"{3 * Size * Size} values, not 10", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new ImagePreprocessor(0, Mean, Deviation));
        Assert.Throws<ArgumentException>(() => new ImagePreprocessor(Size, Mean.AsSpan(1), Deviation));
    }

    [Theory]
    [InlineData(2, 2, 11)]
    [InlineData(2, 2, 13)]
    [InlineData(2, 2, 16)]
    [InlineData(100_000, 100_000, 12)]
    public void Pixels_that_do_not_fill_the_picture_are_refused_with_both_numbers(int width, int height, int bytes)
    {
        var refusal = Assert.Throws<ArgumentException>(() => _ = new RgbImage(new byte[bytes], width, height).Width);
        Assert.Contains($"{(long)width * height * 3} bytes, not {bytes}", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(4, 0)]
    [InlineData(-1, 4)]
    public void A_picture_without_area_is_refused(int width, int height) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new RgbImage([], width, height).Width);

    [Fact]
    public void Pictures_of_one_size_cost_no_memory_after_the_first()
    {
        var preprocessor = Create();
        var picture = Noise(640, 480);
        var pixels = new float[3 * Size * Size];
        for (var i = 0; i < 3; i++)
        {
            preprocessor.Preprocess(picture.Image, pixels);
        }

        // The pool may give a buffer back to the collector at any time, so the best of several runs counts.
        var least = long.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            preprocessor.Preprocess(picture.Image, pixels);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.Equal(0, least);
    }

    [Theory]
    [InlineData(57, 28, 14, 0)]
    [InlineData(28, 41, 0, 6)]
    [InlineData(28, 28, 0, 0)]
    public void A_picture_whose_shorter_side_fits_is_only_cropped(int width, int height, int left, int top)
    {
        var picture = Noise(width, height);
        var cropped = Crop(picture);
        for (var y = 0; y < Size; y++)
        {
            Assert.Equal(picture.Pixels.AsSpan(3 * (((y + top) * width) + left), 3 * Size), cropped.AsSpan(3 * y * Size, 3 * Size));
        }
    }

    /// <summary>CLIPImageProcessor: the shorter side to the size, the longer one truncated, then the middle.</summary>
    [Theory]
    [InlineData(100, 40, 70, 28)]
    [InlineData(31, 90, 28, 81)]
    [InlineData(1024, 200, 143, 28)]
    [InlineData(9, 13, 28, 40)]
    public void A_picture_is_resized_by_its_shorter_side_and_cropped_in_the_middle(int width, int height, int resizedWidth, int resizedHeight)
    {
        var picture = Noise(width, height);
        var rows = Resample(picture.Pixels, height, width, 3, PillowBicubic.Create(width, resizedWidth));
        var resized = Resample(rows, 1, height, resizedWidth * 3, PillowBicubic.Create(height, resizedHeight));
        var (left, top) = ((resizedWidth - Size) / 2, (resizedHeight - Size) / 2);
        var cropped = Crop(picture);
        for (var y = 0; y < Size; y++)
        {
            Assert.Equal(resized.AsSpan(3 * (((y + top) * resizedWidth) + left), 3 * Size), cropped.AsSpan(3 * y * Size, 3 * Size));
        }
    }

    [Fact]
    public void A_sliver_is_cropped_without_the_memory_of_the_resized_picture()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal([9, 8, 7], Pixel(Crop(Filled(60_000, 1, 9, 8, 7)), 14, 14));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L << 20);
    }

    /// <summary>Resamples one axis of [outer, samples, inner] as Pillow does.</summary>
    private static byte[] Resample(byte[] source, int outer, int samples, int inner, PillowBicubic weights)
    {
        var result = new byte[outer * weights.OutputCount * inner];
        for (var at = 0; at < result.Length; at++)
        {
            var (o, i, c) = (at / (weights.OutputCount * inner), at / inner % weights.OutputCount, at % inner);
            var sum = 1 << (PillowBicubic.PrecisionBits - 1);
            for (var tap = 0; tap < weights.Count[i]; tap++)
            {
                sum += source[(((o * samples) + weights.First[i] + tap) * inner) + c] * weights.Weights[(i * weights.Taps) + tap];
            }

            result[at] = (byte)Math.Clamp(sum >> PillowBicubic.PrecisionBits, 0, 255);
        }

        return result;
    }

    private static byte[] Crop(TestPicture picture)
    {
        var cropped = new byte[3 * Size * Size];
        new ImagePreprocessor(Size, Mean, Deviation, PictureFit.CropCentre).ResizeToSquare(picture.Image, cropped);
        return cropped;
    }

    private static ImagePreprocessor Create() => new(Size, Mean, Deviation);

    private static byte[] Resize(TestPicture picture)
    {
        var resized = new byte[3 * Size * Size];
        Create().ResizeToSquare(picture.Image, resized);
        return resized;
    }

    private static byte[] Pixel(byte[] picture, int x, int y) => picture[(3 * ((y * Size) + x))..][..3];

    private static TestPicture Filled(int width, int height, byte r, byte g, byte b) =>
        new([.. Enumerable.Range(0, width * height).SelectMany(_ => (byte[])[r, g, b])], width, height);

    private static TestPicture Noise(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        new Random(width + height).NextBytes(pixels);
        return new TestPicture(pixels, width, height);
    }
}
