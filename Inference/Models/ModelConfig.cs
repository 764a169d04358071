namespace MobileVlm.Edge.Inference.Models;

/// <summary>The validated content of config.json and the vision tower's configuration: only values that this reader supports.</summary>
/// <param name="Name">The repository's or folder's name; for people, never for lookups.</param>
/// <param name="Architecture">"MobileLlamaForCausalLM" or "LlamaForCausalLM".</param>
/// <param name="Language">The decoder.</param>
/// <param name="Vision">The CLIP tower; null for a model of text only.</param>
/// <param name="Projector">Null exactly when <paramref name="Vision"/> is.</param>
/// <param name="License">As the checkpoint declares it (an SPDX-like identifier), null when it does not.</param>
public sealed record ModelConfig(
    string Name,
    string Architecture,
    LanguageConfig Language,
    VisionConfig? Vision,
    ProjectorType? Projector,
    string? License);

/// <summary>The LLaMA decoder's sizes.</summary>
public sealed record LanguageConfig(
    int HiddenSize,
    int IntermediateSize,
    int Layers,
    int Heads,
    int KeyValueHeads,
    int VocabularySize,
    float RmsNormEpsilon,
    float RopeTheta,
    int MaxPositions,
    int BosTokenId,
    int EosTokenId,
    bool TiedEmbeddings)
{
    /// <summary>Width of one attention head; even, because rotary embedding pairs its halves.</summary>
    public int HeadSize => HiddenSize / Heads;
}

/// <summary>The CLIP vision transformer's sizes and the pixels that it expects.</summary>
/// <param name="HiddenSize">Width of a patch's features.</param>
/// <param name="IntermediateSize">Width of the MLP.</param>
/// <param name="Layers">Layers that the checkpoint has; see <see cref="LayersUsed"/>.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="ImageSize">Width and height of the input in pixels.</param>
/// <param name="PatchSize">Width and height of a patch in pixels; divides <paramref name="ImageSize"/>.</param>
/// <param name="LayerNormEpsilon">Epsilon of each LayerNorm in the tower.</param>
/// <param name="SelectLayer">Which hidden state is projected, as in config.json: negative counts from the end,
/// where -1 is the last layer's output; 0 would be the embeddings.</param>
/// <param name="ImageMean">Three values, red, green, blue, of pixels scaled to 0..1.</param>
/// <param name="ImageStd">Three values, red, green, blue, none of them zero.</param>
public sealed record VisionConfig(
    int HiddenSize,
    int IntermediateSize,
    int Layers,
    int Heads,
    int ImageSize,
    int PatchSize,
    float LayerNormEpsilon,
    int SelectLayer,
    float[] ImageMean,
    float[] ImageStd)
{
    /// <summary>Factor in QuickGELU, CLIP's activation: x * sigmoid(1.702 x).</summary>
    internal const float QuickGeluAlpha = 1.702f;

    /// <summary>Patches along one side of the image.</summary>
    public int GridSize => ImageSize / PatchSize;

    /// <summary>Patches of one image, without the class token.</summary>
    public int Patches => GridSize * GridSize;

    /// <summary>Layers that must run to get the selected hidden state; the rest need not be loaded.</summary>
    public int LayersUsed => SelectLayer < 0 ? Layers + 1 + SelectLayer : SelectLayer;
}
