using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Import.Synthesis;

/// <summary>The JSON files of a checkpoint, with the keys that the published library writes.</summary>
internal static class SyntheticConfig
{
    public static byte[] Model(PublishedModel model, long seed) => Json(json =>
    {
        var language = model.Language;
        Texts(json, "architectures", model.Vision is null ? "LlamaForCausalLM" : "MobileLlamaForCausalLM");
        json.WriteString("model_type", model.Vision is null ? "llama" : "mobilevlm");
        json.WriteString("_name_or_path", $"{model.Name} of random numbers, seed {seed}");
        json.WriteNumber("vocab_size", language.VocabularySize);
        json.WriteNumber("hidden_size", language.HiddenSize);
        json.WriteNumber("intermediate_size", language.IntermediateSize);
        json.WriteNumber("num_hidden_layers", language.Layers);
        json.WriteNumber("num_attention_heads", language.Heads);
        json.WriteNumber("num_key_value_heads", language.KeyValueHeads);
        json.WriteNumber("max_position_embeddings", language.MaxPositions);
        json.WriteNumber("max_sequence_length", language.MaxPositions);
        json.WriteNumber("rms_norm_eps", language.RmsNormEpsilon);
        json.WriteString("hidden_act", "silu");
        json.WriteNumber("initializer_range", 0.02);
        json.WriteNumber("bos_token_id", language.BosTokenId);
        json.WriteNumber("eos_token_id", language.EosTokenId);
        json.WriteNumber("pad_token_id", 0);
        json.WriteNumber("pretraining_tp", 1);
        json.WriteNull("rope_scaling");
        json.WriteBoolean("tie_word_embeddings", language.TiedEmbeddings);
        json.WriteString("torch_dtype", "float16");
        json.WriteBoolean("use_cache", true);
        if (model is { Vision: { } vision, Projector: { } projector })
        {
            json.WriteString(ConfigReader.ProjectorKey, projector.ConfigName);
            json.WriteString(CheckpointLayout.VisionTowerKey, ClipTower.Repository);
            json.WriteString("vision_tower_type", "clip");
            json.WriteNumber("mm_hidden_size", vision.HiddenSize);
            json.WriteNumber("mm_vision_select_layer", vision.SelectLayer);
            json.WriteString("mm_vision_select_feature", "patch");
            json.WriteBoolean("mm_use_im_start_end", false);
            json.WriteBoolean("mm_use_im_patch_token", false);
            json.WriteString("image_aspect_ratio", "pad");
            json.WriteBoolean("freeze_mm_mlp_adapter", false);
            json.WriteBoolean("tune_mm_mlp_adapter", false);
        }
    });

    /// <summary>config.json of a tower that is not <see cref="ClipTower"/>, which the checkpoint has to contain.</summary>
    public static byte[] Tower(VisionConfig vision) => Json(json =>
    {
        json.WriteString("model_type", "clip_vision_model");
        json.WriteNumber("num_channels", 3);
        json.WriteString("hidden_act", "quick_gelu");
        json.WriteNumber("layer_norm_eps", vision.LayerNormEpsilon);
        json.WriteNumber("hidden_size", vision.HiddenSize);
        json.WriteNumber("intermediate_size", vision.IntermediateSize);
        json.WriteNumber("num_attention_heads", vision.Heads);
        json.WriteNumber("num_hidden_layers", vision.Layers);
        json.WriteNumber("image_size", vision.ImageSize);
        json.WriteNumber("patch_size", vision.PatchSize);
    });

    public static byte[] Tokenizer() => Json(json =>
    {
        json.WriteString("tokenizer_class", "LlamaTokenizer");
        json.WriteBoolean("add_bos_token", true);
        json.WriteBoolean("add_eos_token", false);
        json.WriteBoolean("legacy", true);
    });

    /// <summary>The index of the shards: the file of each tensor.</summary>
    public static byte[] Index(IEnumerable<(string File, IReadOnlyList<SyntheticTensor> Tensors)> shards) => Json(json =>
    {
        var all = shards.ToList();
        json.WriteStartObject("metadata");
        json.WriteNumber("total_size", all.Sum(shard => shard.Tensors.Sum(tensor => tensor.ByteCount)));
        json.WriteEndObject();
        json.WriteStartObject("weight_map");
        foreach (var (file, tensors) in all)
        {
            foreach (var tensor in tensors)
            {
                json.WriteString(tensor.Name, file);
            }
        }

        json.WriteEndObject();
    });

    private static void Texts(Utf8JsonWriter json, string key, string text)
    {
        json.WriteStartArray(key);
        json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }
}
