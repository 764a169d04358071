using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class ShardTests
{
    private const string Index = "pytorch_model.bin.index.json";

    [Fact]
    public void A_missing_shard_is_named()
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v2");
        File.Delete(folder["pytorch_model-00002-of-00002.bin"]);
        Assert.Contains(
            "'pytorch_model-00002-of-00002.bin', which is not there", SmallCheckpoint.Refused(folder).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../outside.bin")]
    [InlineData("sub/../../outside.bin")]
    [InlineData("..\\\\outside.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\\\outside.bin")]
    [InlineData("./pytorch_model.bin")]
    [InlineData("")]
    [InlineData("a\\u0000b")]
    public void A_shard_outside_the_folder_is_refused(string shard)
    {
        using var folder = SmallCheckpoint.With(Index, System.Text.Encoding.UTF8.GetBytes(
            $$"""{ "weight_map": { "w": "{{shard}}" } }"""));
        Assert.Contains("not a plain path", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_that_is_a_link_out_of_the_folder_is_refused()
    {
        using var outside = new TemporaryFolder();
        using var folder = SmallCheckpoint.With(Index, """{"weight_map":{"w":"shard.bin"}}"""u8.ToArray());
        File.CreateSymbolicLink(folder["shard.bin"], outside.Write("secret", "PK"));
        Assert.Contains("is a link to", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shard_below_a_linked_folder_is_refused()
    {
        using var outside = new TemporaryFolder();
        outside.Write("shard.bin", "PK");
        using var folder = SmallCheckpoint.With(Index, """{"weight_map":{"w":"sub/shard.bin"}}"""u8.ToArray());
        Directory.CreateSymbolicLink(folder["sub"], outside.Path);
        Assert.Contains("is a link to", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Links_in_a_circle_are_refused()
    {
        using var folder = SmallCheckpoint.With(Index, """{"weight_map":{"w":"a"}}"""u8.ToArray());
        File.CreateSymbolicLink(folder["a"], folder["b"]);
        File.CreateSymbolicLink(folder["b"], folder["a"]);
        Assert.Contains("circle", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_links_of_Hugging_Faces_cache_are_followed()
    {
        using var cache = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(GoldenFolder.Path("mobilellama")))
        {
            var name = Path.GetFileName(file);
            cache.Write($"models--mtgv--MobileLLaMA/blobs/{name}.blob", File.ReadAllBytes(file));
            Directory.CreateDirectory(cache["models--mtgv--MobileLLaMA/snapshots/0123"]);
            File.CreateSymbolicLink(
                cache[$"models--mtgv--MobileLLaMA/snapshots/0123/{name}"], $"../../blobs/{name}.blob");
        }

        using var checkpoint = Checkpoint.Open(cache["models--mtgv--MobileLLaMA/snapshots/0123"]);
        Assert.Equal("mtgv/MobileLLaMA", checkpoint.Config.Name);
        checkpoint.Get("lm_head.weight", 800, 64);
    }

    [Fact]
    public void A_tensor_that_is_not_in_the_shard_of_the_index_is_named()
    {
        using var folder = SmallCheckpoint.With(Index, """{"weight_map":{"other":"shard.bin"}}"""u8.ToArray());
        folder.Write("shard.bin", SmallCheckpoint.Torch(PickleBytes.Of("w", "HalfStorage", 4, [4], [1])));
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Contains("does not hold tensor 'other'", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("shard.bin", fault.File, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_tensor_in_two_shards_is_refused()
    {
        using var folder = SmallCheckpoint.With(Index, """{"weight_map":{"w":"a.bin","v":"b.bin"}}"""u8.ToArray());
        folder.Write("a.bin", SmallCheckpoint.Torch(PickleBytes.Of("w", "HalfStorage", 4, [4], [1])));
        folder.Write("b.bin", SmallCheckpoint.Torch(PickleBytes.Of("w", "HalfStorage", 4, [4], [1])));
        Assert.Contains("was read before", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"weight_map":[]}""")]
    [InlineData("""{"weight_map":{}}""")]
    [InlineData("""{"weight_map":{"w":7}}""")]
    [InlineData("""{"weight_map":{"w":"a","w":"b"}}""")]
    [InlineData("""{"weight_map":{"w":"\ud800"}}""")]
    [InlineData("nonsense")]
    public void An_index_without_a_map_is_refused(string index) =>
        SmallCheckpoint.Refused(Index, System.Text.Encoding.UTF8.GetBytes(index));

    [Fact]
    public void Safetensors_are_preferred_to_pickles()
    {
        using var folder = SmallCheckpoint.With("pytorch_model.bin", "never opened"u8.ToArray());
        folder.Write("model.safetensors", SmallCheckpoint.Safetensors(
            """{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}""", 2));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal([folder["model.safetensors"]], checkpoint.WeightFiles);
    }

    [Fact]
    public void A_folder_without_weights_reports_which_are_expected()
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", SmallCheckpoint.TextConfig);
        Assert.Contains(
            "pytorch_model.bin.index.json", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }
}
