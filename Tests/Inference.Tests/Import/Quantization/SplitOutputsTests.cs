using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Quantization;

namespace MobileVlm.Edge.Inference.Tests.Import.Quantization;

/// <summary>A layer that is split into chosen and other outputs.</summary>
public sealed class SplitOutputsTests
{
    private const int Outputs = 7;
    private const int Inputs = 3;

    private static readonly int[] Chosen = [1, 2, 6];

    [Fact]
    public void The_others_keep_their_rows_and_the_chosen_ones_are_zero()
    {
        var rows = new float[Outputs * Inputs];
        Split(keepsChosen: false).Rows([new LinearWeight("w", Outputs, Inputs)])((first, values) => values.Span.CopyTo(rows.AsSpan(first * Inputs)));
        for (var output = 0; output < Outputs; output++)
        {
            Assert.Equal(Chosen.Contains(output) ? [0, 0, 0] : Row(output), rows[(output * Inputs)..((output + 1) * Inputs)]);
        }

        Assert.Equal([100, 0, 0, 103, 104, 105, 0], Bias(keepsChosen: false, Outputs));
    }

    [Fact]
    public void The_chosen_rows_follow_each_other_in_their_order()
    {
        var rows = new float[Chosen.Length * Inputs];
        Split(keepsChosen: true).Rows([new LinearWeight("w", Chosen.Length, Inputs)])((first, values) => values.Span.CopyTo(rows.AsSpan(first * Inputs)));
        Assert.Equal([.. Row(1), .. Row(2), .. Row(6)], rows);
        Assert.Equal([101, 102, 106], Bias(keepsChosen: true, Chosen.Length));
    }

    [Fact]
    public void A_layer_that_is_not_read_by_rows_is_refused()
    {
        Assert.Throws<NotSupportedException>(() => Split(keepsChosen: true).Transposed([new LinearWeight("w", 3, Inputs)]));
        Assert.Throws<NotSupportedException>(() => Split(keepsChosen: true).TransposedFloat16([new LinearWeight("w", 3, Inputs)]));
    }

    private static SplitOutputs Split(bool keepsChosen) => new(new Numbers(), Outputs, () => Chosen, keepsChosen);

    private static float[] Bias(bool keepsChosen, int length)
    {
        using var stream = new MemoryStream();
        Split(keepsChosen).Untransposed("b", length)(stream);
        return MemoryMarshal.Cast<byte, float>(stream.ToArray()).ToArray();
    }

    private static float[] Row(int output) => [output, output + 0.25f, output + 0.5f];

    /// <summary>Rows of <see cref="Row"/>, read two or three at a time, and biases from 100.</summary>
    private sealed class Numbers : IWeightSource
    {
        public Action<Stream> Untransposed(string name, params ReadOnlySpan<long> shape)
        {
            Assert.Equal([Outputs], shape.ToArray());
            return stream => stream.Write(MemoryMarshal.AsBytes(Enumerable.Range(100, Outputs).Select(i => (float)i).ToArray().AsSpan()));
        }

        public Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights) => throw new InvalidOperationException();

        public Action<Stream> TransposedFloat16(IReadOnlyList<LinearWeight> weights) => throw new InvalidOperationException();

        public Action<Action<int, ReadOnlyMemory<float>>> Rows(IReadOnlyList<LinearWeight> weights)
        {
            Assert.Equal(Outputs, weights.Single().Outputs);
            return take =>
            {
                take(0, Enumerable.Range(0, 2).SelectMany(Row).ToArray());
                take(2, Enumerable.Range(2, 3).SelectMany(Row).ToArray());
                take(5, Enumerable.Range(5, 2).SelectMany(Row).ToArray());
            };
        }
    }
}
