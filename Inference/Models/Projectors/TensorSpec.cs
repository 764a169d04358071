namespace MobileVlm.Edge.Inference.Models.Projectors;

/// <summary>Role of a tensor, which determines the distribution of its values.</summary>
internal enum TensorRole
{
    /// <summary>Multiplies activations: a matrix or a convolution's kernel, outputs first.</summary>
    Weight,

    /// <summary>Is added to activations.</summary>
    Bias,

    /// <summary>Scales the channels of a norm.</summary>
    Norm,
}

/// <summary>One tensor that a checkpoint has to hold.</summary>
/// <param name="Name">As it is stored.</param>
/// <param name="Role">What it does.</param>
/// <param name="Shape">Row-major, outermost dimension first.</param>
internal sealed record TensorSpec(string Name, TensorRole Role, long[] Shape)
{
    /// <summary>A matrix or a convolution's kernel.</summary>
    public static TensorSpec Weight(string name, params long[] shape) => new(name, TensorRole.Weight, shape);

    /// <summary>An addend: a bias or an embedding.</summary>
    public static TensorSpec Bias(string name, params long[] shape) => new(name, TensorRole.Bias, shape);

    /// <summary>The scale of a norm without a bias.</summary>
    public static TensorSpec Norm(string name, long size) => new(name, TensorRole.Norm, [size]);

    /// <summary>A linear layer or a convolution: <c>NAME.weight</c> and <c>NAME.bias</c>.</summary>
    public static TensorSpec[] Linear(string name, params long[] shape) =>
        [Weight($"{name}.weight", shape), Bias($"{name}.bias", shape[0])];

    /// <summary>A norm with a bias: <c>NAME.weight</c> and <c>NAME.bias</c>.</summary>
    public static TensorSpec[] LayerNorm(string name, long size) =>
        [Norm($"{name}.weight", size), Bias($"{name}.bias", size)];
}
