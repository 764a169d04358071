namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>One float16 tensor to be made up.</summary>
/// <param name="Name">As it is stored.</param>
/// <param name="Shape">Row-major.</param>
/// <param name="Scale">Standard deviation of its values; 0 for the weights of a norm, which are 1.</param>
internal sealed record SyntheticTensor(string Name, long[] Shape, float Scale)
{
    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    public long ByteCount => 2 * Count;

    public bool IsNorm => Scale == 0;
}
