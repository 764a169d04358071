namespace MobileVlm.Edge.Inference.Models;

/// <summary>How a checkpoint stores the elements of one tensor.</summary>
#pragma warning disable CA1720 // The field's own names for these formats say more than invented ones.
public enum ElementType
{
    Float32,
    Float16,
    BFloat16,

    /// <summary>Present, but not a type that weights have (an int64 buffer, say). Listed, never read as floats.</summary>
    Other,
}
#pragma warning restore CA1720
