using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Sizes of one model, as published, or the same model much smaller.</summary>
internal sealed record PublishedModel(
    string Name, LanguageConfig Language, VisionConfig? Vision, ProjectorType? Projector)
{
    private const string Tiny = "-tiny";

    private static readonly PublishedModel[] FullSize =
    [
        new("mobilevlm-1.7b", PublishedDecoders.MobileLlama14, ClipTower.Sizes, ProjectorType.Ldp),
        new("mobilevlm-3b", PublishedDecoders.MobileLlama27, ClipTower.Sizes, ProjectorType.Ldp),
        new("mobilevlm-v2-1.7b", PublishedDecoders.MobileLlama14, ClipTower.Sizes, ProjectorType.LdpV2),
        new("mobilevlm-v2-3b", PublishedDecoders.MobileLlama27, ClipTower.Sizes, ProjectorType.LdpV2),
        new("mobilevlm-v2-7b", PublishedDecoders.Vicuna7, ClipTower.Sizes, ProjectorType.LdpV2),
        new("llava-1.5-7b", PublishedDecoders.Vicuna7, ClipTower.Sizes, ProjectorType.Find("mlp2x_gelu")),
        new("mobilellama-1.4b", PublishedDecoders.MobileLlama14, null, null),
        new("mobilellama-1.4b-chat", PublishedDecoders.MobileLlama14, null, null),
        new("mobilellama-2.7b", PublishedDecoders.MobileLlama27, null, null),
        new("mobilellama-2.7b-chat", PublishedDecoders.MobileLlama27, null, null),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. FullSize.Select(m => m.Name), .. FullSize.Select(m => m.Name + Tiny)];

    /// <exception cref="ArgumentException">No such model; the message lists those there are.</exception>
    public static PublishedModel Find(string name)
    {
        var full = name.EndsWith(Tiny, StringComparison.Ordinal) ? name[..^Tiny.Length] : name;
        var model = FullSize.FirstOrDefault(m => m.Name == full) ?? throw new ArgumentException(
            $"'{name}' is not a model whose sizes are known. Known are {string.Join(", ", FullSize.Select(m => m.Name))}; "
            + $"each with '{Tiny}' appended is the same model with small sizes.",
            nameof(name));
        return full == name ? model : model.Small();
    }

    /// <summary>The same tensors with the same proportions (head size above all), in a few megabytes.</summary>
    private PublishedModel Small() => this with
    {
        Name = Name + Tiny,
        Language = Language with
        {
            HiddenSize = 2 * Language.HeadSize / HeadShrink,
            Heads = 2,
            KeyValueHeads = 2,
            IntermediateSize = Language.IntermediateSize / 32,
            Layers = 2,
            MaxPositions = 1024,
        },
        Vision = Vision is null ? null : Vision with { HiddenSize = 64, IntermediateSize = 128, Layers = 3, Heads = 2 },
    };

    /// <summary>Heads of 128 shrink to 32; those of 80 stay, because no smaller size tests an odd width as well.</summary>
    private int HeadShrink => Language.HeadSize % 32 == 0 ? 4 : 1;
}
