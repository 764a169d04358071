using System.Text.Json;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Precision;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Tests.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>Folders that the published training and merging scripts wrote, against what the published code answers on
/// them.</summary>
public sealed class FineTuneTests
{
    /// <summary>Their folder in <c>Tests/Golden</c>.</summary>
    public const string Folder = "fine-tunes";

    /// <summary>Of the largest magnitude.</summary>
    private const double Tolerance = 1e-3;

    [Theory]
    [InlineData("ldpnetv2-merged", "clip-tower-336", 144, "sizes of clip-tower-336, weights of the checkpoint")]
    [InlineData("ldpnet-merged", "clip-tower-112", 16, "because those in the folder are of another tower")]
    [InlineData("linear-finetune", "clip-tower-112", 64, "sizes and weights of clip-tower-112")]
    [InlineData("mlp2x_gelu-finetune", "clip-tower-112", 64, "because those in the folder are of another tower")]
    public void A_fine_tune_is_imported_and_answers_as_the_published_code(string name, string tower, int visualTokens, string source)
    {
        using var target = new TemporaryFolder();

        // The configuration names /data/p13/TOWER, which lies beside the checkpoint here.
        var model = ModelImporter.Import(Path(name), target["found"], PrecisionPlan.Fp32);
        Assert.Equal(visualTokens, model.Manifest.VisualTokens);
        Assert.Contains(source, model.Manifest.Source.VisionTower, StringComparison.Ordinal);
        var chosen = ModelImporter.Import(new CheckpointSource(Path(name)) { VisionTower = Path(tower) }, target["chosen"], PrecisionPlan.Fp32);
        Assert.Equal(model.Manifest.Files, chosen.Manifest.Files);
        Assert.Equal(model.Manifest.Source.Fingerprint, chosen.Manifest.Source.Fingerprint);

        using var encoder = new VisionEncoder(model, new ExecutionSettings(1));
        using var decoder = new LanguageDecoder(model, new ExecutionSettings(1));
        using var answerer = new QuestionAnswerer(model, decoder, 512);
        var expected = GoldenTensors.Load($"{Folder}/{name}");
        foreach (var (index, golden) in GoldenCase.Load($"{Folder}/{name}").Index())
        {
            using var tokens = encoder.Encode(TestPicture.Load(Path(golden.Image!)).Image);
            Compare.Close(expected.Floats($"case{index}.visual_tokens"), tokens.Values.Span, Tolerance);
            Assert.Equal(golden.Before_ids!, answerer.PromptIdsBefore);
            Assert.Equal(golden.After_ids!, answerer.PromptIdsAfter(golden.Question!));
            answerer.PrefillPicture(tokens);
            Compare.Close(expected.Floats($"case{index}.first_logits"), answerer.FirstLogits(golden.Question!), Tolerance);
            Assert.Equal(golden.Greedy_ids, answerer.Ask(new Question(golden.Question!, AnswerKind.Text, golden.Greedy_ids.Length)).TokenIds);
        }
    }

    [Fact]
    public void The_tower_of_a_fine_tune_is_float16_beside_a_float32_decoder()
    {
        using var checkpoint = Checkpoint.Open(Path("mlp2x_gelu-finetune"));
        Assert.Equal(ElementType.Float32, checkpoint.Get("model.embed_tokens.weight").Type);
        Assert.Equal(ElementType.Float16, checkpoint.Get("vision.embeddings.class_embedding").Type);
        Assert.True(File.Exists(Path("mlp2x_gelu-finetune/training_args.bin")));
    }

    [Theory]
    [InlineData("int4")]
    [InlineData("w8a8")]
    [InlineData("fp16")]
    public void Quantized_projectors_of_one_token_per_patch_stay_near(string precision)
    {
        using var target = new TemporaryFolder();
        var model = ModelImporter.Import(Path("mlp2x_gelu-finetune"), target["model"], PrecisionPlan.Parse("fp32", precision));
        using var encoder = new VisionEncoder(model, new ExecutionSettings(1));
        using var tokens = encoder.Encode(TestPicture.Load(Path("0.png")).Image);
        Compare.SameDirection(GoldenTensors.Load($"{Folder}/mlp2x_gelu-finetune").Floats("case0.visual_tokens"), tokens.Values.Span, 0.9);
    }

    [Fact]
    public void An_adapter_before_merging_is_refused_with_its_base_model_and_the_command()
    {
        var fault = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Path("ldpnetv2-lora")));
        Assert.Equal(Path("ldpnetv2-lora/adapter_model.bin"), fault.File);
        Assert.Contains("is an unmerged LoRA adapter of /data/p13/base-lm; merge it with mergelora.py first", fault.Message, StringComparison.Ordinal);
        Assert.Contains($"mergelora.py /data/p13/base-lm {Path("ldpnetv2-lora")} MERGED", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lmsys/vicuna-7b-v1.5", "mergelora.py lmsys/vicuna-7b-v1.5 ")]
    [InlineData("x; rm -rf ~", "mergelora.py BASE ")]
    [InlineData("$(reboot)", "mergelora.py BASE ")]
    [InlineData("--help", "mergelora.py BASE ")]
    [InlineData("a\nreboot", "mergelora.py BASE ")]
    [InlineData("a\n", "mergelora.py BASE ")]
    public void The_command_to_merge_an_adapter_has_nothing_from_its_files_that_a_shell_would_run(string name, string command)
    {
        using var folder = new TemporaryFolder();
        folder.Write("adapter_model.bin", "");
        folder.Write("adapter_config.json", JsonSerializer.Serialize(new Dictionary<string, string> { ["base_model_name_or_path"] = name }));
        Assert.Contains(command, Assert.Throws<CheckpointException>(() => Checkpoint.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_projector_alone_is_refused()
    {
        var fault = Assert.Throws<CheckpointException>(() => Checkpoint.Open(Path("mlp2x_gelu-pretrain")));
        Assert.Equal(Path("mlp2x_gelu-pretrain/mm_projector.bin"), fault.File);
        Assert.Contains("is a projector alone", fault.Message, StringComparison.Ordinal);
    }

    private static string Path(string name) => GoldenFolder.Path(Folder, name);
}
