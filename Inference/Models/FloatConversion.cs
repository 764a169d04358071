using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>Converts stored floats to float32. Every value of a narrower type has an exact float32 counterpart.</summary>
internal static class FloatConversion
{
    /// <param name="type">Any but <see cref="ElementType.Other"/>.</param>
    /// <param name="source">As many values of that type as the destination has.</param>
    /// <param name="destination">Receives them as float32.</param>
    public static void ToFloat32(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case ElementType.Float32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case ElementType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case ElementType.BFloat16:
                // bfloat16 is the upper half of a float32.
                var bits = MemoryMarshal.Cast<float, uint>(destination);
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, ushort>(source), bits);
                TensorPrimitives.ShiftLeft<uint>(bits, 16, bits);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "It is not a type of weights.");
        }
    }
}
