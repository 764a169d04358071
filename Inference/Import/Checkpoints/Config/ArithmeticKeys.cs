using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>Keys with which related models compute something other than the graphs that are written here. Each is refused by its
/// name unless its value changes nothing. Keys that are read elsewhere are checked where they are read.</summary>
internal static class ArithmeticKeys
{
    private static readonly Accepted False = new("false", value => value.ValueKind == JsonValueKind.False);
    private static readonly Accepted None = new("null", Nothing);
    private static readonly Accepted Zero = new("null or 0", value => Nothing(value) || ConfigFields.IsNumber(value, 0));
    private static readonly Accepted One = new("1", value => ConfigFields.IsNumber(value, 1));
    private static readonly Accepted AtMostOne = new("null, 0 or 1", value => Nothing(value) || ConfigFields.IsNumber(value, 0) || ConfigFields.IsNumber(value, 1));
    private static readonly Accepted TenThousand = new("10000", value => ConfigFields.IsNumber(value, 10000));

    private static readonly (string Key, Accepted Values)[] Decoder =
    [
        ("attention_bias", False), ("mlp_bias", False), ("qkv_bias", False), ("use_bias", False),
        ("use_sliding_window", False),
        ("layer_types", new("a list of \"full_attention\"", value => value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(layer => layer.ValueKind == JsonValueKind.String && layer.ValueEquals("full_attention")))),
        ("partial_rotary_factor", One), ("rotary_pct", One), ("rope_interleave", False), ("rope_interleaved", False), ("no_rope_layers", None),
        ("rotary_emb_base", TenThousand), ("rotary_base", TenThousand), ("alibi", False),
        ("attn_logit_softcapping", Zero), ("final_logit_softcapping", Zero),
        ("embedding_multiplier", One), ("residual_multiplier", One), ("logits_scaling", One), ("logit_scale", One), ("attention_multiplier", None),
        ("scale_emb", One), ("scale_depth", None), ("dim_model_base", None), ("query_pre_attn_scalar", None),
        ("use_qk_norm", False), ("qk_norm", False), ("qk_layernorm", False), ("parallel_attn", False), ("use_parallel_residual", False),
        ("num_local_experts", AtMostOne), ("num_experts", AtMostOne), ("n_routed_experts", AtMostOne), ("is_encoder_decoder", False),
        ("pruned_heads", None), ("quantization_config", None), ("compression_config", None),
    ];

    private static readonly (string Key, Accepted Values)[] Picture =
    [
        ("mm_use_im_start_end", False), ("mm_use_im_patch_token", False),
        ("mm_patch_merge_type", new("\"flat\"", value => value.ValueKind == JsonValueKind.String && value.ValueEquals("flat"))),
        ("mm_resampler_type", None), ("s2", False), ("use_s2", False), ("mm_use_s2", False), ("s2_scales", None), ("mm_vision_tower_aux", None),
        ("multimodal_projector_bias", new("true", value => value.ValueKind == JsonValueKind.True)),
    ];

    private static readonly (string Key, Accepted Values)[] Tower =
    [
        ("model_type", new("\"clip_vision_model\"", value => value.ValueKind == JsonValueKind.String && (value.ValueEquals("clip_vision_model") || value.ValueEquals("clip")))),
        ("num_register_tokens", Zero), ("quantization_config", None), ("compression_config", None),
    ];

    /// <summary>Checks the keys of a decoder.</summary>
    /// <exception cref="CheckpointException">One changes the arithmetic.</exception>
    public static void CheckDecoder(ConfigFields fields) => Check(fields, Decoder);

    /// <summary>Checks the keys of a model with vision, beside those of its decoder.</summary>
    /// <exception cref="CheckpointException">One changes the arithmetic.</exception>
    public static void CheckPicture(ConfigFields fields) => Check(fields, Picture);

    /// <summary>Checks the keys of a vision tower's own configuration.</summary>
    /// <exception cref="CheckpointException">One changes the arithmetic.</exception>
    public static void CheckTower(ConfigFields fields) => Check(fields, Tower);

    private static void Check(ConfigFields fields, (string Key, Accepted Values)[] keys)
    {
        foreach (var (key, values) in keys)
        {
            fields.MustBe(key, values.Contains, values.Text);
        }
    }

    private static bool Nothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Values that change nothing. A key that is null counts as absent.</summary>
    /// <param name="Text">The values, for a message.</param>
    /// <param name="Contains">Whether a value is one of them.</param>
    private sealed record Accepted(string Text, Func<JsonElement, bool> Contains);
}
