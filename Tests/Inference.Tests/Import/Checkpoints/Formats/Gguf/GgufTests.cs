using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Gguf;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Safetensors;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Tests.Evaluation;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Gguf;

/// <summary>GGUF files: every value bit for bit as an independent reader has it, what is in the keys, which files belong together, and what an
/// import keeps of them.</summary>
public sealed class GgufTests
{
    public static TheoryData<string> ZooTypes =>
        ["f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k", "q8_k", "iq4_nl", "iq4_xs"];

    public static TheoryData<string> BadFiles => [.. Directory.EnumerateFiles(GgufFiles.Path("bad"), "*.gguf").Select(file => Path.GetFileName(file))];

    [Theory]
    [MemberData(nameof(ZooTypes))]
    public void Random_blocks_of_each_type_have_the_values_of_the_reference(string type)
    {
        using var expected = CheckpointFile.Open(GgufFiles.Path("zoo.expected.safetensors"));
        var reference = SafetensorsReader.Read(expected).Single(tensor => tensor.Name == $"zoo.{type}");
        var bytes = new byte[reference.ByteCount];
        expected.ReadExactly(reference.Location!.Offset, bytes);
        using var file = CheckpointFile.Open(GgufFiles.Path("zoo.gguf"));
        var stored = GgufHeader.Read(file).Tensors.Single(tensor => tensor.Name == $"zoo.{type}");
        var values = new float[stored.Count];
        new GgufEncoding(stored.Type, isBigEndian: false, (int)stored.Width, order: null)
            .Read(new TensorLocation(file, stored.Offset, stored.ByteCount), 0, values);
        Assert.Equal(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, uint>(bytes).ToArray(), values.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData("mobilevlm-v1", "lm.q4_0", "mmproj")]
    [InlineData("mobilevlm-v1", "lm.q4_0", "mmproj.q8_0")]
    [InlineData("mobilellama", "lm.q4_1", null)]
    [InlineData("llama-gqa", "lm.big", null)]
    [InlineData("llama-gqa", "split/split-00001-of-00003", null)]
    [InlineData("llama-gqa", "split/split-00003-of-00003", null)]
    public void Every_tensor_equals_that_of_the_checkpoint(string golden, string decoder, string? mmproj)
    {
        var source = new CheckpointSource(GgufFiles.Path(golden, $"{decoder}.gguf"))
        {
            Mmproj = mmproj is null ? null : GgufFiles.Path(golden, $"{mmproj}.gguf"),
        };
        using var checkpoint = Checkpoint.Open(source);
        GgufFiles.AssertHashes(checkpoint, GgufFiles.Path(golden, decoder.StartsWith("split", StringComparison.Ordinal) ? "split/split.hash.json" : $"{decoder}.hash.json"));
        if (mmproj is not null)
        {
            GgufFiles.AssertHashes(checkpoint, GgufFiles.Path(golden, $"{mmproj}.hash.json"));
        }
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void Each_file_that_is_wrong_in_one_thing_is_refused_by_its_name(string name)
    {
        var path = GgufFiles.Path("bad", name);
        using (var file = CheckpointFile.Open(path))
        {
            if (name is "good.gguf" or "utf8.gguf" or "arch-gpt2.gguf")
            {
                // The file is well-formed; it is not a whole model that is supported.
                Assert.Equal(name == "arch-gpt2.gguf" ? 1 : 2, GgufHeader.Read(file).Tensors.Count);
            }
            else
            {
                Assert.Equal(path, Assert.Throws<CheckpointException>(() => GgufHeader.Read(file)).File);
            }
        }

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(path));
        Assert.Equal(path, error.File);
        Assert.StartsWith($"{path}: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(name == "arch-gpt2.gguf", error.Message.Contains("architecture 'gpt2'", StringComparison.Ordinal));
    }

    [Fact]
    public void The_sizes_of_a_pair_are_those_of_its_keys()
    {
        using var checkpoint = OpenPair("lm.q4_0", "mmproj");
        Assert.Equal(new LanguageConfig(64, 192, 3, 4, 4, 800, 1e-6f, 10000, 512, 1, 2, false), checkpoint.Config.Language);
        Assert.Equal(ProjectorType.Ldp, checkpoint.Config.Projector);
        Assert.Equal(("lm.q4_0", "MobileLlamaForCausalLM"), (checkpoint.Config.Name, checkpoint.Config.Architecture));
        Assert.Equal((3, 112, 14, 48), (checkpoint.Config.Vision!.LayersUsed, checkpoint.Config.Vision.ImageSize, checkpoint.Config.Vision.PatchSize, checkpoint.Config.Vision.HiddenSize));
        Assert.Contains(checkpoint.Notes, note => note.Contains("ffn_down and ffn_up are exchanged", StringComparison.Ordinal));
    }

    [Fact]
    public void A_named_hidden_state_decides_how_many_blocks_are_run()
    {
        using var file = CheckpointFile.Open(GgufFiles.Path("mobilevlm-v2", "mmproj.all+feature.gguf"));
        var folder = CheckpointFolder.OpenOf(file.Path);
        List<CheckpointFile> files = [];
        try
        {
            var vision = GgufEncoder.ReadConfig(GgufModel.Open(folder, Path.GetFileName(file.Path), files));
            Assert.Equal((3, 2), (vision.Layers, vision.LayersUsed));
        }
        finally
        {
            files.ForEach(opened => opened.Dispose());
        }
    }

    [Fact]
    public void The_vocabulary_gives_the_ids_of_the_published_tokenizer()
    {
        using var checkpoint = Checkpoint.Open(GgufFiles.Path("mobilellama", "lm.q4_1.gguf"));
        var found = LlamaTextTokenizer.Read(checkpoint.Tokenizer!, "vocabulary");
        var published = LlamaTextTokenizer.Open(GoldenFolder.Path("mobilellama", "tokenizer.model"));
        Assert.Equal((published.Count, published.BeginId, published.EndId), (found.Count, found.BeginId, found.EndId));
        Assert.All(
            ["What is in the picture?", " a  b", "", "naïve 你好 🚪\n", "<s> <0x41>", "\u0000\t"],
            text => Assert.Equal(published.Encode(text), found.Encode(text)));
    }

    [Fact]
    public void A_folder_with_one_pair_is_a_model_and_with_more_it_is_refused()
    {
        using var folder = new TemporaryFolder();
        folder.Write("a.gguf", File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "lm.q4_0.gguf")));
        folder.Write("b.gguf", File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "mmproj.gguf")));
        using (var checkpoint = Checkpoint.Open(folder.Path))
        {
            Assert.NotNull(checkpoint.Config.Vision);
            Assert.Equal(Path.GetFileName(folder.Path), checkpoint.Config.Name);
        }

        Assert.Contains("leave out --vision-tower", Refusal(new CheckpointSource(folder.Path) { VisionTower = folder.Path }), StringComparison.Ordinal);

        // One of another width does not fit, so there is still one pair.
        folder.Write("c.gguf", File.ReadAllBytes(GgufFiles.Path("mobilevlm-v2", "mmproj.all+feature.gguf")));
        Checkpoint.Open(folder.Path).Dispose();
        folder.Write("d.gguf", File.ReadAllBytes(GgufFiles.Path("mobilevlm-v1", "mmproj.q8_0.gguf")));
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path));
        Assert.Contains("a.gguf with b.gguf; a.gguf with d.gguf", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Exchanged_and_unlike_files_are_refused_for_what_they_are()
    {
        var (decoder, mmproj) = (GgufFiles.Path("mobilevlm-v1", "lm.q4_0.gguf"), GgufFiles.Path("mobilevlm-v1", "mmproj.gguf"));
        var other = GgufFiles.Path("mobilevlm-v2", "mmproj.all+feature.gguf");
        Assert.Contains("not a decoder", Refusal(new CheckpointSource(mmproj) { Mmproj = decoder }), StringComparison.Ordinal);
        Assert.Contains("not an mmproj file", Refusal(new CheckpointSource(decoder) { Mmproj = decoder }), StringComparison.Ordinal);
        Assert.Contains("width 96", Refusal(new CheckpointSource(decoder) { Mmproj = other }), StringComparison.Ordinal);
        Assert.Contains("does not exist", Refusal(new CheckpointSource(decoder) { Mmproj = GgufFiles.Path("no.gguf") }), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        using var folder = new TemporaryFolder();
        foreach (var part in (string[])["split-00001-of-00003.gguf", "split-00003-of-00003.gguf"])
        {
            folder.Write(part, File.ReadAllBytes(GgufFiles.Path("llama-gqa", "split", part)));
        }

        Assert.Contains("'split-00002-of-00003.gguf' is missing", Refusal(folder["split-00001-of-00003.gguf"]), StringComparison.Ordinal);
        Assert.Contains("'split-00002-of-00003.gguf' is missing", Refusal(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void An_import_without_a_precision_keeps_the_integers_and_loses_almost_nothing()
    {
        using var folder = new TemporaryFolder();
        var model = ModelImporter.Import(
            new CheckpointSource(GgufFiles.Path("mobilevlm-v1", "lm.q4_0.gguf")) { Mmproj = GgufFiles.Path("mobilevlm-v1", "mmproj.gguf") },
            folder["q4_0"], PrecisionPlan.Default, calibration: TestPhotographs.Set);
        Assert.Equal(("int4-b32", "int8-b32"), (model.Manifest.Precision.Decoder, model.Manifest.Precision.Head));
        Assert.Equal("decoder matrices: 21 Q4_0 as stored, 1 Q8_0 as stored", Assert.Single(model.Manifest.Precision.Kept!));
        Assert.InRange(model.Manifest.Loss!.Decoder.MeanDivergence, 0, 0.001);

        // Codes of 4 bits and one scale for 32 of them.
        var matrices = 3L * ((4 * 64 * 64) + (3 * 64 * 192));
        var codes = (matrices / 2) + (matrices / 32 * 4) + (800 * 64) + (800 * 64 / 32 * 4);
        var size = model.Manifest.Files.Single(file => file.Path == "decoder.onnx.data").Size;
        Assert.InRange(size - codes, 0, 2 * 512 * 8 * sizeof(float) * 2);

        model = ModelImporter.Import(
            GgufFiles.Path("mobilellama", "lm.q4_1.gguf"), folder["q4_1"], PrecisionPlan.Default, calibration: TestPhotographs.Set);
        Assert.Contains("Q4_1 as stored", Assert.Single(model.Manifest.Precision.Kept!), StringComparison.Ordinal);
        Assert.InRange(model.Manifest.Loss!.Decoder.MeanDivergence, 0, 0.001);
    }

    private static Checkpoint OpenPair(string decoder, string mmproj) => Checkpoint.Open(
        new CheckpointSource(GgufFiles.Path("mobilevlm-v1", $"{decoder}.gguf")) { Mmproj = GgufFiles.Path("mobilevlm-v1", $"{mmproj}.gguf") });

    private static string Refusal(CheckpointSource source) => Assert.Throws<CheckpointException>(() => Checkpoint.Open(source)).Message;
}
