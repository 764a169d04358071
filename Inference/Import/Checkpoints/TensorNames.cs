namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>One name for one thing, whichever library saved it.</summary>
internal static class TensorNames
{
    private const string Prefix = "vision.";

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

    private static readonly string[] Parts = ["embeddings.", "pre_layrnorm.", "encoder.", "post_layernorm."];

    public static bool IsVision(string normalised) => normalised.StartsWith(Prefix, StringComparison.Ordinal);

    /// <param name="stored">As the file says.</param>
    /// <param name="isTower">The file is the tower's own: newer libraries save that without any prefix.</param>
    public static string Normalise(string stored, bool isTower)
    {
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
