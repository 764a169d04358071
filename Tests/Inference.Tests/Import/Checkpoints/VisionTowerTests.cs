using System.Runtime.InteropServices;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class VisionTowerTests
{
    [Theory]
    [InlineData("/data/p13/clip")]
    [InlineData("/data/p13/clip/")]
    [InlineData("./clip")]
    [InlineData("../clip")]
    [InlineData("openai/clip")]
    [InlineData("D:\\towers\\clip")]
    [InlineData("\\\\server\\share\\clip\\")]
    public void A_path_of_another_machine_means_the_folder_of_its_last_part(string tower)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", JsonSerializer.Serialize(tower));
        using (var inside = Checkpoint.Open(folder.Path))
        {
            Assert.Equal(folder["clip/pytorch_model.bin"], inside.WeightFiles[1]);
        }

        using var parent = new TemporaryFolder();
        Directory.Move(folder["clip"], parent["clip"]);
        CopyFiles(folder.Path, parent["model"]);
        using var beside = Checkpoint.Open(parent["model"]);
        Assert.Equal(parent["clip/pytorch_model.bin"], beside.WeightFiles[1]);
        Assert.Equal("sizes and weights of clip", beside.TowerSource);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("C:")]
    public void A_path_without_a_name_means_no_folder(string tower)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", JsonSerializer.Serialize(tower));
        Assert.Contains("which names no folder", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void No_other_path_is_read()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        using var elsewhere = new TemporaryFolder();
        Directory.Move(folder["clip"], elsewhere["tower"]);
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", JsonSerializer.Serialize(elsewhere["tower"]));
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Equal(folder["config.json"], fault.File);
        Assert.Contains($"'mm_vision_tower' is \"{elsewhere["tower"]}\"", fault.Message, StringComparison.Ordinal);
        Assert.Contains("neither inside the checkpoint nor beside it is a folder 'tower'", fault.Message, StringComparison.Ordinal);
        Assert.Contains("--vision-tower FOLDER", fault.Message, StringComparison.Ordinal);

        using var chosen = Checkpoint.Open(new CheckpointSource(folder.Path) { VisionTower = elsewhere["tower"] });
        Assert.Equal(elsewhere["tower/pytorch_model.bin"], chosen.WeightFiles[1]);
    }

    [Fact]
    public void A_folder_with_the_checkpoints_own_name_is_not_its_tower()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        Directory.Delete(folder["clip"], recursive: true);
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", JsonSerializer.Serialize("/models/" + Path.GetFileName(folder.Path)));
        Assert.Contains("--vision-tower FOLDER", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_chosen_tower_counts_whatever_the_configuration_names()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        using var other = new TemporaryFolder();
        CopyFiles(folder["clip"], other["tower"]);
        SmallCheckpoint.Edit(other["tower/preprocessor_config.json"], "image_mean", "[0.5, 0.5, 0.5]");
        foreach (var named in (string?[])["\"clip\"", null, "7"])
        {
            SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", named);
            using var checkpoint = Checkpoint.Open(new CheckpointSource(folder.Path) { VisionTower = other["tower"] });
            Assert.Equal([0.5f, 0.5f, 0.5f], checkpoint.Config.Vision!.ImageMean);
            Assert.Equal(other["tower/pytorch_model.bin"], checkpoint.WeightFiles[1]);
        }
    }

    [Fact]
    public void A_model_of_text_has_no_tower()
    {
        var fault = Assert.Throws<CheckpointException>(
            () => Checkpoint.Open(new CheckpointSource(GoldenFolder.Path("mobilellama")) { VisionTower = GoldenFolder.Path("mobilevlm-v1-separate-tower", "clip") }));
        Assert.Contains("a model of text only", fault.Message, StringComparison.Ordinal);
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

    [Theory]
    [InlineData("openai/clip-vit-large-patch14-336")]
    [InlineData("/data/towers/clip-vit-large-patch14-336")]
    [InlineData("/data/p13/my-tower")]
    public void The_published_tower_needs_no_folder_when_its_weights_are_inside(string tower)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        Directory.Delete(folder["vision_tower"], recursive: true);
        File.Delete(folder["pytorch_model.bin"]);
        SmallCheckpoint.Edit(folder["config.json"], "mm_hidden_size", "1024");
        SmallCheckpoint.Edit(folder["config.json"], "mm_vision_tower", JsonSerializer.Serialize(tower));
        folder.Write("model.safetensors", PublishedTower(layers: 24));
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            var vision = checkpoint.Config.Vision!;
            Assert.Equal((1024, 4096, 24, 16, 336, 14), (vision.HiddenSize, vision.IntermediateSize, vision.Layers,
                vision.Heads, vision.ImageSize, vision.PatchSize));
            Assert.Equal((576, 23), (vision.Patches, vision.LayersUsed));
            Assert.Null(checkpoint.TowerSource);
        }

        folder.Write("model.safetensors", PublishedTower(layers: 12));
        Assert.Contains("they have 12 layers", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_inside_of_another_size_need_their_towers_folder()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        Directory.Delete(folder["vision_tower"], recursive: true);
        Assert.Contains("'mm_hidden_size' is 48, that of openai/clip-vit-large-patch14-336 is 1024", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
        SmallCheckpoint.Edit(folder["config.json"], "mm_hidden_size", "1024");
        Assert.Contains("'vision.embeddings.class_embedding' is [48]", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
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
    public void LDPv2_takes_the_weights_of_the_checkpoint_and_the_sizes_of_the_folder()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v2");
        folder.Write("vision_tower/pytorch_model.bin", "never opened");
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.All(checkpoint.WeightFiles, file => Assert.Equal(folder.Path, Path.GetDirectoryName(file)));
        Assert.Equal("sizes of vision_tower, weights of the checkpoint", checkpoint.TowerSource);
    }

    [Theory]
    [InlineData(1.0f, 2, "sizes and weights of clip")]
    [InlineData(0.5f, 1, "because those in the folder are of another tower")]
    public void Other_projectors_take_the_weights_of_the_folder_unless_they_are_of_another_tower(float factor, int files, string source)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1-separate-tower");
        float[] embedding;
        using (var apart = Checkpoint.Open(folder.Path))
        {
            embedding = new float[64];
            apart.Read(apart.Get("vision.embeddings.class_embedding", 64), embedding);
        }

        // A second file of weights, as if the tower were inside too: one tensor of it is enough to be compared.
        var tensor = "model.vision_tower.vision_tower.vision_model.embeddings.class_embedding";
        var encoder = "model.vision_tower.vision_tower.vision_model.encoder.layers.0.layer_norm2.bias";
        var weights = SmallCheckpoint.Safetensors(
            $$$"""{"{{{tensor}}}":{"dtype":"F32","shape":[64],"data_offsets":[0,256]},"{{{encoder}}}":{"dtype":"F32","shape":[64],"data_offsets":[256,512]}}""", 512);
        MemoryMarshal.AsBytes(embedding.Select(value => value * factor).ToArray().AsSpan()).CopyTo(weights.AsSpan(weights.Length - 512));
        folder.Write("model.safetensors", weights);
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(files, checkpoint.WeightFiles.Count);
        Assert.Contains(source, checkpoint.TowerSource!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.vision_tower.vision_tower.vision_model.encoder.layers.0.x", false, "vision.encoder.layers.0.x")]
    [InlineData("vision_model.pre_layrnorm.bias", false, "vision.pre_layrnorm.bias")]
    [InlineData("vision_tower.vision_model.post_layernorm.bias", false, "vision.post_layernorm.bias")]
    [InlineData("module.model.vision_tower.vision_tower.vision_model.encoder.layers.0.x", false, "vision.encoder.layers.0.x")]
    [InlineData("module.model.layers.0.mlp.up_proj.weight", false, "model.layers.0.mlp.up_proj.weight")]
    [InlineData("_orig_mod.module.lm_head.weight", false, "lm_head.weight")]
    [InlineData("module.embeddings.class_embedding", true, "vision.embeddings.class_embedding")]
    [InlineData("embeddings.class_embedding", true, "vision.embeddings.class_embedding")]
    [InlineData("embeddings.class_embedding", false, "embeddings.class_embedding")]
    [InlineData("text_model.encoder.layers.0.x", true, "text_model.encoder.layers.0.x")]
    [InlineData("vision_model.logit_scale", true, "vision_model.logit_scale")]
    [InlineData("model.mm_projector.model.mlp.1.bias", false, "model.mm_projector.model.mlp.1.bias")]
    public void Vision_tensors_get_one_name_from_every_exporter(string stored, bool isTower, string normalised) =>
        Assert.Equal(normalised, TensorNames.Normalise(stored, isTower));

    private static byte[] PublishedTower(int layers)
    {
        const string at = "vision_model";
        IEnumerable<(string Name, long[] Shape)> tensors =
        [
            ($"{at}.embeddings.class_embedding", [1024]), ($"{at}.embeddings.patch_embedding.weight", [1024, 3, 14, 14]),
            ($"{at}.embeddings.position_embedding.weight", [577, 1024]), ($"{at}.encoder.layers.0.mlp.fc1.weight", [4096, 1024]),
            .. Enumerable.Range(0, layers).Select(i => ($"{at}.encoder.layers.{i}.layer_norm1.bias", (long[])[1024])),
        ];
        var (end, entries) = (0L, new List<string>());
        foreach (var (name, shape) in tensors)
        {
            var start = end;
            end += 2 * shape.Aggregate((a, b) => a * b);
            entries.Add($$"""  "{{name}}": {"dtype": "F16", "shape": [{{string.Join(',', shape)}}], "data_offsets": [{{start}}, {{end}}]}""");
        }

        return SmallCheckpoint.Safetensors($"{{{string.Join(',', entries)}}}", (int)end);
    }

    private static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
