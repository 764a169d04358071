using System.Diagnostics;
using MobileVlm.Edge.Inference.Models.Projectors;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>One float16 tensor of random values.</summary>
/// <param name="Name">As it is stored.</param>
/// <param name="Shape">Row-major.</param>
/// <param name="Scale">Standard deviation of its values; 0 for the weights of a norm, which are 1.</param>
internal sealed record SyntheticTensor(string Name, long[] Shape, float Scale)
{
    /// <summary>Scale of biases, positions and the class token: small beside what they are added to, as after training.</summary>
    private const float SmallScale = 0.02f;

    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    public long ByteCount => 2 * Count;

    public bool IsNorm => Scale == 0;

    /// <summary>A tensor with the values that its role asks for. Weights get a deviation of 1/sqrt(inputs), so that
    /// activations keep their size from layer to layer.</summary>
    public static SyntheticTensor Of(TensorSpec spec) => new(spec.Name, spec.Shape, spec.Role switch
    {
        TensorRole.Weight => 1 / MathF.Sqrt(spec.Shape.Skip(1).Aggregate(1L, (product, size) => product * size)),
        TensorRole.Bias => SmallScale,
        TensorRole.Norm => 0,
        _ => throw new UnreachableException($"{spec.Role} has no values."),
    });
}
