using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Onnx;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Takes the float32 values of a weight and writes them in float16. Values that float16 cannot represent are
/// refused.</summary>
/// <param name="inner">Receives the float16 values; not disposed here.</param>
/// <param name="weight">Name of the weight, for messages.</param>
internal sealed class Float16Stream(Stream inner, string weight) : WriteOnlyStream
{
    private const int Chunk = 64 * 1024;

    private readonly Half[] _halves = new Half[Chunk];

    public override void Flush() => inner.Flush();

    /// <exception cref="CheckpointException">A value is too large for float16.</exception>
    protected override void Take(ReadOnlySpan<byte> buffer)
    {
        var values = MemoryMarshal.Cast<byte, float>(buffer);
        while (!values.IsEmpty)
        {
            var piece = values[..Math.Min(Chunk, values.Length)];
            if (MathF.Abs(TensorPrimitives.MaxMagnitude(piece)) is var largest && largest > (float)Half.MaxValue)
            {
                throw new CheckpointException(
                    weight, $"holds {largest}, which float16 cannot. This model cannot be imported with float16 activations.");
            }

            TensorPrimitives.ConvertToHalf(piece, _halves);
            inner.Write(MemoryMarshal.AsBytes(_halves.AsSpan(0, piece.Length)));
            values = values[piece.Length..];
        }
    }
}

/// <summary>Adds weights that are stored in the type in which a graph computes.</summary>
internal static class ActivationWeights
{
    /// <summary>Adds a weight in the graph's activation type.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="weight">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="write">Writes it in float32.</param>
    public static string FloatWeight(this OnnxGraph graph, string weight, ReadOnlySpan<long> shape, Action<Stream> write) => graph.Weight(
        weight,
        graph.ActivationType,
        shape,
        graph.ActivationType == OnnxType.Float32
            ? write
            : stream =>
            {
                using var float16 = new Float16Stream(stream, weight);
                write(float16);
            });
}
