using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Import;
using MobileVlm.Edge.Inference.Import.Precision;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints;

/// <summary>What people have in place of a checkpoint is named for what it is.</summary>
public sealed class IncompleteModelTests
{
    private const string LfsPointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";

    [Theory]
    [InlineData("pytorch_model.fp16.bin", "under the name of a variant")]
    [InlineData("model.fp16.safetensors", "under the name of a variant")]
    [InlineData("consolidated.00.pth", "convert_llama_weights_to_hf.py")]
    [InlineData("mobilevlm.pth", "a PyTorch file of another program")]
    [InlineData("zero_to_fp32.py", "the state of a DeepSpeed training")]
    [InlineData("tf_model.h5", "weights for TensorFlow")]
    [InlineData("flax_model.msgpack", "weights for Flax")]
    [InlineData("openvino_model.xml", "a model for OpenVINO")]
    [InlineData("model.onnx", "an ONNX model of another program")]
    [InlineData("pytorch_model-00001-of-00002.bin", "their list pytorch_model.bin.index.json is not there")]
    [InlineData("model-00001-of-00002.safetensors", "their list model.safetensors.index.json is not there")]
    [InlineData("adapter_model.safetensors", "an unmerged LoRA adapter of BASE")]
    [InlineData("non_lora_trainables.bin", "an unmerged LoRA adapter of BASE")]
    [InlineData("mm_projector.bin", "a projector alone")]
    public void A_folder_without_whole_weights_is_named_by_its_file(string file, string message)
    {
        using var folder = new TemporaryFolder();
        folder.Write("config.json", SmallCheckpoint.TextConfig);
        folder.Write(file, "x");
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Equal(folder[file], fault.File);
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_imported_model_is_not_imported_again()
    {
        using var folder = new TemporaryFolder();
        folder.Write("model.json", "{}");
        folder.Write("decoder.onnx", "x");
        Assert.Contains("is an imported model already", SmallCheckpoint.Refused(folder).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_adapter_beside_whole_weights_is_refused_because_nobody_can_tell_whether_it_is_merged()
    {
        using var folder = TemporaryFolder.CopyOf("mobilellama");
        folder.Write("adapter_config.json", """{"base_model_name_or_path": "lmsys/vicuna-7b-v1.5"}""");
        var message = SmallCheckpoint.Refused(folder).Message;
        Assert.Contains("is part of a LoRA adapter, and pytorch_model.bin beside it holds whole weights", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", "an unmerged LoRA adapter")]
    [InlineData("model.mm_projector.0.weight", "a projector alone")]
    public void Weights_of_a_part_under_the_name_of_whole_ones_are_refused(string tensor, string message)
    {
        var fault = SmallCheckpoint.Refused(
            "model.safetensors", SmallCheckpoint.Safetensors($$$"""{"{{{tensor}}}":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}""", 8));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json", "the configuration")]
    [InlineData("tokenizer.model", "the tokenizer")]
    [InlineData("pytorch_model.bin", "the weights")]
    [InlineData("vision_tower/preprocessor_config.json", "the configuration")]
    public void A_pointer_of_Git_LFS_is_named_wherever_it_is(string file, string expected)
    {
        using var folder = TemporaryFolder.CopyOf("mobilevlm-v1");
        folder.Write(file, LfsPointer);
        var fault = SmallCheckpoint.Refused(folder);
        Assert.Equal(folder[file], fault.File);
        Assert.Contains($"is a Git LFS pointer, not {expected}. Run 'git lfs pull'", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_a_wrapped_model_are_imported_as_those_of_the_model()
    {
        using var folder = TemporaryFolder.CopyOf("llama-gqa");
        using var target = new TemporaryFolder();
        var expected = ModelImporter.Import(folder.Path, target["expected"], PrecisionPlan.Fp32);
        var file = File.ReadAllBytes(folder["model.safetensors"]);
        var length = (int)BitConverter.ToInt64(file);
        var header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject();
        var renamed = new JsonObject(header.Select(entry =>
            KeyValuePair.Create(entry.Key == "__metadata__" ? entry.Key : $"module.{entry.Key}", entry.Value?.DeepClone())));
        var wrapped = SmallCheckpoint.Safetensors(renamed.ToJsonString(), file.Length - 8 - length);
        file.AsSpan(8 + length).CopyTo(wrapped.AsSpan(wrapped.Length - (file.Length - 8 - length)));
        folder.Write("model.safetensors", wrapped);
        var found = ModelImporter.Import(folder.Path, target["found"], PrecisionPlan.Fp32);
        Assert.Equal(expected.Manifest.Files, found.Manifest.Files);
    }
}
