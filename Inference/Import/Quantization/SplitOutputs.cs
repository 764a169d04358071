using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>A linear layer's weights with some of its outputs set to zero, or with only those: two layers whose outputs take
/// turns in being zero.</summary>
/// <param name="source">Holds the whole layer.</param>
/// <param name="outputs">Outputs of the whole layer.</param>
/// <param name="chosen">The outputs, in ascending order; called when weights are written.</param>
/// <param name="keepsChosen">True for a layer of the chosen outputs alone; false for all outputs, with zeros for the chosen ones.</param>
internal sealed class SplitOutputs(IWeightSource source, int outputs, Func<int[]> chosen, bool keepsChosen) : IWeightSource
{
    /// <summary>A bias.</summary>
    public Action<Stream> Untransposed(string name, params ReadOnlySpan<long> shape)
    {
        var whole = source.Untransposed(name, outputs);
        return stream =>
        {
            var bytes = new byte[outputs * sizeof(float)];
            whole(new MemoryStream(bytes));
            var values = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
            if (keepsChosen)
            {
                foreach (var output in chosen())
                {
                    stream.Write(MemoryMarshal.AsBytes(values.Slice(output, 1)));
                }
            }
            else
            {
                foreach (var output in chosen())
                {
                    values[output] = 0;
                }

                stream.Write(bytes);
            }
        };
    }

    /// <summary>Not supported: only layers that are read row by row are split.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public Action<Stream> Transposed(IReadOnlyList<LinearWeight> weights) => throw OnlyRows();

    /// <summary>Not supported: only layers that are read row by row are split.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public Action<Stream> TransposedFloat16(IReadOnlyList<LinearWeight> weights) => throw OnlyRows();

    /// <inheritdoc/>
    public Action<Action<int, ReadOnlyMemory<float>>> Rows(IReadOnlyList<LinearWeight> weights)
    {
        var inputs = weights.Single().Inputs;
        var whole = source.Rows([weights.Single() with { Outputs = outputs }]);
        return take =>
        {
            var places = chosen();
            whole((first, values) =>
            {
                var count = values.Length / inputs;
                var here = places.Where(output => output >= first && output < first + count);
                if (keepsChosen)
                {
                    foreach (var output in here)
                    {
                        take(Array.IndexOf(places, output), values.Slice((output - first) * inputs, inputs));
                    }

                    return;
                }

                var rows = values.ToArray();
                foreach (var output in here)
                {
                    rows.AsSpan((output - first) * inputs, inputs).Clear();
                }

                take(first, rows);
            });
        };
    }

    private static NotSupportedException OnlyRows() => new("Only layers that are read row by row are split.");
}
