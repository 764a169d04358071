using System.Security.Cryptography;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Synthesis;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Import.Checkpoints;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Inference.Tests.Import.Synthesis;

public sealed class CheckpointSynthesizerTests
{
    private const string Small = "mobilevlm-v2-3b-tiny";

    public static TheoryData<string> Tiny => [.. CheckpointSynthesizer.Models.Where(m => m.EndsWith("-tiny", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Tiny))]
    public void Every_tensor_that_the_configuration_implies_is_there_in_float16_and_nothing_else(string like)
    {
        using var folder = new SyntheticFolder(like);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var implied = ImpliedTensors.Of(checkpoint.Config).ToList();
        foreach (var (name, shape) in implied)
        {
            Assert.Equal(ElementType.Float16, checkpoint.Get(name, shape).Type);
        }

        Assert.Equal(implied.Select(t => t.Name).Order(), checkpoint.Tensors.Keys.Order());
        Assert.Equal(!like.StartsWith("mobilellama", StringComparison.Ordinal), checkpoint.Config.Vision is not null);
    }

    [Theory]
    [InlineData("mobilellama-1.4b", 1_364, 2048, 24, 128)]
    [InlineData("mobilellama-2.7b-chat", 2_701, 2560, 32, 80)]
    [InlineData("mobilevlm-1.7b", 1_686, 2048, 24, 128)]
    [InlineData("mobilevlm-3b", 3_033, 2560, 32, 80)]
    [InlineData("mobilevlm-v2-1.7b", 1_674, 2048, 24, 128)]
    [InlineData("mobilevlm-v2-3b", 3_014, 2560, 32, 80)]
    [InlineData("mobilevlm-v2-7b", 7_062, 4096, 32, 128)]
    public void The_published_models_have_as_many_weights_as_their_names_state(
        string like, int millions, int hidden, int layers, int headSize)
    {
        var model = PublishedModel.Find(like);
        Assert.Equal(millions, SyntheticTensors.Of(model).Sum(t => t.Count) / 1_000_000);
        Assert.Equal((hidden, layers, headSize), (model.Language.HiddenSize, model.Language.Layers, model.Language.HeadSize));
    }

    [Fact]
    public void The_same_seed_gives_the_same_files_and_another_one_others()
    {
        using var one = new SyntheticFolder(Small, new SynthesisOptions(Seed: 7));
        using var same = new SyntheticFolder(Small, new SynthesisOptions(Seed: 7));
        using var other = new SyntheticFolder(Small, new SynthesisOptions(Seed: 8));
        Assert.Equal(Hashes(one), Hashes(same));
        Assert.NotEqual(Hashes(one)["pytorch_model.bin"], Hashes(other)["pytorch_model.bin"]);
    }

    [Fact]
    public void Values_depend_on_neither_format_nor_shards()
    {
        using var one = new SyntheticFolder(Small);
        using var shards = new SyntheticFolder(Small, new SynthesisOptions(ShardBytes: 1_000_000));
        using var safetensors = new SyntheticFolder(
            Small, new SynthesisOptions(ShardBytes: 4_000_000, Format: "safetensors"));
        Assert.Equal(one.Bytes(), shards.Bytes());
        Assert.Equal(one.Bytes(), safetensors.Bytes());
    }

    [Theory]
    [InlineData("bin", "pytorch_model", "bin")]
    [InlineData("safetensors", "model", "safetensors")]
    public void Shards_are_named_as_published_ones_and_none_holds_more_than_was_asked_for_save_for_one_tensor(
        string format, string stem, string extension)
    {
        using var folder = new SyntheticFolder(Small, new SynthesisOptions(ShardBytes: 1_000_000, Format: format));
        using var checkpoint = Checkpoint.Open(folder.Path);
        var names = checkpoint.WeightFiles.Select(f => Path.GetFileName(f)).Order().ToList();
        Assert.True(names.Count > 3);
        Assert.Equal(
            Enumerable.Range(1, names.Count).Select(i => $"{stem}-{i:00000}-of-{names.Count:00000}.{extension}"), names);
        Assert.True(File.Exists(folder[$"{stem}.{extension}.index.json"]));
        foreach (var shard in checkpoint.Tensors.Values.GroupBy(t => t.Location!.File.Path))
        {
            Assert.True(shard.Count() == 1 || shard.Sum(t => t.ByteCount) <= 1_000_000);
        }
    }

    [Fact]
    public void Noise_has_the_deviation_that_keeps_activations_their_size_and_no_row_twice()
    {
        using var folder = new SyntheticFolder(Small);
        using var checkpoint = Checkpoint.Open(folder.Path);
        var tensor = checkpoint.Get("lm_head.weight", 32000, 160);
        var values = new float[tensor.Count];
        checkpoint.Read(tensor, values);
        Assert.InRange(values.Average(), -1e-3, 1e-3);
        Assert.InRange(Math.Sqrt(values.Average(v => (double)v * v) * 160), 0.99, 1.01);
        Assert.InRange(values.Average(v => Math.Pow(v * Math.Sqrt(160), 4)), 2.8, 3.1);
        Assert.Equal(32000, values.Chunk(160).Select(row => string.Join(' ', row)).Distinct().Count());
    }

    [Fact]
    public void The_bytes_of_a_seed_are_the_same_on_every_machine()
    {
        using var stream = new MemoryStream();
        new NoiseBlock(1).Write(stream, 3_000_000, 0.25f, "some.weight", _ => { });
        Assert.Equal(Pinned, Convert.ToHexStringLower(SHA256.HashData(stream.ToArray())));
    }

    [Fact]
    public void Outliers_sit_in_the_same_few_channels_of_each_norm()
    {
        using var folder = new SyntheticFolder(Small, new SynthesisOptions(Outliers: true));
        using var checkpoint = Checkpoint.Open(folder.Path);
        var channels = checkpoint.Tensors.Values
            .Where(t => t.Name.StartsWith("model.", StringComparison.Ordinal) && t.Name.Contains("norm.weight", StringComparison.Ordinal))
            .Select(t =>
            {
                var values = new float[t.Count];
                checkpoint.Read(t, values);
                Assert.All(values, v => Assert.True(v is 1 or 60));
                return string.Join(' ', values.Index().Where(v => v.Item == 60).Select(v => v.Index));
            }).ToList();
        Assert.Equal(5, channels.Count);
        Assert.Single(channels.Distinct());
        Assert.NotEqual("", channels[0]);
    }

    [Theory]
    [InlineData("mobilevlm-5b")]
    [InlineData("MobileVLM-1.7B")]
    [InlineData("-tiny")]
    [InlineData("")]
    public void An_unknown_model_is_refused_with_a_list_of_the_known_ones(string like)
    {
        using var folder = new TemporaryFolder();
        var refusal = Assert.Throws<ArgumentException>(() => CheckpointSynthesizer.Make(like, folder["x"], new SynthesisOptions()));
        Assert.Contains($"'{like}'", refusal.Message, StringComparison.Ordinal);
        Assert.All(
            CheckpointSynthesizer.Models.Where(m => !m.EndsWith("-tiny", StringComparison.Ordinal)),
            name => Assert.Contains(name, refusal.Message, StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public void An_occupied_folder_is_refused_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        folder.Write("x/notes.txt", "mine");
        Assert.Throws<IOException>(() => CheckpointSynthesizer.Make(Small, folder["x"], new SynthesisOptions()));
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(folder["x"]).Select(f => Path.GetFileName(f)));
    }

    [SmallDiskFact]
    public void Too_little_disk_space_is_refused_before_the_first_byte()
    {
        using var folder = new TemporaryFolder();
        using var disk = SmallDisk.Mount(folder.Path, "size=66m");
        var target = Path.Combine(disk.Path, "x");
        var refusal = Assert.Throws<IOException>(() => CheckpointSynthesizer.Make(Small, target, new SynthesisOptions()));
        Assert.Contains($"the checkpoint in {target}", refusal.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(disk.Path));
    }

    [Fact]
    public void Stopping_leaves_nothing_and_progress_ends_at_its_total()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => CheckpointSynthesizer.Make(
            Small, folder["x"], new SynthesisOptions(), new Reports(_ => cancel.Cancel()), cancel.Token));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));

        var last = default(SynthesisProgress);
        var total = CheckpointSynthesizer.Make(Small, folder["x"], new SynthesisOptions(), new Reports(p => last = p));
        Assert.Equal((total, total), (last.BytesDone, last.BytesTotal));
    }

    private const string Pinned = "4677c7eea96a1f7d8fce8643913ef0b1e42fb9e094eaa426335c53adf8cb6f55";

    private static Dictionary<string, string> Hashes(SyntheticFolder folder) => Directory
        .EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file) != "config.json")
        .ToDictionary(
            file => Path.GetRelativePath(folder.Path, file),
            file => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));

    private sealed class Reports(Action<SynthesisProgress> then) : IProgress<SynthesisProgress>
    {
        public void Report(SynthesisProgress value) => then(value);
    }
}
