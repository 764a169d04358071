using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

/// <summary>Every tensor that a configuration implies, with its shape, written down from the reference model.</summary>
internal static class ImpliedTensors
{
    public static IEnumerable<(string Name, long[] Shape)> Of(ModelConfig config)
    {
        var vision = config.Vision is null ? [] : Vision(config.Vision);
        var projector = config.Projector is null ? []
            : config.Projector.ConfigName switch
            {
                "ldpnet" => Ldp(config.Vision!.HiddenSize, config.Language.HiddenSize),
                "ldpnetv2" => LdpV2(config.Vision!.HiddenSize, config.Language.HiddenSize),
                "mlp2x_gelu" => Mlp(config.Vision!.HiddenSize, config.Language.HiddenSize),
                var other => throw new NotSupportedException($"Nothing is written down for '{other}'."),
            };
        return [.. Language(config.Language), .. vision, .. projector];
    }

    private static IEnumerable<(string, long[])> Language(LanguageConfig config)
    {
        long hidden = config.HiddenSize, inner = config.IntermediateSize;
        long keys = config.KeyValueHeads * config.HeadSize;
        yield return ("model.embed_tokens.weight", [config.VocabularySize, hidden]);
        yield return ("lm_head.weight", [config.VocabularySize, hidden]);
        yield return ("model.norm.weight", [hidden]);
        for (var i = 0; i < config.Layers; i++)
        {
            var layer = $"model.layers.{i}.";
            yield return (layer + "self_attn.q_proj.weight", [hidden, hidden]);
            yield return (layer + "self_attn.k_proj.weight", [keys, hidden]);
            yield return (layer + "self_attn.v_proj.weight", [keys, hidden]);
            yield return (layer + "self_attn.o_proj.weight", [hidden, hidden]);
            yield return (layer + "mlp.gate_proj.weight", [inner, hidden]);
            yield return (layer + "mlp.up_proj.weight", [inner, hidden]);
            yield return (layer + "mlp.down_proj.weight", [hidden, inner]);
            yield return (layer + "input_layernorm.weight", [hidden]);
            yield return (layer + "post_attention_layernorm.weight", [hidden]);
        }
    }

    private static IEnumerable<(string, long[])> Vision(VisionConfig config)
    {
        long hidden = config.HiddenSize, inner = config.IntermediateSize, patch = config.PatchSize;
        yield return ("vision.embeddings.class_embedding", [hidden]);
        yield return ("vision.embeddings.patch_embedding.weight", [hidden, 3, patch, patch]);
        yield return ("vision.embeddings.position_embedding.weight", [config.Patches + 1, hidden]);
        IEnumerable<(string, long[])> rest =
        [
            .. Affine("vision.pre_layrnorm", hidden),
            .. Affine("vision.post_layernorm", hidden),
            .. Enumerable.Range(0, config.Layers).Select(i => $"vision.encoder.layers.{i}.").SelectMany(layer =>
                (IEnumerable<(string, long[])>)
                [
                    .. Affine(layer + "layer_norm1", hidden),
                    .. Affine(layer + "layer_norm2", hidden),
                    .. Affine(layer + "self_attn.q_proj", hidden, hidden),
                    .. Affine(layer + "self_attn.k_proj", hidden, hidden),
                    .. Affine(layer + "self_attn.v_proj", hidden, hidden),
                    .. Affine(layer + "self_attn.out_proj", hidden, hidden),
                    .. Affine(layer + "mlp.fc1", inner, hidden),
                    .. Affine(layer + "mlp.fc2", hidden, inner),
                ]),
        ];
        foreach (var tensor in rest)
        {
            yield return tensor;
        }
    }

    private static IEnumerable<(string, long[])> Ldp(long vision, long hidden)
    {
        // torchvision's squeeze: a quarter, rounded to a multiple of eight.
        var squeeze = Math.Max(8, ((hidden / 4) + 4) / 8 * 8);
        IEnumerable<(string, long[])> tensors =
        [
            .. Affine("model.mm_projector.model.mlp.1", hidden, vision),
            .. Affine("model.mm_projector.model.mlp.3", hidden, hidden),
        ];
        foreach (var block in Enumerable.Range(1, 2).Select(i => $"model.mm_projector.model.mb_block.{i}.block."))
        {
            tensors =
            [
                .. tensors,
                (block + "0.0.weight", [hidden, 1, 3, 3]),
                .. Affine(block + "0.1", hidden),
                .. Affine(block + "1.fc1", squeeze, hidden, 1, 1),
                .. Affine(block + "1.fc2", hidden, squeeze, 1, 1),
                (block + "2.0.weight", [hidden, hidden, 1, 1]),
                .. Affine(block + "2.1", hidden),
            ];
        }

        return tensors;
    }

    private static IEnumerable<(string, long[])> LdpV2(long vision, long hidden) =>
    [
        .. Affine("model.mm_projector.mlp.mlp.0", hidden, vision),
        .. Affine("model.mm_projector.mlp.mlp.2", hidden, hidden),
        .. Affine("model.mm_projector.peg.peg.0", hidden, 1, 3, 3),
    ];

    private static IEnumerable<(string, long[])> Mlp(long vision, long hidden) =>
    [
        .. Affine("model.mm_projector.0", hidden, vision),
        .. Affine("model.mm_projector.2", hidden, hidden),
    ];

    private static IEnumerable<(string, long[])> Affine(string name, params long[] weight) =>
        [(name + ".weight", weight), (name + ".bias", [weight[0]])];
}
