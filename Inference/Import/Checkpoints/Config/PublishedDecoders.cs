using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>Sizes of the decoders that were published. The chat models have the sizes of the base ones.</summary>
internal static class PublishedDecoders
{
    /// <summary>LLaMA's, which all of them share.</summary>
    private const int Vocabulary = 32000;

    /// <summary>MobileLLaMA 1.4B, of MobileVLM 1.7B (arXiv 2312.16886, table 3).</summary>
    public static LanguageConfig MobileLlama14 { get; } = new(2048, 5632, 24, 16, 16, Vocabulary, 1e-6f, 10000, 2048, 1, 2, false);

    /// <summary>MobileLLaMA 2.7B, of MobileVLM 3B (the same table).</summary>
    public static LanguageConfig MobileLlama27 { get; } = new(2560, 6912, 32, 32, 32, Vocabulary, 1e-6f, 10000, 2048, 1, 2, false);

    /// <summary>Vicuna 7B v1.5, of MobileVLM V2 7B and LLaVA-1.5 7B.</summary>
    public static LanguageConfig Vicuna7 { get; } = new(4096, 11008, 32, 32, 32, Vocabulary, 1e-5f, 10000, 4096, 1, 2, false);

    /// <summary>Whether a decoder has the sizes of one of them, as its fine-tunes have.</summary>
    public static bool Include(LanguageConfig language) => ((LanguageConfig[])[MobileLlama14, MobileLlama27, Vicuna7]).Any(published =>
        published.HiddenSize == language.HiddenSize
        && published.IntermediateSize == language.IntermediateSize
        && published.Layers == language.Layers
        && published.Heads == language.Heads);

    /// <summary>The instruction for a model of these sizes: the published one for published models and their fine-tunes, else none.</summary>
    public static string SuffixOf(LanguageConfig language) => Include(language) ? ScoringDefaults.PublishedSuffix : "";
}
