namespace MobileVlm.Edge.Inference.Models;

/// <summary>Element types of a checkpoint's tensors.</summary>
#pragma warning disable CA1720 // These are the usual names of the formats.
public enum ElementType
{
    Float32,
    Float16,
    BFloat16,

    /// <summary>Present, but not a type that weights have, for example an int64 buffer. Listed, never read as floats.</summary>
    Other,
}
#pragma warning restore CA1720

/// <summary>Sizes and names of the element types that weights have.</summary>
internal static class ElementTypes
{
    private static readonly (ElementType Type, string Name, int Size)[] Table =
        [(ElementType.Float32, "fp32", 4), (ElementType.Float16, "fp16", 2), (ElementType.BFloat16, "bf16", 2)];

    /// <summary>Bytes of one element.</summary>
    /// <exception cref="InvalidOperationException">The type is <see cref="ElementType.Other"/>.</exception>
    public static int Size(this ElementType type) => Table.Single(row => row.Type == type).Size;

    /// <summary>Name in a manifest: <c>fp32</c>, <c>fp16</c> or <c>bf16</c>.</summary>
    /// <exception cref="InvalidOperationException">The type is <see cref="ElementType.Other"/>.</exception>
    public static string ManifestName(this ElementType type) => Table.Single(row => row.Type == type).Name;

    /// <summary>The type of that name in a manifest; null when there is none.</summary>
    public static ElementType? Find(string manifestName) =>
        Table.Where(row => row.Name == manifestName).Select(row => (ElementType?)row.Type).FirstOrDefault();
}
