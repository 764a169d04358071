using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>One stored tensor: what it is called, how it is stored and where; not its values.</summary>
/// <param name="Name">Normalised name, see <see cref="Checkpoint.Tensors"/>.</param>
/// <param name="Type">Stored element type.</param>
/// <param name="Shape">Row-major, outermost dimension first; empty for a scalar.</param>
public sealed record CheckpointTensor(string Name, ElementType Type, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long Count
    {
        get
        {
            var count = 1L;
            foreach (var dimension in Shape)
            {
                count = checked(count * dimension);
            }

            return count;
        }
    }

    /// <summary>Number of stored bytes.</summary>
    public long ByteCount => Location?.ByteCount ?? (Count * (Type == ElementType.Float32 ? 4 : 2));

    /// <summary>The place of the values. The readers check at opening that they lie within the file.</summary>
    internal TensorLocation? Location { get; init; }

    /// <summary>How the values are stored where they are not little-endian floats in the order of the checkpoint; they are then read as
    /// float32.</summary>
    internal TensorEncoding? Encoding { get; init; }
}

/// <summary>The bytes of a tensor in a file: contiguous, row-major, little-endian elements, unless <see cref="CheckpointTensor.Encoding"/> reads
/// them.</summary>
internal sealed record TensorLocation(CheckpointFile File, long Offset, long ByteCount);
