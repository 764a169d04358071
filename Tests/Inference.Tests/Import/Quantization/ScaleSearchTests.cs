using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Tests.Import.Precision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>Searched scales against the ones that the largest element gives.</summary>
public sealed class ScaleSearchTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(4, 32, false, 0.97)]
    [InlineData(4, 128, false, 0.94)]
    [InlineData(4, 32, true, 0.975)]
    [InlineData(4, 128, true, 0.96)]
    [InlineData(8, 32, false, 1)]
    [InlineData(8, 128, false, 1)]
    public void The_error_is_smaller_than_with_the_largest_element_and_never_larger_in_any_block(
        int bits, int size, bool zeroPoints, double share)
    {
        double searched = 0, plain = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            var block = WeightFormatTests.Gaussian(size, seed);
            if (seed % 4 == 0)
            {
                block[seed % size] *= 6;
            }

            var ones = Enumerable.Repeat(1f, size).ToArray();
            var found = Error(block, ones, ScaleSearch.Find(block, ones, bits, zeroPoints, ScaleRule.LeastError), bits);
            var before = Error(block, ones, ScaleSearch.Find(block, ones, bits, zeroPoints, ScaleRule.LargestMagnitude), bits);

            // Sums are kept in single precision, which at 8 bit is 1 % of what is compared.
            Assert.True(found <= before * (bits == 8 ? 1.03 : 1.001), $"Block {seed}: {found}, {before} before.");
            (searched, plain) = (searched + found, plain + before);
        }

        output.WriteLine($"int{bits}-b{size}{(zeroPoints ? "-zp" : "")}: {Math.Sqrt(searched / plain):p1} of the root mean square error.");
        Assert.True(Math.Sqrt(searched / plain) <= share, $"{Math.Sqrt(searched / plain):p1}.");
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Blocks_of_zeros_of_next_to_nothing_and_of_huge_numbers_decode_to_what_they_were(int bits)
    {
        foreach (var largest in (float[])[0, 1e-42f, -1e-38f, 1e-20f, -3, 65504, 1e30f])
        {
            foreach (var zeroPoints in (bool[])[false, true])
            {
                var block = WeightFormatTests.Gaussian(32, 1).Select(v => Math.Clamp(v, -2, 2) * largest / 4).ToArray();
                block[7] = largest;
                var ones = Enumerable.Repeat(1f, 32).ToArray();
                var grid = ScaleSearch.Find(block, ones, bits, zeroPoints, ScaleRule.LeastError);
                Assert.True(float.IsFinite(grid.Scale) && float.IsFinite(grid.QuantizeFactor), $"{largest}: {grid}.");
                Assert.All(block, v => Assert.InRange(
                    Decode(v, grid, bits), v - (0.3 * Math.Abs(largest)) - 1e-37, v + (0.3 * Math.Abs(largest)) + 1e-37));
            }
        }
    }

    [Fact]
    public void Weights_that_do_not_count_do_not_move_the_scale()
    {
        double weighted = 0, blind = 0;
        var ones = Enumerable.Repeat(1f, 32).ToArray();
        var importance = Enumerable.Repeat(1e-6f, 32).ToArray();
        importance[4] = importance[21] = 1;
        for (var seed = 0; seed < 100; seed++)
        {
            var block = WeightFormatTests.Gaussian(32, seed);
            weighted += Error(block, importance, ScaleSearch.Find(block, importance, 4, zeroPoints: false, ScaleRule.LeastError), 4);
            blind += Error(block, importance, ScaleSearch.Find(block, ones, 4, zeroPoints: false, ScaleRule.LeastError), 4);
        }

        Assert.True(weighted < 0.3 * blind, $"{weighted / blind:p1}.");
    }

    private static double Error(float[] block, float[] importance, QuantizationParameters grid, int bits) =>
        block.Zip(importance, (v, w) => w * Math.Pow(v - Decode(v, grid, bits), 2)).Sum();

    private static float Decode(float value, QuantizationParameters grid, int bits) =>
        (Math.Clamp((int)MathF.Round(value * grid.QuantizeFactor) + grid.ZeroPoint, 0, (1 << bits) - 1) - grid.ZeroPoint) * grid.Scale;
}
