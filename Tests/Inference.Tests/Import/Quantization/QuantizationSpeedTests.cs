using System.Diagnostics;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Tests.Import.Precision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>A model of 1.4 billion weights is quantized in minutes, not hours.</summary>
public sealed class QuantizationSpeedTests(ITestOutputHelper output)
{
    private const int Inputs = 2048;
    private const int Rows = 2048;

    /// <summary>A hundred times what an idle core takes, because test machines are busy. It detects code that is quadratic by mistake.</summary>
    private const double Most = 600;

    [Theory]
    [InlineData(4, 32, false)]
    [InlineData(4, 128, false)]
    [InlineData(4, 32, true)]
    [InlineData(8, 32, false)]
    [InlineData(8, 128, false)]
    public void Searching_for_scales_takes_seconds_for_a_hundred_million_weights(int bits, int block, bool zeroPoints)
    {
        var quantizer = new BlockQuantizer(bits, block, zeroPoints);
        var weights = WeightFormatTests.Gaussian(64 * Inputs, 1);
        var importance = Enumerable.Repeat(1f, Inputs).ToArray();
        var blocks = quantizer.Blocks(Inputs);
        var (packed, scales) = (new byte[blocks * quantizer.BlobSize], new float[blocks]);
        var zeros = new byte[zeroPoints ? quantizer.ZeroPointBytes(Inputs) : 0];
        void Quantize(int rows)
        {
            for (var r = 0; r < rows; r++)
            {
                quantizer.QuantizeRow(weights.AsSpan(r % 64 * Inputs, Inputs), importance, packed, scales, zeros);
            }
        }

        // Once for the compiler: it needs some calls before it optimises.
        Quantize(Rows / 4);
        var started = Stopwatch.GetTimestamp();
        Quantize(Rows);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds * 1e8 / (Rows * Inputs);
        output.WriteLine($"int{bits}-b{block}{(zeroPoints ? "-zp" : "")}: {seconds:0.0} s for 100 M weights on one core");
        Assert.True(seconds < Most, $"{seconds:0.0} s.");
    }
}
