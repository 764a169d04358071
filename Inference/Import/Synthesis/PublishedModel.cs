using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>Sizes of one model, as published, or the same model much smaller.</summary>
internal sealed record PublishedModel(
    string Name, LanguageConfig Language, VisionConfig? Vision, ProjectorType? Projector)
{
    private const string Tiny = "-tiny";

    /// <summary>LLaMA's, which all of them share.</summary>
    private const int Vocabulary = 32000;

    // MobileVLM, arXiv 2312.16886, table 3. The chat models have the sizes of the base ones and differ in name only.
    private static readonly LanguageConfig MobileLlama14 =
        new(2048, 5632, 24, 16, 16, Vocabulary, 1e-6f, 10000, 2048, 1, 2, false);

    private static readonly LanguageConfig MobileLlama27 =
        new(2560, 6912, 32, 32, 32, Vocabulary, 1e-6f, 10000, 2048, 1, 2, false);

    // Vicuna 7B v1.5.
    private static readonly LanguageConfig Vicuna7 =
        new(4096, 11008, 32, 32, 32, Vocabulary, 1e-5f, 10000, 4096, 1, 2, false);

    private static readonly PublishedModel[] FullSize =
    [
        new("mobilevlm-1.7b", MobileLlama14, ClipTower.Sizes, ProjectorType.Ldp),
        new("mobilevlm-3b", MobileLlama27, ClipTower.Sizes, ProjectorType.Ldp),
        new("mobilevlm-v2-1.7b", MobileLlama14, ClipTower.Sizes, ProjectorType.LdpV2),
        new("mobilevlm-v2-3b", MobileLlama27, ClipTower.Sizes, ProjectorType.LdpV2),
        new("mobilevlm-v2-7b", Vicuna7, ClipTower.Sizes, ProjectorType.LdpV2),
        new("llava-1.5-7b", Vicuna7, ClipTower.Sizes, ProjectorType.Find("mlp2x_gelu")),
        new("mobilellama-1.4b", MobileLlama14, null, null),
        new("mobilellama-1.4b-chat", MobileLlama14, null, null),
        new("mobilellama-2.7b", MobileLlama27, null, null),
        new("mobilellama-2.7b-chat", MobileLlama27, null, null),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. FullSize.Select(m => m.Name), .. FullSize.Select(m => m.Name + Tiny)];

    /// <summary>Whether a decoder has the sizes of a published one, as fine-tunes of it have.</summary>
    public static bool HasSizesOf(LanguageConfig language) => FullSize.Any(model =>
        model.Language.HiddenSize == language.HiddenSize
        && model.Language.IntermediateSize == language.IntermediateSize
        && model.Language.Layers == language.Layers
        && model.Language.Heads == language.Heads);

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
