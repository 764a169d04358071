using System.Text.Json.Nodes;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Inference.Tests.Models;

/// <summary>A folder that does not match its manifest is refused, and the message names the file and the remedy.</summary>
public sealed class ModelFolderTests
{
    private static readonly ExecutionSettings OneThread = new(1);

    [Fact]
    public void A_missing_folder_is_refused_with_the_command_that_makes_one()
    {
        using var folder = new TemporaryFolder();
        AssertRefused(folder["nowhere"], folder["nowhere"], "does not exist", "mobilevlm model import SOURCE DIR");
        AssertRefused(folder.Path, "it holds no model.json", "mobilevlm model import SOURCE DIR");
        AssertRefused(folder.Write("a.bin", "x"), "it is a file", "mobilevlm model import SOURCE DIR");
    }

    [Fact]
    public void A_checkpoint_in_place_of_a_model_folder_is_recognised()
    {
        var checkpoint = GoldenFolder.Path("mobilevlm-v1");
        AssertRefused(checkpoint, "published checkpoint", $"mobilevlm model import {checkpoint} DIR");
    }

    [Theory]
    [InlineData("decoder.onnx")]
    [InlineData("decoder.onnx.data")]
    [InlineData("vision.onnx")]
    [InlineData("vision.onnx.data")]
    [InlineData("embeddings.bin")]
    [InlineData("tokenizer.model")]
    public void A_missing_cut_or_altered_file_is_refused_by_name(string file)
    {
        using var folder = Copy();
        var bytes = File.ReadAllBytes(folder[file]);

        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(folder[file], bytes);
        var altered = AssertRefused(folder.Path, $"{file} has SHA-256", "the manifest says", "Import the model again");
        Assert.Equal(folder.Path, altered.ModelPath);

        File.WriteAllBytes(folder[file], bytes[..^1]);
        AssertRefused(
            folder.Path, $"{file} has {bytes.Length - 1} bytes, the manifest says {bytes.Length}", "Import the model again");

        File.Delete(folder[file]);
        AssertRefused(folder.Path, $"{file} is missing", "Import the model again");
    }

    [Fact]
    public void Verifying_finds_what_was_altered_after_opening()
    {
        using var folder = Copy();
        var model = ModelFolder.Open(folder.Path);
        model.Verify();
        var bytes = File.ReadAllBytes(folder["embeddings.bin"]);
        bytes[0] ^= 1;
        File.WriteAllBytes(folder["embeddings.bin"], bytes);
        var refusal = Assert.Throws<ModelFolderException>(model.Verify);
        Assert.Contains("embeddings.bin has SHA-256", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{ \"formatVersion\": 2 }")]
    [InlineData("{ \"formatVersion\": 2, ")]
    [InlineData("\u0000\u0001garbage")]
    public void A_file_that_is_not_a_manifest_is_refused(string text)
    {
        using var folder = Copy();
        folder.Write("model.json", text);
        AssertRefused(folder.Path, "model.json cannot be read", "Import the model again");
    }

    [Theory]
    [InlineData("$.files[0].path", "null")]
    [InlineData("$.files[0]", "null")]
    [InlineData("$.files", "null")]
    [InlineData("$.language", "null")]
    [InlineData("$.signatures", "null")]
    [InlineData("$.signatures['decoder.onnx']", "null")]
    [InlineData("$.signatures['decoder.onnx'].inputs[1]", "null")]
    [InlineData("$.language.layers", "\"three\"")]
    public void A_manifest_with_an_invalid_value_is_refused(string path, string value)
    {
        using var folder = Copy(path, value);
        AssertRefused(folder.Path, "model.json", "Import the model again");
    }

    [Fact]
    public void Another_format_version_is_refused_with_both_numbers_even_where_the_rest_is_invalid()
    {
        using var folder = Copy("$.formatVersion", "1");
        AssertRefused(folder.Path, "version 1, this program reads versions 2 to 3", "Import the model again with this program");
        folder.Write("model.json", """{ "formatVersion": 7, "parts": [] }""");
        AssertRefused(folder.Path, "version 7, this program reads versions 2 to 3");
    }

    [Theory]
    [InlineData("../embeddings.bin")]
    [InlineData("/etc/hostname")]
    [InlineData("sub/embeddings.bin")]
    public void A_manifest_that_names_files_elsewhere_is_refused(string path)
    {
        using var folder = Copy("$.files[0].path", $"\"{path}\"");
        AssertRefused(folder.Path, $"'{path}', which is not a file of this folder");
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public void A_manifest_that_names_a_folder_as_a_file_is_refused(string path)
    {
        using var folder = Copy("$.files[0].path", $"\"{path}\"");
        AssertRefused(folder.Path, "Import the model again");
    }

    [Theory]
    [InlineData("decoder.onnx")]
    [InlineData("vision.onnx")]
    [InlineData("embeddings.bin")]
    [InlineData("tokenizer.model")]
    public void A_file_that_the_manifest_does_not_list_is_not_used_unchecked(string file)
    {
        using var folder = Copy();
        var manifest = Manifest(folder);
        var files = manifest["files"]!.AsArray();
        files.Remove(files.Single(f => (string?)f!["path"] == file));
        folder.Write("model.json", manifest.ToJsonString());
        AssertRefused(folder.Path, $"model.json does not list {file}", "Import the model again");
    }

    [Fact]
    public void A_graph_of_another_shape_or_type_is_refused_with_both_sides()
    {
        using (var shape = Copy("$.signatures['decoder.onnx'].outputs[0].shape", "[1,-1,801]"))
        {
            AssertDecoderRefused(shape, "decoder.onnx: output 'logits' is Float[1,-1,800], the manifest says Float[1,-1,801]", "Import");
        }

        using (var type = Copy("$.signatures['decoder.onnx'].inputs[0].type", "\"Float16\""))
        {
            AssertDecoderRefused(
                type, "decoder.onnx: input 'inputs_embeds' is Float[1,-1,64], the manifest says Float16[1,-1,64]", "Import");
        }

        using (var name = Copy("$.signatures['decoder.onnx'].outputs[0].name", "\"scores\""))
        {
            AssertDecoderRefused(name, "decoder.onnx has an output 'logits' that is not in the manifest", "Import");
        }

        using var vision = Copy("$.signatures['vision.onnx'].outputs[1].shape", "[1,144,2048]");
        var model = ModelFolder.Open(vision.Path);
        AssertContains(
            Assert.Throws<ModelFolderException>(() => new VisionEncoder(model, OneThread)),
            "vision.onnx: output 'visual_tokens' is Float[1,", "the manifest says Float[1,144,2048]", "Import the model again");
    }

    [Theory]
    [InlineData("$.language.vocabularySize", "900", "[1,-1,900]")]
    [InlineData("$.language.hiddenSize", "128", "[1,-1,128]")]
    [InlineData("$.language.keyValueHeads", "2", "[1,2,-1,16]")]
    [InlineData("$.language.layers", "4", "past_key_values.3.key")]
    [InlineData("$.language.layers", "2", "has 3 layers")]
    public void Sizes_that_are_not_those_of_the_graph_are_refused(string path, string value, string message)
    {
        using var folder = Copy(path, value);
        AssertDecoderRefused(folder, message, "Import the model again");
    }

    [Fact]
    public void Picture_sizes_that_are_not_those_of_the_graph_are_refused()
    {
        foreach (var path in (string[])["$.vision.imageSize", "$.visualTokens"])
        {
            using var folder = Copy(path, "7");
            var model = ModelFolder.Open(folder.Path);
            AssertContains(Assert.Throws<ModelFolderException>(() => new VisionEncoder(model, OneThread)), "vision.onnx", "7", "Import");
        }
    }

    [Fact]
    public void A_text_only_model_refuses_pictures_with_that_reason()
    {
        var folder = GoldenModel.Get("mobilellama").Folder;
        AssertContains(
            Assert.Throws<ModelFolderException>(() => new VisionEncoder(folder, OneThread)),
            "a text-only model and cannot read pictures", "mobilevlm generate");
    }

    [Fact]
    public void A_manifest_with_keys_of_a_later_program_is_read()
    {
        using var folder = Copy();
        var manifest = Manifest(folder);
        manifest["comment"] = "kept by somebody";
        folder.Write("model.json", manifest.ToJsonString());
        Assert.Equal(GoldenModel.Get("mobilevlm-v1").Folder.Manifest.Name, ModelFolder.Open(folder.Path).Manifest.Name);
    }

    private static TemporaryFolder Copy()
    {
        var copy = new TemporaryFolder();
        foreach (var file in Directory.EnumerateFiles(GoldenModel.Get("mobilevlm-v1").Folder.FolderPath))
        {
            File.Copy(file, copy[Path.GetFileName(file)]);
        }

        return copy;
    }

    /// <summary>A copy in whose manifest one value is another.</summary>
    private static TemporaryFolder Copy(string path, string json)
    {
        var copy = Copy();
        var manifest = Manifest(copy);
        JsonNode node = manifest;
        foreach (var step in Steps(path))
        {
            node = int.TryParse(step, out var index) ? node[index]! : node[step]!;
        }

        node.ReplaceWith(JsonNode.Parse(json));
        copy.Write("model.json", manifest.ToJsonString());
        return copy;
    }

    /// <summary>Keys and numbers of a path as <see cref="JsonNode.GetPath"/> writes it.</summary>
    private static IEnumerable<string> Steps(string path) =>
        System.Text.RegularExpressions.Regex.Matches(path, @"\['([^']+)'\]|\[(\d+)\]|\.(\w+)")
            .Select(m => m.Groups.Values.Skip(1).Single(g => g.Success).Value);

    private static JsonObject Manifest(TemporaryFolder folder) =>
        JsonNode.Parse(File.ReadAllText(folder["model.json"]))!.AsObject();

    private static ModelFolderException AssertRefused(string path, params string[] parts) =>
        AssertContains(Assert.Throws<ModelFolderException>(() => ModelFolder.Open(path)), parts);

    private static void AssertDecoderRefused(TemporaryFolder folder, params string[] parts)
    {
        var model = ModelFolder.Open(folder.Path);
        AssertContains(Assert.Throws<ModelFolderException>(() => new LanguageDecoder(model, OneThread)), parts);
    }

    private static ModelFolderException AssertContains(ModelFolderException refusal, params string[] parts)
    {
        Assert.All(parts, part => Assert.Contains(part, refusal.Message, StringComparison.Ordinal));
        return refusal;
    }
}
