using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Models.Projectors;
using static MobileVlm.Edge.Inference.Models.Projectors.TensorSpec;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>All tensors of a model, in the order in which PyTorch would save them.</summary>
internal static class SyntheticTensors
{
    public static IEnumerable<SyntheticTensor> Of(PublishedModel model) => Specs(model).Select(SyntheticTensor.Of);

    private static IEnumerable<TensorSpec> Specs(PublishedModel model)
    {
        var (language, hidden) = (model.Language, model.Language.HiddenSize);
        return
        [
            Weight("model.embed_tokens.weight", language.VocabularySize, hidden),
            .. Enumerable.Range(0, language.Layers).SelectMany(i => DecoderLayer($"model.layers.{i}", language)),
            Norm("model.norm.weight", hidden),
            .. model.Vision is { } vision ? Vision(vision) : [],
            .. model is { Vision: { } encoder, Projector: { } projector }
                ? projector.Tensors(encoder.HiddenSize, hidden)
                : [],
            Weight("lm_head.weight", language.VocabularySize, hidden),
        ];
    }

    private static IEnumerable<TensorSpec> DecoderLayer(string at, LanguageConfig config)
    {
        var (hidden, inner, keys) = (config.HiddenSize, config.IntermediateSize, config.KeyValueHeads * config.HeadSize);
        return
        [
            Weight($"{at}.self_attn.q_proj.weight", hidden, hidden),
            Weight($"{at}.self_attn.k_proj.weight", keys, hidden),
            Weight($"{at}.self_attn.v_proj.weight", keys, hidden),
            Weight($"{at}.self_attn.o_proj.weight", hidden, hidden),
            Weight($"{at}.mlp.gate_proj.weight", inner, hidden),
            Weight($"{at}.mlp.up_proj.weight", inner, hidden),
            Weight($"{at}.mlp.down_proj.weight", hidden, inner),
            Norm($"{at}.input_layernorm.weight", hidden),
            Norm($"{at}.post_attention_layernorm.weight", hidden),
        ];
    }

    private static IEnumerable<TensorSpec> Vision(VisionConfig config)
    {
        const string At = "model.vision_tower.vision_tower.vision_model";
        var (hidden, inner, patch) = (config.HiddenSize, config.IntermediateSize, config.PatchSize);
        return
        [
            Bias($"{At}.embeddings.class_embedding", hidden),
            Weight($"{At}.embeddings.patch_embedding.weight", hidden, 3, patch, patch),
            Bias($"{At}.embeddings.position_embedding.weight", config.Patches + 1, hidden),
            .. LayerNorm($"{At}.pre_layrnorm", hidden),
            .. Enumerable.Range(0, config.Layers).Select(i => $"{At}.encoder.layers.{i}").SelectMany(layer =>
                (IEnumerable<TensorSpec>)
                [
                    .. Linear($"{layer}.self_attn.k_proj", hidden, hidden),
                    .. Linear($"{layer}.self_attn.v_proj", hidden, hidden),
                    .. Linear($"{layer}.self_attn.q_proj", hidden, hidden),
                    .. Linear($"{layer}.self_attn.out_proj", hidden, hidden),
                    .. LayerNorm($"{layer}.layer_norm1", hidden),
                    .. Linear($"{layer}.mlp.fc1", inner, hidden),
                    .. Linear($"{layer}.mlp.fc2", hidden, inner),
                    .. LayerNorm($"{layer}.layer_norm2", hidden),
                ]),
            .. LayerNorm($"{At}.post_layernorm", hidden),
        ];
    }
}
