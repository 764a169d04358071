using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using MobileVlm.Edge.Inference.Import.Quantization;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>The quantizer against a separate decoder here, written from the operator's documentation, and against
/// what ONNX Runtime itself makes of the bytes.</summary>
public sealed class BlockQuantizerTests
{
    public static TheoryData<int, int, int> Layouts
    {
        get
        {
            var data = new TheoryData<int, int, int>();
            foreach (var bits in (int[])[4, 8])
            {
                foreach (var block in (int[])[32, 128])
                {
                    foreach (var inputs in (int[])[block, 3 * block, block + 1, 45, (2 * block) - 1])
                    {
                        data.Add(bits, block, inputs);
                    }
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public void Every_weight_is_within_half_a_step(int bits, int block, int inputs)
    {
        var row = Gaussian(inputs, 1);
        AssertWithinHalfAStep(row, bits, block);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Extremes_of_either_sign_are_kept_exactly(int bits)
    {
        foreach (var extreme in (float[])[-3, 3, -1e-30f, 1e-30f, -1e30f, 1e30f, 65504])
        {
            var row = Gaussian(32, 2).Select(v => Math.Clamp(v / 8, -1, 1) * Math.Abs(extreme) / 2).ToArray();
            row[17] = extreme;
            var decoded = AssertWithinHalfAStep(row, bits, 32);
            Assert.Equal(extreme, decoded[17], Math.Abs(extreme) * 1e-6f);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Blocks_of_zeros_and_of_next_to_nothing_decode_to_next_to_nothing(int bits)
    {
        var row = new float[96];
        row[40] = 1e-42f;
        row[41] = -1e-42f;
        row[70] = -2;
        var decoded = Decode(row, bits, 32);
        Assert.All(decoded[..32], v => Assert.Equal(0, v));
        Assert.All(decoded[32..64], v => Assert.InRange(v, -2e-42f, 2e-42f));
        Assert.Equal(-2, decoded[70]);
        Assert.All(decoded[71..], v => Assert.Equal(0, v));
    }

    [Theory]
    [InlineData(2, 32)]
    [InlineData(16, 32)]
    [InlineData(4, 0)]
    [InlineData(4, 48)]
    [InlineData(4, 512)]
    public void What_the_operator_does_not_know_is_refused(int bits, int block) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockQuantizer(bits, block));

    [Theory]
    [InlineData(4, 32, 96, 24)]
    [InlineData(8, 32, 96, 24)]
    [InlineData(4, 128, 256, 17)]
    [InlineData(8, 128, 256, 17)]
    [InlineData(4, 32, 77, 8)]
    [InlineData(8, 32, 77, 8)]
    [InlineData(4, 128, 130, 8)]
    public void ONNX_Runtime_multiplies_by_what_the_bytes_mean(int bits, int block, int inputs, int outputs)
    {
        var rows = Enumerable.Range(0, outputs).Select(i => Gaussian(inputs, 100 + i)).ToArray();
        var input = Gaussian(inputs, 5);
        var expected = rows.Select(row => TensorPrimitives.Dot(input, Decode(row, bits, block))).ToArray();
        var actual = Multiply(rows, input, bits, block);

        var error = TensorPrimitives.Distance(expected, actual) / TensorPrimitives.Norm<float>(expected);
        Assert.True(error < 0.01, $"Error {error:p2}.");
    }

    private static float[] Multiply(float[][] rows, float[] input, int bits, int block)
    {
        var quantizer = new BlockQuantizer(bits, block, rule: ScaleRule.LargestMagnitude);
        var (inputs, outputs, blocks) = (input.Length, rows.Length, quantizer.Blocks(input.Length));
        var packed = new byte[outputs * blocks * quantizer.BlobSize];
        var scales = new float[outputs * blocks];
        for (var r = 0; r < outputs; r++)
        {
            quantizer.QuantizeRow(
                rows[r],
                Enumerable.Repeat(1f, inputs).ToArray(),
                packed.AsSpan(r * blocks * quantizer.BlobSize, blocks * quantizer.BlobSize),
                scales.AsSpan(r * blocks, blocks),
                []);
        }

        using var folder = new TemporaryFolder();
        var graph = new OnnxGraph("one");
        graph.Input("x", OnnxType.Float32, 1, inputs);
        graph.Weight("w", OnnxType.UInt8, [outputs, blocks, quantizer.BlobSize], s => s.Write(packed));
        graph.Weight("s", OnnxType.Float32, [outputs, blocks], s => s.Write(MemoryMarshal.AsBytes(scales.AsSpan())));
        graph.Contrib(
            "MatMulNBits", "y", ["x", "w", "s"],
            OnnxAttribute.Int("K", inputs), OnnxAttribute.Int("N", outputs), OnnxAttribute.Int("bits", bits),
            OnnxAttribute.Int("block_size", block), OnnxAttribute.Int("accuracy_level", 4));
        graph.Output("y", OnnxType.Float32, 1, outputs);
        using (var data = new ExternalDataFile(folder["one.onnx.data"]))
        {
            graph.WriteWeights(data);
            data.Finish();
        }

        using (var file = File.Create(folder["one.onnx"]))
        {
            graph.Save(file);
        }

        using var session = new InferenceSession(folder["one.onnx"]);
        using var value = OrtValue.CreateTensorValueFromMemory(input, [1, inputs]);
        using var options = new RunOptions();
        using var results = session.Run(options, ["x"], [value], ["y"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static float[] AssertWithinHalfAStep(float[] row, int bits, int block)
    {
        var decoded = Decode(row, bits, block);
        for (var i = 0; i < row.Length; i++)
        {
            var from = i / block * block;
            var largest = row[from..Math.Min(from + block, row.Length)].Max(Math.Abs);
            var step = largest / (1 << (bits - 1));

            // The last code of the other sign is missing: what would round to it is one half step further off.
            var clipped = Math.Abs(row[i]) > largest - (1.5f * step) ? 1f : 0.5f;
            Assert.True(
                Math.Abs(row[i] - decoded[i]) <= step * clipped * 1.001f,
                $"Weight {i} is {row[i]}, decoded {decoded[i]}, a step is {step}.");
        }

        return decoded;
    }

    private static float[] Decode(float[] row, int bits, int block)
    {
        var quantizer = new BlockQuantizer(bits, block, rule: ScaleRule.LargestMagnitude);
        var blocks = (row.Length + block - 1) / block;
        Assert.Equal(blocks, quantizer.Blocks(row.Length));
        Assert.Equal(block * bits / 8, quantizer.BlobSize);
        var packed = new byte[blocks * block * bits / 8];
        packed.AsSpan().Fill(0xA5);
        var scales = new float[blocks];
        quantizer.QuantizeRow(row, Enumerable.Repeat(1f, row.Length).ToArray(), packed, scales, []);

        var all = new float[blocks * block];
        for (var k = 0; k < all.Length; k++)
        {
            var code = bits == 8 ? packed[k] : (packed[k / 2] >> (k % 2 == 0 ? 0 : 4)) & 15;
            all[k] = (code - (bits == 8 ? 128 : 8)) * scales[k / block];
        }

        Assert.All(all[row.Length..], padding => Assert.Equal(0, padding));
        return all[..row.Length];
    }

    private static float[] Gaussian(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
            (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
