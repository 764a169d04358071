namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>How a tensor's values are stored where they are not little-endian floats in the order of the checkpoint.</summary>
internal abstract class TensorEncoding
{
    /// <summary>Name of the stored type, for people: <c>Q4_0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Integers in groups where values are stored so; null for floats.</summary>
    public virtual StoredGroups? Groups => null;

    /// <summary>Reads consecutive values, row-major in the order of the checkpoint, as float32.</summary>
    /// <param name="location">The stored bytes.</param>
    /// <param name="firstElement">Where in the tensor to start.</param>
    /// <param name="destination">Filled completely; the caller checked that it lies within the tensor.</param>
    /// <exception cref="CheckpointException">The file can no longer be read in full.</exception>
    public abstract void Read(TensorLocation location, long firstElement, Span<float> destination);
}

/// <summary>Integers with one scale for each group of consecutive values of a row. A value is scale * code, plus the offset of its group
/// where there are offsets.</summary>
/// <param name="GroupSize">Values of a group; a row has a whole number of groups.</param>
/// <param name="Lowest">The lowest code.</param>
/// <param name="Highest">The highest code.</param>
/// <param name="HasOffsets">Whether groups have offsets.</param>
/// <param name="BitsPerValue">Stored bits per value with scales and offsets.</param>
/// <param name="Read">Reads whole rows.</param>
internal sealed record StoredGroups(
    int GroupSize, int Lowest, int Highest, bool HasOffsets, double BitsPerValue, StoredGroups.RowReader Read)
{
    /// <summary>Reads consecutive rows in the order of the checkpoint.</summary>
    /// <param name="location">The stored bytes.</param>
    /// <param name="firstRow">Number of the first row.</param>
    /// <param name="codes">[rows, width].</param>
    /// <param name="scales">[rows, width / group size].</param>
    /// <param name="offsets">Same as <paramref name="scales"/>; left alone where there are no offsets.</param>
    public delegate void RowReader(TensorLocation location, long firstRow, Span<sbyte> codes, Span<float> scales, Span<float> offsets);
}
