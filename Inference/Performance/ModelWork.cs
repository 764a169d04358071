using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Inference.Performance;

/// <summary>Least cost of one piece of work.</summary>
/// <param name="Operations">Multiplications and additions inside matrix products; norms, activations and copies are left
/// out, being below one in a hundred.</param>
/// <param name="Bytes">Weights read once, as they lie on the disk, and the KV cache read. Activations are left out: they
/// fit into the caches.</param>
public readonly record struct Work(double Operations, double Bytes)
{
    public static Work operator +(Work a, Work b) => new(a.Operations + b.Operations, a.Bytes + b.Bytes);
}

/// <summary>Operations and bytes of a model's parts, from the sizes in its manifest.</summary>
/// <param name="manifest">The model's.</param>
/// <param name="settings">Whether prefill weights are used, and from how many tokens on.</param>
public sealed class ModelWork(ModelManifest manifest, ExecutionSettings settings)
{
    private readonly LanguageConfig _language = manifest.Language;

    /// <summary>Bytes of the vision part's weights on the disk.</summary>
    public long VisionBytes => SizeOf(ModelFolder.VisionFile);

    /// <summary>Bytes of the decoder's weights on the disk.</summary>
    public long DecoderBytes => SizeOf(ModelFolder.DecoderFile);

    /// <summary>Bytes of the decoder's prefill weights; 0 when there are none or they are not used.</summary>
    public long PrefillBytes => settings.UsePrefill ? SizeOf(ModelFolder.PrefillFile) : 0;

    /// <summary>Bytes of the KV cache for one token, all layers.</summary>
    public long CacheBytes =>
        2L * _language.Layers * _language.KeyValueHeads * _language.HeadSize * (manifest.Precision.Activations is null ? 4 : 2);

    /// <summary>Weights of all decoder layers that a token passes: Q, K, V, O and the three of the MLP.</summary>
    private double LayerWeights
    {
        get
        {
            var hidden = (double)_language.HiddenSize;
            var keys = _language.KeyValueHeads * _language.HeadSize;
            return _language.Layers * hidden * ((2 * hidden) + (2 * keys) + (3 * _language.IntermediateSize));
        }
    }

    private double HeadWeights => (double)_language.HiddenSize * _language.VocabularySize;

    /// <summary>Pixels to visual tokens. With T = patches + 1 rows of width h, MLP f, L layers: 2T(4h² + 2hf) + 4T²h per
    /// layer, 6p²h per patch of p x p pixels, and the projector's <see cref="ProjectorType.Operations"/>.</summary>
    public Work EncodeCost()
    {
        var vision = manifest.Vision ?? throw new InvalidOperationException("A text-only model cannot encode pictures.");
        double rows = vision.Patches + 1, h = vision.HiddenSize, f = vision.IntermediateSize;
        var layers = vision.LayersUsed * ((2 * rows * ((4 * h * h) + (2 * h * f))) + (4 * rows * rows * h));
        var patches = vision.Patches * 6.0 * vision.PatchSize * vision.PatchSize * h;
        var projector = manifest.Projector?.Operations(vision, _language.HiddenSize) ?? 0;
        return new Work(layers + patches + projector, VisionBytes);
    }

    /// <summary>Tokens appended after others, in one pass: 2 operations per weight and token, 4 times the width for each
    /// pair of a token and one that it attends to, and the head for the rows whose logits are read.</summary>
    /// <param name="tokens">Appended, all rows together.</param>
    /// <param name="behind">Already in the cache.</param>
    /// <param name="logits">Rows that are read.</param>
    public Work AppendCost(int tokens, int behind, int logits)
    {
        var pairs = ((double)tokens * behind) + (tokens * (tokens + 1.0) / 2);
        return new Work(
            (2 * tokens * LayerWeights) + (4 * pairs * _language.HiddenSize * _language.Layers) + (2 * logits * HeadWeights),
            WeightBytes(tokens) + ((double)(behind + tokens) * CacheBytes));
    }

    /// <summary>One token for each of several texts that share a prompt, in one pass.</summary>
    /// <param name="rows">Texts.</param>
    /// <param name="shared">Tokens of the prompt, which all of them see.</param>
    /// <param name="own">Tokens of each text so far.</param>
    public Work StepCost(int rows, double shared, double own) => new(
        (2 * rows * (LayerWeights + HeadWeights)) + (4 * rows * (shared + own) * _language.HiddenSize * _language.Layers),
        DecoderBytes + ((shared + (rows * own)) * CacheBytes));

    private long WeightBytes(int tokens) =>
        PrefillBytes > 0 && tokens >= (settings.MinPrefillTokens ?? ExecutionSettings.DefaultMinPrefillTokens) ? PrefillBytes : DecoderBytes;

    private long SizeOf(string graph) =>
        manifest.Files.Where(file => file.Path.StartsWith(graph, StringComparison.Ordinal)).Sum(file => file.Size);
}
