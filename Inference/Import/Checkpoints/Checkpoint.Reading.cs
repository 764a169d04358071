using System.Buffers;
using System.Runtime.InteropServices;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

public sealed partial class Checkpoint
{
    // Enough for sequential disk speed, and few enough that the buffer is about as large as the L2 cache.
    private const int ElementsPerRead = 1 << 20;

    /// <summary>The tensor of that name.</summary>
    /// <param name="name">Normalised, see <see cref="Tensors"/>.</param>
    /// <param name="shape">What it must be; nothing given means that any shape will do.</param>
    /// <exception cref="CheckpointException">It is missing, has another shape, or holds no floats.</exception>
    public CheckpointTensor Get(string name, params ReadOnlySpan<long> shape)
    {
        if (!Tensors.TryGetValue(name, out var tensor))
        {
            throw new CheckpointException(Folder, MissingTensor.Explain(name, Tensors.Keys, WeightFiles));
        }

        var file = tensor.Location?.File.Path ?? Folder;
        if (shape.Length > 0 && !tensor.Shape.SequenceEqual(shape.ToArray()))
        {
            throw new CheckpointException(
                file,
                $"tensor '{name}' is {Shapes.Text(tensor.Shape)}, the configuration implies "
                + $"{Shapes.Text(shape.ToArray())}. {(tensor.Location?.File.Path is { } path && Formats.Gguf.GgufFormat.IsGguf(path) ? "The file is damaged; download it again." : "config.json and the weights are not of the same model; download both again.")}");
        }

        return tensor.Type != ElementType.Other
            ? tensor
            : throw new CheckpointException(
                file, $"tensor '{name}' holds neither float32, float16 nor bfloat16, as weights must.");
    }

    /// <summary>Reads a whole tensor, row-major, widened exactly to float32.</summary>
    /// <param name="tensor">One of this checkpoint's, not <see cref="ElementType.Other"/>.</param>
    /// <param name="destination">At least <see cref="CheckpointTensor.Count"/> elements; the rest is left alone.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint was disposed.</exception>
    public void Read(CheckpointTensor tensor, Span<float> destination)
    {
        if (destination.Length < tensor.Count)
        {
            throw new ArgumentException(
                $"'{tensor.Name}' has {tensor.Count} elements, the destination only {destination.Length}.",
                nameof(destination));
        }

        Read(tensor, 0, destination[..(int)tensor.Count]);
    }

    /// <summary>Reads consecutive elements, row-major, widened exactly to float32.</summary>
    /// <param name="tensor">One of this checkpoint's, not <see cref="ElementType.Other"/>.</param>
    /// <param name="firstElement">Where in the tensor to start.</param>
    /// <param name="destination">Filled completely.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint was disposed.</exception>
    public void Read(CheckpointTensor tensor, long firstElement, Span<float> destination)
    {
        var location = Locate(tensor);
        if (tensor.Type == ElementType.Other)
        {
            throw new ArgumentException($"'{tensor.Name}' does not hold floats.", nameof(tensor));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        if (destination.Length > tensor.Count - firstElement)
        {
            throw new ArgumentException(
                $"'{tensor.Name}' has {tensor.Count} elements; {destination.Length} from {firstElement} is past its end.",
                nameof(destination));
        }

        if (tensor.Encoding is { } encoding)
        {
            encoding.Read(location, firstElement, destination);
            return;
        }

        Read(location, tensor.Type, firstElement, destination);
    }

    /// <summary>Reads consecutive elements of a file that is open, row-major, widened exactly to float32.</summary>
    /// <param name="location">Where the tensor is.</param>
    /// <param name="type">Not <see cref="ElementType.Other"/>.</param>
    /// <param name="firstElement">Where in the tensor to start.</param>
    /// <param name="destination">Filled completely; ends within the tensor.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    internal static void Read(TensorLocation location, ElementType type, long firstElement, Span<float> destination)
    {
        if (type == ElementType.Float32)
        {
            ReadFloat32(location.File, location.Offset + (4 * firstElement), destination);
        }
        else
        {
            ReadHalfWidth(location.File, location.Offset + (2 * firstElement), type, destination);
        }
    }

    /// <summary>Reads stored little-endian bytes, contiguous and row-major, of any element type.</summary>
    /// <param name="tensor">One of this checkpoint's.</param>
    /// <param name="destination">Filled completely.</param>
    /// <param name="firstByte">Where in the tensor to start.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    /// <exception cref="ObjectDisposedException">The checkpoint was disposed.</exception>
    public void ReadRaw(CheckpointTensor tensor, Span<byte> destination, long firstByte = 0)
    {
        var location = Locate(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(firstByte);
        if (destination.Length > location.ByteCount - firstByte)
        {
            throw new ArgumentException(
                $"'{tensor.Name}' has {location.ByteCount} bytes; {destination.Length} from {firstByte} is past its end.",
                nameof(destination));
        }

        location.File.ReadExactly(location.Offset + firstByte, destination);
    }

    /// <summary>Reads whole rows as integers in groups.</summary>
    /// <param name="tensor">One of this checkpoint's, with <see cref="TensorEncoding.Groups"/>.</param>
    /// <param name="firstRow">Number of the first row.</param>
    /// <param name="codes">[rows, width].</param>
    /// <param name="scales">[rows, width / group size].</param>
    /// <param name="offsets">Same as <paramref name="scales"/>; left alone where there are no offsets.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    internal void ReadGroups(CheckpointTensor tensor, long firstRow, Span<sbyte> codes, Span<float> scales, Span<float> offsets)
    {
        var groups = tensor.Encoding?.Groups ?? throw new ArgumentException($"'{tensor.Name}' is not stored in groups.", nameof(tensor));
        if (codes.Length > (tensor.Shape[0] - firstRow) * tensor.Shape[1] || scales.Length * groups.GroupSize != codes.Length || offsets.Length != scales.Length)
        {
            throw new ArgumentException($"The rows of '{tensor.Name}' from {firstRow} do not fit {codes.Length} codes and {scales.Length} groups.", nameof(codes));
        }

        groups.Read(Locate(tensor), firstRow, codes, scales, offsets);
    }

    private static void ReadFloat32(CheckpointFile file, long offset, Span<float> destination)
    {
        for (var done = 0; done < destination.Length;)
        {
            // In pieces, because a span of bytes cannot be as long as a span of floats.
            var piece = destination.Slice(done, Math.Min(64 * ElementsPerRead, destination.Length - done));
            file.ReadExactly(offset + (4L * done), MemoryMarshal.AsBytes(piece));
            done += piece.Length;
        }
    }

    private static void ReadHalfWidth(CheckpointFile file, long offset, ElementType type, Span<float> destination)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(2 * Math.Min(ElementsPerRead, Math.Max(1, destination.Length)));
        try
        {
            for (var done = 0; done < destination.Length;)
            {
                var piece = destination.Slice(done, Math.Min(ElementsPerRead, destination.Length - done));
                var stored = buffer.AsSpan(0, 2 * piece.Length);
                file.ReadExactly(offset + (2L * done), stored);
                FloatConversion.ToFloat32(type, stored, piece);
                done += piece.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private TensorLocation Locate(CheckpointTensor tensor) =>
        tensor.Location is { } location && _files.Contains(location.File)
            ? location
            : throw new ArgumentException($"'{tensor.Name}' is not of this checkpoint.", nameof(tensor));
}
