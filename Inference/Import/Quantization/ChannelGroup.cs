using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Quantization;

/// <summary>Matrices that share their input, and what produces that input channel by channel. Dividing the producers' channels
/// and multiplying the matrices' columns by the same numbers changes nothing in exact arithmetic.</summary>
/// <param name="Node">The node whose inputs were measured.</param>
/// <param name="Format">The format in which the matrices are stored.</param>
/// <param name="Matrices">Their columns are multiplied.</param>
/// <param name="Producers">Norm weights, or matrices whose rows produce the channels; these are divided.</param>
internal sealed record ChannelGroup(string Node, WeightFormat Format, IReadOnlyList<LinearWeight> Matrices, IReadOnlyList<string> Producers)
{
    public int Channels => Matrices[0].Inputs;

    /// <summary>Further nodes with the same input.</summary>
    public IReadOnlyList<string> OtherNodes { get; init; } = [];

    /// <summary>Whether the channels lie in the KV cache, so that all weights that share a cache have the same scales.</summary>
    public bool IsCached { get; init; }

    /// <summary>The scale of every channel where it is not searched.</summary>
    public float? Factor { get; init; }

    /// <summary>Whether a node has this input.</summary>
    public bool IsInputOf(string node) => Node == node || OtherNodes.Contains(node);

    /// <summary>All groups of a vision encoder. The MLP's inner channels are not searched, because no factor passes through
    /// QuickGELU; they have QuickGELU's own factor, which makes its argument and result that of x * sigmoid(x), for which
    /// ONNX Runtime needs half the time.</summary>
    /// <param name="vision">Its sizes.</param>
    /// <param name="format">Format of the matrices behind norms and behind the attention.</param>
    public static IEnumerable<ChannelGroup> Of(VisionConfig vision, WeightFormat format)
    {
        var (width, inner) = (vision.HiddenSize, vision.IntermediateSize);
        for (var layer = 0; layer < vision.LayersUsed; layer++)
        {
            var (node, at) = ($"vision.{layer}", $"vision.encoder.layers.{layer}");
            LinearWeight Projection(string part) => new($"{at}.self_attn.{part}_proj.weight", width, width);
            yield return new ChannelGroup(
                $"{node}.q", format, [Projection("q"), Projection("k"), Projection("v")], [$"{at}.layer_norm1.weight", $"{at}.layer_norm1.bias"])
            {
                OtherNodes = [$"{node}.k", $"{node}.v"],
            };
            yield return new ChannelGroup(
                $"{node}.out", format, [Projection("out")], [Projection("v").Name, $"{at}.self_attn.v_proj.bias"]);
            yield return new ChannelGroup(
                $"{node}.fc1", format, [new($"{at}.mlp.fc1.weight", inner, width)], [$"{at}.layer_norm2.weight", $"{at}.layer_norm2.bias"]);
            yield return new ChannelGroup(
                $"{node}.fc2", format, [new($"{at}.mlp.fc2.weight", width, inner)], [$"{at}.mlp.fc1.weight", $"{at}.mlp.fc1.bias"])
            {
                Factor = 1 / VisionConfig.QuickGeluAlpha,
            };
        }
    }

    /// <summary>All groups of a decoder.</summary>
    public static IEnumerable<ChannelGroup> Of(LanguageConfig language, DecoderRecipe recipe)
    {
        var (hidden, inner, wide) = (language.HiddenSize, language.IntermediateSize, language.Heads * language.HeadSize);
        var narrow = language.KeyValueHeads * language.HeadSize;
        for (var layer = 0; layer < language.Layers; layer++)
        {
            var (node, at) = ($"layers.{layer}", $"model.layers.{layer}");
            var sensitive = DecoderRecipe.IsSensitive(layer, language.Layers) ? recipe.Sensitive : recipe.Body;
            yield return new ChannelGroup(
                $"{node}.qkv", sensitive,
                [
                    new($"{at}.self_attn.q_proj.weight", wide, hidden), new($"{at}.self_attn.k_proj.weight", narrow, hidden),
                    new($"{at}.self_attn.v_proj.weight", narrow, hidden),
                ],
                [$"{at}.input_layernorm.weight"]);
            yield return new ChannelGroup(
                $"{node}.gate", recipe.Body,
                [new($"{at}.mlp.gate_proj.weight", inner, hidden), new($"{at}.mlp.up_proj.weight", inner, hidden)],
                [$"{at}.post_attention_layernorm.weight"])
            {
                OtherNodes = [$"{node}.up"],
            };

            // silu(gate) * up: what divides a row of up divides the product.
            yield return new ChannelGroup(
                $"{node}.down", sensitive, [new($"{at}.mlp.down_proj.weight", hidden, inner)], [$"{at}.mlp.up_proj.weight"]);

            // Attention mixes positions, not channels. With grouped-query attention one value channel feeds several output
            // channels, so no single divisor would fit; the output projection is then left unscaled.
            if (wide == narrow)
            {
                yield return new ChannelGroup(
                    $"{node}.out", recipe.Body, [new($"{at}.self_attn.o_proj.weight", hidden, wide)], [$"{at}.self_attn.v_proj.weight"])
                {
                    IsCached = true,
                };
            }
        }

        var head = language.TiedEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        yield return new ChannelGroup(
            DecoderTensors.Logits, recipe.Head, [new(head, language.VocabularySize, hidden)], ["model.norm.weight"]);
    }
}
