using CsCheck;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Inference.Tests.Images;

/// <summary>The vectorised preprocessing against the plain loops, for each width of vectors that this processor has.</summary>
public sealed class VectorisedPreprocessingTests
{
    private static readonly float[] Mean = [0.48145466f, 0.4578275f, 0.40821073f];
    private static readonly float[] Deviation = [0.26862954f, 0.26130258f, 0.27577711f];

    public static TheoryData<int> VectorWidths => [.. Enumerable.Range(0, ResampleLoops.Supported.Count)];

    [Theory]
    [MemberData(nameof(VectorWidths))]
    public void Any_picture_at_any_size_gives_the_same_bits_as_plain_loops(int loops) => Gen
        .Select(Gen.Int[1, 70], Gen.Int[1, 900], Gen.Int[1, 900], Gen.Int[0, 2])
        .Sample(
            (size, width, height, content) => Assert.Null(Difference(Picture(width, height, content), size, ResampleLoops.Supported[loops])),
            iter: 60,
            threads: 1);

    [Theory]
    [MemberData(nameof(VectorWidths))]
    public void Small_pictures_are_read_within_their_memory_and_give_the_same_bits(int loops)
    {
        for (var width = 1; width <= 12; width++)
        {
            for (var height = 1; height <= 12; height++)
            {
                Assert.Null(Difference(Picture(width, height, 0), 28, ResampleLoops.Supported[loops]));
            }
        }
    }

    [Theory]
    [InlineData(640, 480)]
    [InlineData(1920, 1080)]
    [InlineData(1080, 1920)]
    [InlineData(3840, 2160)]
    [InlineData(8192, 3)]
    [InlineData(3, 8192)]
    [InlineData(336, 336)]
    public void Pictures_of_cameras_give_the_same_bits_at_the_size_of_the_models(int width, int height)
    {
        var picture = Picture(width, height, 0);
        Assert.All(ResampleLoops.Supported, loops => Assert.Null(Difference(picture, 336, loops)));
    }

    [Theory]
    [InlineData(1000, 700)]
    [InlineData(1500, 1100)]
    public void Normalised_values_are_the_same_floats(int width, int height)
    {
        var picture = Picture(width, height, 0);
        foreach (var size in (int[])[29, 336])
        {
            var (expected, values) = (new float[3 * size * size], new float[3 * size * size]);
            new ScalarPreprocessor(size, Mean, Deviation).Preprocess(picture.Image, expected);
            new ImagePreprocessor(size, Mean, Deviation).Preprocess(picture.Image, values);
            Assert.Equal(expected, values);
        }
    }

    [Fact]
    public void Every_processor_has_loops() => Assert.NotEmpty(ResampleLoops.Supported);

    /// <returns>The first difference; null when there is none.</returns>
    private static string? Difference(TestPicture picture, int size, ResampleLoops loops)
    {
        var (expected, actual) = (new byte[3 * size * size], new byte[3 * size * size]);
        new ScalarPreprocessor(size, Mean, Deviation).ResizeToSquare(picture.Image, expected);
        new ImagePreprocessor(size, Mean, Deviation, loops).ResizeToSquare(picture.Image, actual);
        var at = expected.AsSpan().CommonPrefixLength(actual);
        return at == expected.Length
            ? null
            : $"{picture.Width}x{picture.Height} to {size}: byte {at} is {actual[at]} instead of {expected[at]}.";
    }

    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="content">0: noise; 1: only 0 and 255, for the largest overshoot; 2: one colour.</param>
    private static TestPicture Picture(int width, int height, int content)
    {
        var pixels = new byte[width * height * 3];
        new Random((width * 10_000) + height).NextBytes(pixels);
        for (var i = 0; i < pixels.Length && content > 0; i++)
        {
            pixels[i] = content == 1 ? (byte)(pixels[i] < 128 ? 0 : 255) : (byte)(i % 3 * 90);
        }

        return new TestPicture(pixels, width, height);
    }
}
