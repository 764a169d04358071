using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Import.Quantization;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>Errors of quantized weights are compensated by the weights after them.</summary>
public sealed class ErrorCompensationTests(ITestOutputHelper output)
{
    private const string Node = "y";

    [Theory]
    [InlineData(256, 32, false)]
    [InlineData(256, 128, true)]
    [InlineData(320, 128, true)]
    [InlineData(1100, 64, true)]
    public void A_layer_with_correlated_inputs_loses_less_on_inputs_that_were_not_measured(int inputs, int block, bool zeroPoints)
    {
        using var temporary = new TemporaryFolder();
        var random = new Random(3);
        var source = new CorrelatedInputs(inputs, random);
        var weights = Gaussian(48 * inputs, random);
        var (plain, compensated) = (new ImportanceMatrix(), new ImportanceMatrix(new CovarianceStore(temporary["covariances"])));
        for (var i = 0; i < 4; i++)
        {
            var rows = source.Next(500);
            plain.Add(Node, rows, inputs);
            compensated.Add(Node, rows, inputs);
            compensated.Covariances!.Add(Node, rows, inputs);
        }

        compensated.Covariances!.Save();
        var held = source.Next(100);
        var exact = OneLayer.Exact(weights, held, inputs);
        var format = WeightFormat.BlockQuantized(4, block, zeroPoints);
        var (before, after) = (Error(exact, OneLayer.Run(format, weights, held, inputs, plain)), Error(exact, OneLayer.Run(format, weights, held, inputs, compensated)));
        output.WriteLine($"{format}, {inputs} inputs: {before:P2}, compensated {after:P2}");
        Assert.InRange(after, 0, 0.85 * before);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(576)]
    [InlineData(1024)]
    [InlineData(2500)]
    public void The_size_of_saved_covariances_is_known_before(int inputs)
    {
        using var stream = new MemoryStream();
        new InputCovariance(inputs).Save(stream);
        Assert.Equal(stream.Length, InputCovariance.SavedBytes(inputs));
    }

    [Fact]
    public async Task Covariances_and_codes_are_the_same_on_one_thread_and_row_by_row()
    {
        const int Inputs = 1100;
        var random = new Random(4);
        var rows = new CorrelatedInputs(Inputs, random).Next(300);
        var weights = Gaussian(37 * Inputs, random);
        var together = Quantize(Covariance(), 37);
        var alone = await new TaskFactory(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, 1).ConcurrentScheduler)
            .StartNew(() => Quantize(Covariance(), 37));
        var singly = Quantize(Covariance(), 1);
        Assert.Equal(together, alone);
        Assert.Equal(together, singly);

        InputCovariance Covariance()
        {
            var covariance = new InputCovariance(Inputs);
            covariance.Add(rows);
            return covariance;
        }

        byte[] Quantize(InputCovariance covariance, int rowsAtOnce)
        {
            var quantizer = new BlockQuantizer(4, 64, zeroPoints: true);
            var (compensation, importance) = (new ErrorCompensation(covariance, scales: null), Enumerable.Repeat(1f, Inputs).ToArray());
            var (blocks, zeroBytes) = (quantizer.Blocks(Inputs), quantizer.ZeroPointBytes(Inputs));
            var codes = new List<byte>();
            for (var from = 0; from < 37; from += rowsAtOnce)
            {
                var (packed, scales, zeros) = (new byte[rowsAtOnce * blocks * quantizer.BlobSize], new float[rowsAtOnce * blocks], new byte[rowsAtOnce * zeroBytes]);
                compensation.QuantizeRows(weights.AsMemory(from * Inputs, rowsAtOnce * Inputs), importance, quantizer, packed, scales, zeros);
                for (var row = 0; row < rowsAtOnce; row++)
                {
                    codes.AddRange(packed.AsSpan(row * blocks * quantizer.BlobSize, blocks * quantizer.BlobSize));
                    codes.AddRange(zeros.AsSpan(row * zeroBytes, zeroBytes));
                }
            }

            return [.. codes];
        }
    }

    [Fact]
    public void Inputs_that_were_never_seen_or_always_zero_do_no_harm()
    {
        const int Inputs = 96;
        var covariance = new InputCovariance(Inputs);
        covariance.Add(new float[2 * Inputs]);
        var quantizer = new BlockQuantizer(4, 32);
        var weights = Gaussian(Inputs, new Random(6));
        var (expected, found, scales) = (new byte[48], new byte[48], new float[3]);
        var importance = Enumerable.Repeat(1f, Inputs).ToArray();
        quantizer.QuantizeRow(weights, importance, expected, scales, []);
        var plain = scales.ToArray();
        new ErrorCompensation(covariance, scales: null).QuantizeRows(weights, importance, quantizer, found, scales, Memory<byte>.Empty);
        Assert.Equal(plain, scales);
    }

    [Fact]
    public void A_saved_covariance_is_the_sum_of_the_products()
    {
        const int Inputs = 1030;
        using var temporary = new TemporaryFolder();
        var store = new CovarianceStore(temporary["covariances"]);
        var rows = Gaussian(7 * Inputs, new Random(8));
        store.Add("gate", rows.AsSpan(0, 3 * Inputs), Inputs);
        store.Add("gate", rows.AsSpan(3 * Inputs), Inputs);
        store.Save();
        store.Share("up", "gate");
        var found = store.Find("up")!;
        Assert.Equal(2, found.Groups);
        Assert.Null(store.Find("down"));
        foreach (var (group, i, j) in ((int, int, int)[])[(0, 0, 0), (0, 5, 1023), (0, 1022, 1023), (1, 2, 5)])
        {
            var sum = 0.0;
            for (var row = 0; row < 7; row++)
            {
                sum += (double)rows[(row * Inputs) + (group * InputCovariance.GroupSize) + i] * rows[(row * Inputs) + (group * InputCovariance.GroupSize) + j];
            }

            Assert.Equal(sum, found.Group(group)[(i * found.SizeOf(group)) + j], 1e-4);
        }

        store.Clear();
        Assert.False(Directory.Exists(temporary["covariances"]));
    }

    private static float[] Gaussian(int count, Random random) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];

    /// <summary>Root mean square of the differences, relative to that of the values.</summary>
    private static double Error(float[] exact, float[] found) =>
        Math.Sqrt(exact.Zip(found, (a, b) => (double)(a - b) * (a - b)).Sum() / exact.Sum(a => (double)a * a));

    /// <summary>Rows of inputs that are mixtures of a quarter as many independent numbers, and some noise.</summary>
    private sealed class CorrelatedInputs(int inputs, Random random)
    {
        private readonly int _sources = inputs / 4;
        private readonly float[] _mix = Gaussian(inputs / 4 * inputs, random);

        public float[] Next(int rows)
        {
            var (sources, result) = (Gaussian(rows * _sources, random), Gaussian(rows * inputs, random));
            for (var row = 0; row < rows; row++)
            {
                for (var s = 0; s < _sources; s++)
                {
                    for (var i = 0; i < inputs; i++)
                    {
                        result[(row * inputs) + i] += sources[(row * _sources) + s] * _mix[(s * inputs) + i];
                    }
                }
            }

            return result;
        }
    }
}
