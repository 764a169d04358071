using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class ConfigTests
{
    [Theory]
    [InlineData("hidden_act", "\"gelu\"", "supported is \"silu\"")]
    [InlineData("attention_bias", "true", "supported is false")]
    [InlineData("mlp_bias", "true", "supported is false")]
    [InlineData("mm_use_im_start_end", "true", "supported is false")]
    [InlineData("mm_use_im_patch_token", "true", "supported is false")]
    [InlineData("mm_use_im_patch_token", "\"no\"", "supported is false")]
    [InlineData("mm_projector_type", "\"mlp9x_gelu\"", "\"ldpnet\" or \"ldpnetv2\" or \"linear\" or \"mlpNx_gelu\" (N from 1 to 8)")]
    [InlineData("mm_projector_type", null, "is missing")]
    [InlineData("mm_vision_tower", null, "is missing")]
    [InlineData("mm_vision_tower", "7", "a text")]
    [InlineData("image_aspect_ratio", "\"square\"", "supported is \"pad\"")]
    [InlineData("image_aspect_ratio", null, "supported is \"pad\"")]
    [InlineData("mm_vision_select_feature", "\"cls_patch\"", "supported is \"patch\"")]
    [InlineData("use_sliding_window", "true", "supported is false")]
    [InlineData("layer_types", "[\"full_attention\", \"sliding_attention\"]", "supported is a list of \"full_attention\"")]
    [InlineData("partial_rotary_factor", "0.5", "supported is 1")]
    [InlineData("final_logit_softcapping", "30.0", "supported is null or 0")]
    [InlineData("residual_multiplier", "0.22", "supported is 1")]
    [InlineData("num_local_experts", "8", "supported is null, 0 or 1")]
    [InlineData("quantization_config", "{\n \"bits\": 4\n}", "is {\"bits\":4}; supported is null")]
    [InlineData("mm_patch_merge_type", "\"spatial_unpad\"", "supported is \"flat\"")]
    [InlineData("mm_resampler_type", "\"qformer\"", "supported is null")]
    [InlineData("s2", "true", "supported is false")]
    [InlineData("mm_vision_select_layer", "-5", "from -4 to 4")]
    [InlineData("mm_vision_select_layer", "0", "a layer of the tower's 4")]
    [InlineData("vision_tower_type", "\"siglip\"", "supported is \"clip\"")]
    [InlineData("mm_hidden_size", "1024", "the vision tower's hidden_size, 48")]
    [InlineData("architectures", "[\"LlavaQwenForCausalLM\"]", "MobileLlamaForCausalLM")]
    [InlineData("architectures", "[]", "MobileLlamaForCausalLM")]
    [InlineData("hidden_size", null, "is missing")]
    [InlineData("hidden_size", "0", "a whole number")]
    [InlineData("hidden_size", "-64", "a whole number")]
    [InlineData("hidden_size", "6.4", "a whole number")]
    [InlineData("hidden_size", "99999999999", "a whole number")]
    [InlineData("num_attention_heads", "3", "splits hidden_size 64")]
    [InlineData("num_attention_heads", "64", "splits hidden_size 64")]
    [InlineData("num_key_value_heads", "3", "a divisor of num_attention_heads 4")]
    [InlineData("num_key_value_heads", "8", "a whole number from 1 to 4")]
    [InlineData("head_dim", "32", "hidden_size / num_attention_heads = 16")]
    [InlineData("rms_norm_eps", "0", "a number above 0")]
    [InlineData("rope_theta", "-1", "a number above 0")]
    [InlineData("rope_theta", "1e999", "a number above 0")]
    [InlineData("eos_token_id", "[2, 3]", "one whole number from 0 to 799")]
    [InlineData("bos_token_id", "800", "a whole number from 0 to 799")]
    [InlineData("tie_word_embeddings", "1", "true or false")]
    public void What_is_not_supported_is_refused_with_its_key(string key, string? json, string message)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        SmallCheckpoint.Edit(folder["config.json"], key, json);
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Contains($"'{key}' is", fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal(folder["config.json"], fault.File);
    }

    [Theory]
    [InlineData("config.json", "hidden_act", "\"gelu\"", "supported is \"quick_gelu\"")]
    [InlineData("config.json", "num_channels", "1", "from 3 to 3")]
    [InlineData("config.json", "patch_size", "15", "a divisor of image_size 112")]
    [InlineData("config.json", "num_attention_heads", "5", "a divisor of hidden_size 48")]
    [InlineData("config.json", "layer_norm_eps", "\"small\"", "a number above 0")]
    [InlineData("config.json", "vision_config", "[]", "an object")]
    [InlineData("config.json", "model_type", "\"siglip_vision_model\"", "supported is \"clip_vision_model\"")]
    [InlineData("preprocessor_config.json", "do_resize", "false", "supported is true")]
    [InlineData("preprocessor_config.json", "do_rescale", "false", "supported is true")]
    [InlineData("preprocessor_config.json", "do_normalize", "false", "supported is true")]
    [InlineData("preprocessor_config.json", "resample", "2", "supported is 3 (bicubic)")]
    [InlineData("preprocessor_config.json", "rescale_factor", "0.00784313725490196", "supported is 1/255")]
    [InlineData("preprocessor_config.json", "size", "{\"shortest_edge\": 224}", "the tower's image_size, 112")]
    [InlineData("preprocessor_config.json", "size", "{\"longest_edge\": 112}", "the tower's image_size, 112")]
    [InlineData("preprocessor_config.json", "crop_size", "{\"height\": 112, \"width\": 96}", "the tower's image_size, 112")]
    [InlineData("preprocessor_config.json", "image_processor_type", "\"SiglipImageProcessor\"", "supported is \"CLIPImageProcessor\"")]
    [InlineData("preprocessor_config.json", "image_mean", "[0.5, 0.5]", "three numbers")]
    [InlineData("preprocessor_config.json", "image_std", "[0.5, 0, 0.5]", "three numbers above 0")]
    [InlineData("preprocessor_config.json", "image_std", "\"clip\"", "three numbers above 0")]
    public void What_is_not_supported_of_the_tower_is_refused_with_its_key(
        string file, string key, string json, string message)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        SmallCheckpoint.Edit(folder["vision_tower/" + file], key, json);
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Contains($"'{key}' is", fault.Message, StringComparison.Ordinal);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Equal(folder["vision_tower/" + file], fault.File);
    }

    [Theory]
    [InlineData("config.json", "eos_token_id", "[2]")]
    [InlineData("config.json", "bos_token_id", "[1]")]
    [InlineData("config.json", "hidden_size", "64.0")]
    [InlineData("config.json", "layer_types", "[\"full_attention\", \"full_attention\"]")]
    [InlineData("config.json", "pruned_heads", "{}")]
    [InlineData("config.json", "image_grid_pinpoints", "[[336, 672]]")]
    [InlineData("config.json", "task_specific_params", "{\"a\": [1]}")]
    [InlineData("config.json", "mm_patch_merge_type", "\"flat\"")]
    [InlineData("config.json", "architectures", "[\"LlavaLlamaForCausalLM\"]")]
    [InlineData("vision_tower/preprocessor_config.json", "size", "112")]
    [InlineData("vision_tower/preprocessor_config.json", "size", "{\"height\": 112, \"width\": 112, \"longest_edge\": null}")]
    [InlineData("vision_tower/preprocessor_config.json", "crop_size", "112")]
    [InlineData("vision_tower/preprocessor_config.json", "do_center_crop", "false")]
    [InlineData("vision_tower/preprocessor_config.json", "feature_extractor_type", "\"CLIPFeatureExtractor\"")]
    public void What_changes_nothing_is_accepted(string file, string key, string json)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        using var before = Checkpoint.Open(folder.Path);
        SmallCheckpoint.Edit(folder[file], key, json);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(before.Config.Language, checkpoint.Config.Language);
        Assert.Equal(before.Config.Vision!.ImageMean, checkpoint.Config.Vision!.ImageMean);
    }

    [Theory]
    [InlineData("rope_parameters", """{"rope_theta": 500000.0, "rope_type": "default"}""", null, 500000)]
    [InlineData("rope_parameters", """{"rope_theta": 500000.0}""", "500000", 500000)]
    [InlineData("rope_parameters", """{"rope_type": "linear", "factor": 1.0}""", "20000.0", 20000)]
    [InlineData("rope_parameters", "null", null, 10000)]
    [InlineData("rope_scaling", """{"type": "default"}""", null, 10000)]
    [InlineData("rope_scaling", """{"rope_type": "default", "rope_theta": 1e6}""", null, 1000000)]
    public void The_rotary_base_is_read_wherever_it_stands(string key, string json, string? theta, float expected)
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        SmallCheckpoint.Edit(folder["config.json"], key, json);
        SmallCheckpoint.Edit(folder["config.json"], "rope_theta", theta);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(expected, checkpoint.Config.Language.RopeTheta);
    }

    [Theory]
    [InlineData("rope_parameters", """{"rope_type": "linear", "factor": 2.0}""", "'rope_parameters.factor' is 2.0; supported is 1")]
    [InlineData("rope_parameters", """{"rope_type": "default", "factor": 8}""", "'rope_parameters.factor' is 8; supported is 1")]
    [InlineData("rope_parameters", """{"rope_type": "yarn"}""", "'rope_parameters.rope_type' is \"yarn\"; supported is \"default\"")]
    [InlineData("rope_parameters", """{"rope_type": "linear"}""", "'rope_parameters.rope_type' is \"linear\"")]
    [InlineData("rope_parameters", """{"rope_type": "llama3", "low_freq_factor": 1.0}""", "'rope_parameters.low_freq_factor' is 1.0")]
    [InlineData("rope_parameters", """{"partial_rotary_factor": 0.5}""", "'rope_parameters.partial_rotary_factor' is 0.5; supported is 1")]
    [InlineData("rope_parameters", """{"full_attention": {"rope_type": "default"}}""", "'rope_parameters.full_attention' is")]
    [InlineData("rope_parameters", """{"rope_theta": 10001}""", "'rope_parameters.rope_theta' is 10001; supported is the same number")]
    [InlineData("rope_parameters", "[]", "'rope_parameters' is []; supported is an object")]
    [InlineData("rope_scaling", """{"type": "linear", "factor": 2.0}""", "'rope_scaling.factor' is 2.0; supported is 1")]
    [InlineData("rope_scaling", """{"type": "dynamic", "factor": 4.0}""", "'rope_scaling.factor' is 4.0; supported is 1")]
    public void Scaled_positions_are_refused_with_their_key(string key, string json, string message)
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        SmallCheckpoint.Edit(folder["config.json"], "rope_theta", "10000.0");
        SmallCheckpoint.Edit(folder["config.json"], key, json);
        Assert.Contains(message, SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8", true)]
    [InlineData("utf-16", true)]
    [InlineData("utf-16", false)]
    [InlineData("utf-16BE", true)]
    [InlineData("utf-16BE", false)]
    public void Every_encoding_that_editors_write_is_read(string encoding, bool mark)
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        var text = System.Text.Encoding.GetEncoding(encoding);
        folder.Write("config.json", [.. mark ? text.GetPreamble() : [], .. text.GetBytes(File.ReadAllText(folder["config.json"]))]);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal("LlamaForCausalLM", checkpoint.Config.Architecture);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{")]
    [InlineData("""{"hidden_size":1,"hidden_size":2}""")]
    [InlineData("\u0000")]
    [InlineData("")]
    public void A_configuration_that_is_not_a_JSON_object_is_refused(string content)
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", content);
        Assert.Equal(folder["config.json"], SmallCheckpoint.Refused(folder).File);
    }

    [Fact]
    public void What_is_absent_takes_the_values_that_the_publishers_library_assumes()
    {
        using var folder = Open("w", out var checkpoint);
        using (checkpoint)
        {
            Assert.Equal(new LanguageConfig(8, 16, 1, 2, 2, 16, 1e-6f, 10000, 32, 1, 2, false), checkpoint.Config.Language);
            Assert.Null(checkpoint.TokenizerFile);
            Assert.Null(checkpoint.Config.License);
            Assert.Equal(Path.GetFileName(folder.Path), checkpoint.Config.Name);
        }
    }

    [Fact]
    public void Tied_embeddings_need_no_head()
    {
        using var folder = TemporaryFolder.CopyOf("llama-gqa");
        SmallCheckpoint.Edit(folder["config.json"], "tie_word_embeddings", "true");
        SmallCheckpoint.Edit(folder["config.json"], "rope_theta", "500000.0");
        SmallCheckpoint.Edit(folder["config.json"], "max_position_embeddings", null);
        SmallCheckpoint.Edit(folder["config.json"], "max_sequence_length", "128");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.True(checkpoint.Config.Language.TiedEmbeddings);
        Assert.Equal(500000f, checkpoint.Config.Language.RopeTheta);
        Assert.Equal(128, checkpoint.Config.Language.MaxPositions);
    }

    [Theory]
    [InlineData("---\nlanguage: en\nlicense: apache-2.0\n---\n# Model\n", "apache-2.0")]
    [InlineData("---\nlicense: \"mit\"\n---\n", "mit")]
    [InlineData("---\nlanguage: en\n---\nlicense: mit\n", null)]
    [InlineData("license: mit\n", null)]
    [InlineData("", null)]
    public void The_licence_comes_from_the_model_card(string card, string? license)
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        folder.Write("README.md", card);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(license, checkpoint.Config.License);
    }

    [Fact]
    public void A_folder_that_is_missing_or_is_not_a_checkpoint_is_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("no config.json", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
        var fault = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder["nowhere"]));
        Assert.Equal(folder["nowhere"], fault.File);
    }

    private static TemporaryFolder Open(string tensor, out Checkpoint checkpoint)
    {
        var folder = SmallCheckpoint.WithTorch(
            SmallCheckpoint.Torch(PickleBytes.Of(tensor, "HalfStorage", 4, [4], [1])));
        checkpoint = Checkpoint.Open(folder.Path);
        return folder;
    }
}
