using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class ConfigTests
{
    [Theory]
    [InlineData("rope_scaling", """{"type":"linear","factor":2.0}""", "supported is null")]
    [InlineData("hidden_act", "\"gelu\"", "supported is \"silu\"")]
    [InlineData("attention_bias", "true", "supported is false")]
    [InlineData("mlp_bias", "true", "supported is false")]
    [InlineData("mm_use_im_start_end", "true", "supported is false")]
    [InlineData("mm_use_im_patch_token", "true", "supported is false")]
    [InlineData("mm_use_im_patch_token", "\"no\"", "true or false")]
    [InlineData("mm_projector_type", "\"mlp2x_gelu\"", "\"ldpnet\" or \"ldpnetv2\"")]
    [InlineData("mm_projector_type", null, "is missing")]
    [InlineData("mm_vision_tower", null, "is missing")]
    [InlineData("mm_vision_tower", "7", "a text")]
    [InlineData("image_aspect_ratio", "\"square\"", "supported is \"pad\"")]
    [InlineData("image_aspect_ratio", null, "supported is \"pad\"")]
    [InlineData("mm_vision_select_feature", "\"cls_patch\"", "supported is \"patch\"")]
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
    [InlineData("eos_token_id", "[2, 3]", "a whole number from 0 to 799")]
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
