using System.Text;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>One name for each tensor, independent of the library that saved it.</summary>
public static class TensorNames
{
    private const string Prefix = "vision.";
    private const string Encoder = "encoder.";

    private static readonly string[] Wrappers =
    [
        "model.vision_tower.vision_tower.vision_model.",
        "model.vision_tower.vision_model.",
        "vision_tower.vision_tower.vision_model.",
        "vision_tower.vision_model.",
        "vision_model.",
        "model.vision_tower.vision_tower.",
        "model.vision_tower.",
        "vision_tower.",
    ];

    /// <summary>What PyTorch's wrappers for training on several devices and for compiling put before every name.</summary>
    private static readonly string[] Containers = ["module.", "_orig_mod."];

    private static readonly string[] Parts = ["embeddings.", "pre_layrnorm.", Encoder, "post_layernorm."];

    /// <summary>Whether a name as stored is that of a weight of a vision encoder. Buffers, which a checkpoint may have without
    /// the weights, are not counted.</summary>
    public static bool IsVisionWeight(string stored) =>
        Normalise(stored, isTower: false).StartsWith($"{Prefix}{Encoder}", StringComparison.Ordinal);

    /// <summary>Whether the names of a vision encoder's weights are among the first bytes of a file of weights, where both
    /// published formats have their names.</summary>
    public static bool HaveVisionWeights(ReadOnlySpan<byte> head)
    {
        foreach (var wrapper in Wrappers)
        {
            if (head.IndexOf(Encoding.ASCII.GetBytes(wrapper + Encoder)) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    internal static bool IsVision(string normalised) => normalised.StartsWith(Prefix, StringComparison.Ordinal);

    /// <param name="stored">The name in the file.</param>
    /// <param name="isTower">The file is the tower's own: newer libraries save that without any prefix.</param>
    internal static string Normalise(string stored, bool isTower)
    {
        while (Containers.FirstOrDefault(container => stored.StartsWith(container, StringComparison.Ordinal)) is { } container)
        {
            stored = stored[container.Length..];
        }

        foreach (var wrapper in Wrappers)
        {
            if (stored.StartsWith(wrapper, StringComparison.Ordinal) && IsPart(stored[wrapper.Length..]))
            {
                return Prefix + stored[wrapper.Length..];
            }
        }

        return isTower && IsPart(stored) ? Prefix + stored : stored;
    }

    private static bool IsPart(string name) => Parts.Any(part => name.StartsWith(part, StringComparison.Ordinal));
}
