namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">As stored.</param>
/// <param name="Type">Of its values.</param>
/// <param name="Dimensions">As stored, the fastest first: the other way round than in a checkpoint.</param>
/// <param name="Offset">In the file, in bytes.</param>
/// <param name="ByteCount">Bytes without the padding behind them.</param>
internal sealed record GgufTensor(string Name, GgufTensorType Type, IReadOnlyList<long> Dimensions, long Offset, long ByteCount)
{
    /// <summary>Values of a row.</summary>
    public long Width => Dimensions.Count == 0 ? 1 : Dimensions[0];

    /// <summary>Number of values.</summary>
    public long Count => Dimensions.Aggregate(1L, (product, dimension) => product * dimension);
}
