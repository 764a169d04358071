using System.IO.Compression;
using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

public sealed class GoldenCheckpointTests
{
    public static TheoryData<string> All =>
        ["mobilevlm-v1", "mobilevlm-v2", "mobilevlm-v1-separate-tower", "mobilellama", "llama-gqa"];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_tensor_that_the_configuration_implies_is_there_and_finite(string golden)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path(golden));
        foreach (var (name, shape) in ImpliedTensors.Of(checkpoint.Config))
        {
            var tensor = checkpoint.Get(name, shape);
            var values = new float[tensor.Count];
            checkpoint.Read(tensor, values);
            Assert.All(values, value => Assert.True(float.IsFinite(value)));
            Assert.Contains(values, value => value != 0);
        }

        Assert.Equal(GoldenFolder.Path(golden, "tokenizer.model"), checkpoint.TokenizerFile);
        Assert.Equal(golden, checkpoint.Config.Name);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Nothing_but_known_buffers_is_left_over(string golden)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path(golden));
        var implied = ImpliedTensors.Of(checkpoint.Config).Select(tensor => tensor.Name).ToHashSet();
        Assert.All(checkpoint.Tensors.Keys.Where(name => !implied.Contains(name)), name => Assert.True(
            name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal)
            || name.EndsWith("position_ids", StringComparison.Ordinal)
            || name.StartsWith("text_model.", StringComparison.Ordinal)
            || name is "logit_scale" or "visual_projection.weight" or "text_projection.weight"
            || name.EndsWith("num_batches_tracked", StringComparison.Ordinal),
            name));
    }

    [Fact]
    public void MobileVLM_v1_takes_its_tower_from_the_folder_beside_it()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilevlm-v1"));
        Assert.Equal(
            new LanguageConfig(64, 192, 3, 4, 4, 800, 1e-6f, 10000, 512, 1, 2, false), checkpoint.Config.Language);
        Assert.Equal(ProjectorType.Ldp, checkpoint.Config.Projector);
        Assert.Equal("MobileLlamaForCausalLM", checkpoint.Config.Architecture);
        var vision = checkpoint.Config.Vision!;
        Assert.Equal((48, 96, 4, 3, 112, 14), (vision.HiddenSize, vision.IntermediateSize, vision.Layers, vision.Heads,
            vision.ImageSize, vision.PatchSize));
        Assert.Equal((8, 64, 3, -2), (vision.GridSize, vision.Patches, vision.LayersUsed, vision.SelectLayer));
        Assert.Equal([0.48145466f, 0.4578275f, 0.40821073f], vision.ImageMean);
        Assert.Equal([0.26862954f, 0.26130258f, 0.27577711f], vision.ImageStd);
        Assert.Equal(1e-5f, vision.LayerNormEpsilon);
        Assert.Equal(16, checkpoint.Config.Language.HeadSize);
    }

    [Fact]
    public void MobileVLM_v2_opens_from_shards()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilevlm-v2"));
        Assert.Equal(ProjectorType.LdpV2, checkpoint.Config.Projector);
        Assert.Equal((336, 576, 2), (checkpoint.Config.Vision!.ImageSize, checkpoint.Config.Vision.Patches,
            checkpoint.Config.Vision.LayersUsed));
        Assert.Equal(2, checkpoint.WeightFiles.Count);
        Assert.Equal(ElementType.BFloat16, checkpoint.Get("lm_head.weight", 800, 96).Type);
    }

    [Fact]
    public void A_tower_in_its_own_folder_gives_the_vision_weights()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilevlm-v1-separate-tower"));
        var embedding = checkpoint.Get("vision.embeddings.patch_embedding.weight", 64, 3, 14, 14);
        Assert.Equal(ElementType.Float32, embedding.Type);
        Assert.Equal(2, checkpoint.WeightFiles.Count);
        Assert.EndsWith("clip/pytorch_model.bin", checkpoint.WeightFiles[1], StringComparison.Ordinal);
        Assert.Contains(checkpoint.Tensors.Keys, name => name.StartsWith("text_model.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("mobilellama", 4)]
    [InlineData("llama-gqa", 2)]
    public void A_language_model_has_no_vision(string golden, int keyValueHeads)
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path(golden));
        Assert.Null(checkpoint.Config.Vision);
        Assert.Null(checkpoint.Config.Projector);
        Assert.Equal(keyValueHeads, checkpoint.Config.Language.KeyValueHeads);
    }

    [Fact]
    public void Float16_reads_as_decoding_by_hand_does()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilevlm-v1"));
        var stored = ZipBytes(GoldenFolder.Path("mobilevlm-v1", "pytorch_model.bin"), "pytorch_model/data/0");
        var expected = new float[stored.Length / 2];
        for (var i = 0; i < expected.Length; i++)
        {
            var bits = stored[2 * i] | (stored[(2 * i) + 1] << 8);
            var (exponent, fraction) = ((bits >> 10) & 31, bits & 1023);
            var size = exponent == 0 ? fraction * Math.Pow(2, -24) : (1024 + fraction) * Math.Pow(2, exponent - 25);
            expected[i] = (float)((bits & 0x8000) != 0 ? -size : size);
        }

        AssertReads(checkpoint, "model.embed_tokens.weight", expected, stored);
    }

    [Fact]
    public void BFloat16_reads_as_decoding_by_hand_does()
    {
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("mobilevlm-v2"));
        var stored = ZipBytes(
            GoldenFolder.Path("mobilevlm-v2", "pytorch_model-00001-of-00002.bin"),
            "pytorch_model-00001-of-00002/data/0");
        var expected = new float[stored.Length / 2];
        for (var i = 0; i < expected.Length; i++)
        {
            expected[i] = BitConverter.Int32BitsToSingle((stored[2 * i] << 16) | (stored[(2 * i) + 1] << 24));
        }

        AssertReads(checkpoint, "model.embed_tokens.weight", expected, stored);
    }

    [Fact]
    public void Float32_reads_what_the_header_of_safetensors_points_at()
    {
        var bytes = File.ReadAllBytes(GoldenFolder.Path("llama-gqa", "model.safetensors"));
        var headerLength = (int)BitConverter.ToInt64(bytes);
        using var header = JsonDocument.Parse(bytes.AsMemory(8, headerLength));
        using var checkpoint = Checkpoint.Open(GoldenFolder.Path("llama-gqa"));
        foreach (var entry in header.RootElement.EnumerateObject().Where(entry => entry.Name != "__metadata__"))
        {
            var offsets = entry.Value.GetProperty("data_offsets");
            var (begin, end) = (offsets[0].GetInt32(), offsets[1].GetInt32());
            var stored = bytes[(8 + headerLength + begin)..(8 + headerLength + end)];
            var expected = Enumerable.Range(0, stored.Length / 4).Select(i => BitConverter.ToSingle(stored, 4 * i));
            AssertReads(checkpoint, entry.Name, [.. expected], stored);
        }
    }

    private static void AssertReads(Checkpoint checkpoint, string name, float[] expected, byte[] stored)
    {
        var tensor = checkpoint.Get(name);
        var values = new float[tensor.Count];
        checkpoint.Read(tensor, values);
        Assert.Equal(expected, values);
        var raw = new byte[tensor.ByteCount];
        checkpoint.ReadRaw(tensor, raw);
        Assert.Equal(stored, raw);
    }

    private static byte[] ZipBytes(string path, string entry)
    {
        using var archive = ZipFile.OpenRead(path);
        using var stream = archive.GetEntry(entry)!.Open();
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
