using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints;

/// <summary>The vision tower of every published MobileVLM, whose sizes are known without its configuration.</summary>
public static class ClipTower
{
    private const string Name = "clip-vit-large-patch14-336";

    /// <summary>The repository in which it is published.</summary>
    public const string Repository = $"openai/{Name}";

    /// <summary>Sizes and pixels of config.json and preprocessor_config.json of <see cref="Repository"/>; the layer is the one
    /// that the published models project.</summary>
    public static VisionConfig Sizes { get; } = new(
        1024, 4096, 24, 16, 336, 14, 1e-5f, -2, [0.48145466f, 0.4578275f, 0.40821073f], [0.26862954f, 0.26130258f, 0.27577711f]);

    /// <summary>Whether <c>mm_vision_tower</c> of a config.json means this tower: by its name, under any owner and in any folder.</summary>
    public static bool IsNamedBy(string visionTower) => VisionTower.LastPart(visionTower) == Name;
}
