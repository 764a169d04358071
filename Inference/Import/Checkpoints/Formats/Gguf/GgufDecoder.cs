using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;

/// <summary>The LLaMA decoder of a GGUF file: keys and tensors as llama.cpp's convert_hf_to_gguf.py names them.</summary>
internal static class GgufDecoder
{
    public const string Architecture = "llama";

    /// <summary>Width of the residual stream, which a projector must have too.</summary>
    public const string WidthKey = "llama.embedding_length";

    private const string Embeddings = "token_embd.weight";
    private const string Head = "output.weight";

    /// <summary>Factors of rotary frequencies; ones change nothing.</summary>
    private const string RotaryFactors = "rope_freqs.weight";

    /// <summary>Sizes of the decoder.</summary>
    /// <exception cref="CheckpointException">They are missing or not supported.</exception>
    public static LanguageConfig ReadConfig(GgufModel model)
    {
        var keys = model.Metadata;
        RefuseOtherArithmetic(keys);
        var hidden = keys.Integer(WidthKey, 1, ModelLimits.DecoderWidth);
        var heads = keys.Integer("llama.attention.head_count", 1, hidden);
        if (hidden % heads != 0 || hidden / heads % 2 != 0 || hidden / heads > ModelLimits.HeadWidth)
        {
            throw keys.Error("llama.attention.head_count", $"a number that splits the width {hidden} into even parts of at most {ModelLimits.HeadWidth}");
        }

        foreach (var key in (string[])["llama.rope.dimension_count", "llama.attention.key_length", "llama.attention.value_length"])
        {
            _ = keys.Has(key) && keys.Integer(key, 1, ModelLimits.DecoderWidth) != hidden / heads
                ? throw keys.Error(key, $"{hidden / heads}, the width of a head")
                : 0;
        }

        var keyValueHeads = keys.Integer("llama.attention.head_count_kv", 1, heads, fallback: heads);
        if (heads % keyValueHeads != 0)
        {
            throw keys.Error("llama.attention.head_count_kv", $"a divisor of llama.attention.head_count {heads}");
        }

        var vocabulary = Vocabulary(model);
        return new LanguageConfig(
            hidden,
            keys.Integer("llama.feed_forward_length", 1, ModelLimits.DecoderWidth),
            keys.Integer("llama.block_count", 1, ModelLimits.DecoderLayers),
            heads,
            keyValueHeads,
            vocabulary,
            keys.Positive("llama.attention.layer_norm_rms_epsilon"),
            keys.Positive("llama.rope.freq_base", fallback: 10000f),
            keys.Integer("llama.context_length", 1, ModelLimits.Context),
            keys.Integer(GgufTokenizer.BeginKey, 0, vocabulary - 1, fallback: Math.Min(1, vocabulary - 1)),
            keys.Integer(GgufTokenizer.EndKey, 0, vocabulary - 1, fallback: Math.Min(2, vocabulary - 1)),
            TiedEmbeddings: model.Find(Head) is null);
    }

    /// <summary>All tensors under the checkpoint's names.</summary>
    /// <exception cref="CheckpointException">One is missing, has another shape, or is not of such a decoder.</exception>
    public static IEnumerable<CheckpointTensor> Tensors(GgufModel model, LanguageConfig language)
    {
        var known = Known(language).ToDictionary(entry => entry.Stored, StringComparer.Ordinal);
        foreach (var stored in model.TensorNames)
        {
            if (!known.ContainsKey(stored) && stored != RotaryFactors)
            {
                throw new CheckpointException(model.Path, Explain(stored, language));
            }
        }

        RequireOnes(model);
        return known.Values.Select(entry => model.Take(entry.Stored, entry.Name, entry.Shape, entry.Order)).ToList();
    }

    private static void RefuseOtherArithmetic(GgufMetadata keys)
    {
        const string Scaling = "llama.rope.scaling.type";
        if (keys.Text(Scaling) is not (null or "none" or "linear"))
        {
            throw keys.Error(Scaling, "\"none\", or \"linear\" with a factor of 1");
        }

        foreach (var key in (string[])["llama.rope.scaling.factor", "llama.rope.scale_linear", "llama.rope.scaling.attn_factor", "llama.logit_scale", "llama.residual_scale", "llama.embedding_scale"])
        {
            keys.MustBeOne(key);
        }

        foreach (var key in (string[])["llama.expert_count", "llama.attention.sliding_window", "llama.attention.max_alibi_bias", "llama.attention.clamp_kqv", "llama.use_parallel_residual"])
        {
            keys.MustBeZero(key);
        }

        keys.MustBeOne("llama.attention.causal");
    }

    private static int Vocabulary(GgufModel model)
    {
        if (model.TensorNames.Count == 0)
        {
            throw new CheckpointException(model.Path, "has no tensors: it is a vocabulary alone. Take the file with the model.");
        }

        var rows = model.Find(Embeddings) is { Dimensions: [_, var count] } ? count
            : throw new CheckpointException(model.Path, $"has no matrix '{Embeddings}'. It is incomplete or of another kind of model; download it again.");
        if (rows is < 1 or > ModelLimits.Tokens)
        {
            throw new CheckpointException(model.Path, $"has {rows} tokens; 1 to {ModelLimits.Tokens} are supported.");
        }

        const string Key = "llama.vocab_size";
        return model.Metadata.Integer(Key, 0, int.MaxValue, fallback: (int)rows) == rows
            ? (int)rows
            : throw model.Metadata.Error(Key, $"the {rows} rows of '{Embeddings}'");
    }

    private static IEnumerable<(string Stored, string Name, long[] Shape, RotaryRowOrder? Order)> Known(LanguageConfig language)
    {
        var (hidden, inner, wide) = (language.HiddenSize, language.IntermediateSize, language.Heads * language.HeadSize);
        var narrow = language.KeyValueHeads * language.HeadSize;
        var rotary = new RotaryRowOrder(language.HeadSize);
        yield return (Embeddings, "model.embed_tokens.weight", [language.VocabularySize, hidden], null);
        yield return ("output_norm.weight", "model.norm.weight", [hidden], null);
        if (!language.TiedEmbeddings)
        {
            yield return (Head, "lm_head.weight", [language.VocabularySize, hidden], null);
        }

        for (var layer = 0; layer < language.Layers; layer++)
        {
            var (stored, name) = ($"blk.{layer}.", $"model.layers.{layer}.");
            yield return ($"{stored}attn_norm.weight", $"{name}input_layernorm.weight", [hidden], null);
            yield return ($"{stored}attn_q.weight", $"{name}self_attn.q_proj.weight", [wide, hidden], rotary);
            yield return ($"{stored}attn_k.weight", $"{name}self_attn.k_proj.weight", [narrow, hidden], rotary);
            yield return ($"{stored}attn_v.weight", $"{name}self_attn.v_proj.weight", [narrow, hidden], null);
            yield return ($"{stored}attn_output.weight", $"{name}self_attn.o_proj.weight", [hidden, wide], null);
            yield return ($"{stored}ffn_norm.weight", $"{name}post_attention_layernorm.weight", [hidden], null);
            yield return ($"{stored}ffn_gate.weight", $"{name}mlp.gate_proj.weight", [inner, hidden], null);
            yield return ($"{stored}ffn_up.weight", $"{name}mlp.up_proj.weight", [inner, hidden], null);
            yield return ($"{stored}ffn_down.weight", $"{name}mlp.down_proj.weight", [hidden, inner], null);
        }
    }

    private static string Explain(string stored, LanguageConfig language) =>
        stored.StartsWith("v.", StringComparison.Ordinal) || stored.StartsWith("mm.", StringComparison.Ordinal)
            ? $"has tensor '{stored}': decoder and vision encoder are in one file, as an experimental converter wrote them. Take a pair of files, one of them an mmproj file."
            : $"has tensor '{stored}', which the LLaMA decoder of {language.Layers} layers that its keys describe does not have (biases, experts and adapters are not supported).";

    private static void RequireOnes(GgufModel model)
    {
        if (model.Find(RotaryFactors) is not { } factors)
        {
            return;
        }

        const int Most = ModelLimits.HeadWidth;
        var values = new float[Math.Min(Most, factors.Count)];
        var tensor = model.Take(RotaryFactors, RotaryFactors, [factors.Count]);
        if (tensor.Encoding is { } encoding)
        {
            encoding.Read(tensor.Location!, 0, values);
        }
        else
        {
            Checkpoint.Read(tensor.Location!, tensor.Type, 0, values);
        }

        if (factors.Count > Most || values.Any(value => value != 1))
        {
            throw new CheckpointException(model.Path, $"has '{RotaryFactors}' with factors other than 1 (scaled rotary embeddings), which are not supported.");
        }
    }
}
