using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>Half-width floats to float32. Every value of either type has an exact float32 counterpart.</summary>
internal static class FloatConversion
{
    public static void FromFloat16(ReadOnlySpan<byte> source, Span<float> destination) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);

    public static void FromBFloat16(ReadOnlySpan<byte> source, Span<float> destination)
    {
        // bfloat16 is the upper half of a float32.
        var bits = MemoryMarshal.Cast<float, uint>(destination);
        TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(source), bits);
        TensorPrimitives.ShiftLeft<uint>(bits, 16, bits);
    }
}
