using MobileVlm.Edge.Inference.Import.Graphs;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>All tensors of a model, in the order in which PyTorch would save them. Weights get a deviation of
/// 1/sqrt(inputs), so that activations keep their size from layer to layer.</summary>
internal static class SyntheticTensors
{
    /// <summary>Of biases, positions and the class token: small beside what they are added to, as after training.</summary>
    private const float SmallScale = 0.02f;

    public static IEnumerable<SyntheticTensor> Of(PublishedModel model)
    {
        var (language, hidden) = (model.Language, model.Language.HiddenSize);
        return
        [
            Matrix("model.embed_tokens.weight", language.VocabularySize, hidden),
            .. Enumerable.Range(0, language.Layers).SelectMany(i => DecoderLayer($"model.layers.{i}", language)),
            Norm("model.norm.weight", hidden),
            .. model.Vision is { } vision ? Vision(vision) : [],
            .. model.Projector switch
            {
                ProjectorType.Ldp => Ldp(model.Vision!.HiddenSize, hidden),
                ProjectorType.LdpV2 => LdpV2(model.Vision!.HiddenSize, hidden),
                _ => [],
            },
            Matrix("lm_head.weight", language.VocabularySize, hidden),
        ];
    }

    private static IEnumerable<SyntheticTensor> DecoderLayer(string at, LanguageConfig config)
    {
        var (hidden, inner, keys) = (config.HiddenSize, config.IntermediateSize, config.KeyValueHeads * config.HeadSize);
        return
        [
            Matrix($"{at}.self_attn.q_proj.weight", hidden, hidden),
            Matrix($"{at}.self_attn.k_proj.weight", keys, hidden),
            Matrix($"{at}.self_attn.v_proj.weight", keys, hidden),
            Matrix($"{at}.self_attn.o_proj.weight", hidden, hidden),
            Matrix($"{at}.mlp.gate_proj.weight", inner, hidden),
            Matrix($"{at}.mlp.up_proj.weight", inner, hidden),
            Matrix($"{at}.mlp.down_proj.weight", hidden, inner),
            Norm($"{at}.input_layernorm.weight", hidden),
            Norm($"{at}.post_attention_layernorm.weight", hidden),
        ];
    }

    private static IEnumerable<SyntheticTensor> Vision(VisionConfig config)
    {
        const string At = "model.vision_tower.vision_tower.vision_model";
        var (hidden, inner, patch) = (config.HiddenSize, config.IntermediateSize, config.PatchSize);
        return
        [
            new($"{At}.embeddings.class_embedding", [hidden], SmallScale),
            Matrix($"{At}.embeddings.patch_embedding.weight", hidden, 3, patch, patch),
            new($"{At}.embeddings.position_embedding.weight", [config.Patches + 1, hidden], SmallScale),
            .. LayerNorm($"{At}.pre_layrnorm", hidden),
            .. Enumerable.Range(0, config.Layers).Select(i => $"{At}.encoder.layers.{i}").SelectMany(layer =>
                (IEnumerable<SyntheticTensor>)
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

    private static IEnumerable<SyntheticTensor> Ldp(int vision, int hidden)
    {
        const string At = "model.mm_projector.model";
        var squeezed = ProjectorGraph.SqueezeChannels(hidden);
        return
        [
            .. Linear($"{At}.mlp.1", hidden, vision),
            .. Linear($"{At}.mlp.3", hidden, hidden),
            .. Enumerable.Range(1, 2).Select(i => $"{At}.mb_block.{i}.block").SelectMany(block =>
                (IEnumerable<SyntheticTensor>)
                [
                    Matrix($"{block}.0.0.weight", hidden, 1, 3, 3),
                    .. LayerNorm($"{block}.0.1", hidden),
                    .. Linear($"{block}.1.fc1", squeezed, hidden, 1, 1),
                    .. Linear($"{block}.1.fc2", hidden, squeezed, 1, 1),
                    Matrix($"{block}.2.0.weight", hidden, hidden, 1, 1),
                    .. LayerNorm($"{block}.2.1", hidden),
                ]),
        ];
    }

    private static IEnumerable<SyntheticTensor> LdpV2(int vision, int hidden) =>
    [
        .. Linear("model.mm_projector.mlp.mlp.0", hidden, vision),
        .. Linear("model.mm_projector.mlp.mlp.2", hidden, hidden),
        .. Linear("model.mm_projector.peg.peg.0", hidden, 1, 3, 3),
    ];

    private static IEnumerable<SyntheticTensor> Linear(string name, params long[] shape) =>
        [Matrix($"{name}.weight", shape), new($"{name}.bias", [shape[0]], SmallScale)];

    private static IEnumerable<SyntheticTensor> LayerNorm(string name, long size) =>
        [Norm($"{name}.weight", size), new($"{name}.bias", [size], SmallScale)];

    private static SyntheticTensor Matrix(string name, params long[] shape) =>
        new(name, shape, 1 / MathF.Sqrt(shape.Skip(1).Aggregate(1L, (product, size) => product * size)));

    private static SyntheticTensor Norm(string name, long size) => new(name, [size], 0);
}
