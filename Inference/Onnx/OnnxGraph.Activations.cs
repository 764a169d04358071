using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Onnx;

/// <summary>The type in which a graph computes. What goes in and out stays float32, so that callers need not know it; only
/// the KV cache has it too.</summary>
internal sealed partial class OnnxGraph
{
    /// <summary>float32 or float16.</summary>
    public OnnxType Activations => activations;

    /// <summary>Weight in the type in which the graph computes.</summary>
    /// <param name="weight">Its name.</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="write">Writes it in float32.</param>
    public string Values(string weight, ReadOnlySpan<long> shape, Action<Stream> write) => Weight(
        weight,
        activations,
        shape,
        activations == OnnxType.Float32
            ? write
            : stream =>
            {
                using var halves = new HalfStream(stream, weight);
                write(halves);
            });

    /// <summary>A float32 value in the type in which the graph computes.</summary>
    public string FromFloat32(string node, string value) => activations == OnnxType.Float32
        ? value
        : Node("Cast", node, [value], OnnxAttribute.Int("to", (long)activations));

    /// <summary>Name for a node whose result becomes the float32 value <paramref name="result"/>.</summary>
    public string Before(string result) => activations == OnnxType.Float32 ? result : $"{result}_fp16";

    /// <summary>Makes the float32 value <paramref name="result"/> of that node's.</summary>
    public void ToFloat32(string result)
    {
        if (activations != OnnxType.Float32)
        {
            Node("Cast", result, [Before(result)], OnnxAttribute.Int("to", (long)OnnxType.Float32));
        }
    }

    /// <summary>Takes float32 and writes float16. What float16 cannot hold is refused.</summary>
    private sealed class HalfStream(Stream inner, string weight) : WriteOnlyStream
    {
        private const int Chunk = 64 * 1024;

        private readonly Half[] _halves = new Half[Chunk];

        public override void Flush() => inner.Flush();

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
}
