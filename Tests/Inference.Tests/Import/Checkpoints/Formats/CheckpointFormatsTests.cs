using System.Text;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;
using MobileVlm.Edge.Inference.Import.Synthesis;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats;

/// <summary>Formats are a closed set, and their file names exist once for importing, pulling and writing.</summary>
public sealed class CheckpointFormatsTests
{
    [Fact]
    public void Safetensors_come_first_and_one_file_before_an_index() => Assert.Equal(
        ["model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json", "*.gguf"],
        CheckpointFormats.All.SelectMany(format => format.EntryFiles));

    [Theory]
    [InlineData(null, "config.json", "flax_model.msgpack", "sub/model.safetensors")]
    [InlineData("pytorch_model.bin.index.json", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin")]
    [InlineData("a.gguf", "b.gguf", "a.gguf", "config.json")]
    [InlineData("model.safetensors", "a.gguf", "model.safetensors")]
    [InlineData("model.safetensors", "pytorch_model.bin", "model.safetensors", "model.safetensors.index.json")]
    public void The_entry_is_the_first_that_is_there(string? entry, params string[] names)
    {
        var found = CheckpointFormats.EntryFile(names.ToHashSet());
        Assert.Equal(entry, found);
        Assert.Equal(entry?.EndsWith(".json", StringComparison.Ordinal) ?? false, found is not null && CheckpointFormats.IsIndex(found));
    }

    [Fact]
    public void Each_format_has_one_name_and_those_that_can_be_written_are_among_them()
    {
        var names = CheckpointFormats.All.Select(format => format.Name).ToList();
        Assert.Equal(names.Distinct(), names);
        Assert.Subset(names.ToHashSet(), CheckpointSynthesizer.Formats.ToHashSet());
        Assert.Contains(SynthesisOptions.DefaultFormat, CheckpointSynthesizer.Formats);
        Assert.Contains("safetensors", Assert.Throws<ArgumentException>(() => ShardWriter.For("gguf")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.vision_tower.vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", true)]
    [InlineData("vision_tower.encoder.layers.0.mlp.fc1.weight", true)]
    [InlineData("vision_model.encoder.layers.0.mlp.fc1.weight", true)]
    [InlineData("vision_model.embeddings.position_ids", false)]
    [InlineData("model.layers.0.mlp.up_proj.weight", false)]
    [InlineData("text_model.encoder.layers.0.mlp.fc1.weight", false)]
    public void A_pull_finds_vision_weights_by_the_names_that_the_importer_reads(string stored, bool isVision)
    {
        Assert.Equal(isVision, TensorNames.IsVisionWeight(stored));
        Assert.Equal(isVision, TensorNames.HaveVisionWeights(Encoding.ASCII.GetBytes($"{{\"{stored}\":{{}}}}")));
        Assert.Equal(isVision, TensorNames.IsVision(TensorNames.Normalise(stored, isTower: false)) && stored.Contains("encoder", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("openai/clip-vit-large-patch14-336", true)]
    [InlineData("/models/clip-vit-large-patch14-336", true)]
    [InlineData("openai/clip-vit-large-patch14", false)]
    public void The_known_tower_is_known_by_its_name(string name, bool isKnown) => Assert.Equal(isKnown, ClipTower.IsNamedBy(name));
}
