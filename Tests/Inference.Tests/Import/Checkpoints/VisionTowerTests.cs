using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class VisionTowerTests
{
    [Theory]
    [InlineData("\"../clip\"")]
    [InlineData("\"clip/../../clip\"")]
    [InlineData("\"/usr/share\"")]
    [InlineData("\"C:/clip\"")]
    [InlineData("\"\"")]
    public void A_tower_outside_the_folder_is_refused(string tower)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", tower);
        Assert.Contains("not a plain path", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tower_that_is_a_link_out_of_the_folder_is_refused()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        using var outside = new TemporaryFolder();
        Directory.Move(folder["clip"], outside["clip"]);
        Directory.CreateSymbolicLink(folder["clip"], outside["clip"]);
        Assert.Contains("is a link to", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_whole_CLIP_configuration_is_read_at_its_vision_part()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        var flat = File.ReadAllText(folder["clip/config.json"]);
        folder.Write("clip/config.json", $$"""
            { "model_type": "clip", "hidden_size": 7, "text_config": { "hidden_act": "gelu" }, "vision_config": {{flat}} }
            """);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal((64, 224, 3), (checkpoint.Config.Vision!.HiddenSize, checkpoint.Config.Vision.ImageSize,
            checkpoint.Config.Vision.Layers));
    }

    [Fact]
    public void The_well_known_tower_needs_no_folder_when_the_weights_are_inside()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        Directory.Delete(folder["vision_tower"], recursive: true);
        SmallCheckpoint.Edit(folder["config.json"], "mm_hidden_size", "1024");
        using var checkpoint = Checkpoint.Open(folder.Path);
        var vision = checkpoint.Config.Vision!;
        Assert.Equal((1024, 4096, 24, 16, 336, 14), (vision.HiddenSize, vision.IntermediateSize, vision.Layers,
            vision.Heads, vision.ImageSize, vision.PatchSize));
        Assert.Equal((576, 23), (vision.Patches, vision.LayersUsed));

        // The weights are another tower's, which asking for them shows with both sides.
        var fault = Assert.Throws<CheckpointException>(() =>
            checkpoint.Get("vision.embeddings.patch_embedding.weight", 1024, 3, 14, 14));
        Assert.Contains("[48,3,14,14]", fault.Message, StringComparison.Ordinal);
        Assert.Contains("[1024,3,14,14]", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_vision_weights_anywhere_it_reports_what_to_download_and_where_to(bool keepsConfiguration)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        SmallCheckpoint.Edit(
            folder["config.json"], "mm_vision_tower", "\"openai/clip-vit-large-patch14-336\"");
        Directory.Move(folder["clip"], folder["vision_tower"]);
        File.Delete(folder["vision_tower/pytorch_model.bin"]);
        if (!keepsConfiguration)
        {
            Directory.Delete(folder["vision_tower"], recursive: true);
            SmallCheckpoint.Edit(folder["config.json"], "mm_hidden_size", "1024");
        }

        var fault = SmallCheckpoint.Refused(folder);
        Assert.Contains("'openai/clip-vit-large-patch14-336'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("folder 'vision_tower' beside config.json", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tower_of_unknown_sizes_must_be_given()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        Directory.Delete(folder["vision_tower"], recursive: true);
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", "\"google/siglip-base\"");
        Assert.Contains("\"google/siglip-base\"", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Vision_weights_inside_win_over_the_towers_folder()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        folder.Write("vision_tower/pytorch_model.bin", "never opened");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal([folder["pytorch_model.bin"]], checkpoint.WeightFiles);
    }

    [Theory]
    [InlineData("model.vision_tower.vision_tower.vision_model.encoder.layers.0.x", false, "vision.encoder.layers.0.x")]
    [InlineData("vision_model.pre_layrnorm.bias", false, "vision.pre_layrnorm.bias")]
    [InlineData("vision_tower.vision_model.post_layernorm.bias", false, "vision.post_layernorm.bias")]
    [InlineData("embeddings.class_embedding", true, "vision.embeddings.class_embedding")]
    [InlineData("embeddings.class_embedding", false, "embeddings.class_embedding")]
    [InlineData("text_model.encoder.layers.0.x", true, "text_model.encoder.layers.0.x")]
    [InlineData("vision_model.logit_scale", true, "vision_model.logit_scale")]
    [InlineData("model.mm_projector.model.mlp.1.bias", false, "model.mm_projector.model.mlp.1.bias")]
    public void Vision_tensors_get_one_name_from_every_exporter(string stored, bool isTower, string normalised) =>
        Assert.Equal(normalised, TensorNames.Normalise(stored, isTower));
}
