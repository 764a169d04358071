using System.Security.Cryptography;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>A model on disk, as <c>model import</c> writes it: <c>model.json</c>, <c>vision.onnx</c>, <c>decoder.onnx</c>
/// with their weights, the embedding table, <c>tokenizer.model</c>.</summary>
public sealed class ModelFolder
{
    public const string VisionFile = "vision.onnx";
    public const string DecoderFile = "decoder.onnx";
    public const string PrefillFile = "prefill.onnx";
    public const string EmbeddingsFile = "embeddings.bin";
    public const string TokenizerFile = "tokenizer.model";

    /// <summary>What the checkpoint computes in float32 where the loss was measured. Only <c>model verify</c> reads it.</summary>
    internal const string GateReferenceFile = "loss-reference.bin";

    /// <summary>Files up to this size are hashed each time a folder is opened (0.1 s); larger ones are checked by
    /// size, and hashed by <see cref="Verify"/>.</summary>
    private const long HashedAtOpen = 64L * 1024 * 1024;

    private ModelFolder(string path, ModelManifest manifest)
    {
        FolderPath = path;
        Manifest = manifest;
    }

    public string FolderPath { get; }

    public ModelManifest Manifest { get; }

    /// <summary>Reads the manifest and compares the files with it.</summary>
    /// <exception cref="ModelFolderException">The folder does not match its manifest.</exception>
    public static ModelFolder Open(string path)
    {
        try
        {
            var folder = OpenUnchecked(path);
            folder.CheckList();
            foreach (var file in folder.Manifest.Files)
            {
                folder.CheckFile(file, hash: file.Size <= HashedAtOpen);
            }

            return folder;
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new ModelFolderException(
                path, $"this user may not read it ({fault.Message.TrimEnd('.')}). Change its owner or mode, or run as another user.", fault);
        }
    }

    /// <summary>Reads the manifest without comparing the files with it: for callers that need a quick answer and open no
    /// session.</summary>
    /// <exception cref="ModelFolderException">There is no manifest, or it cannot be read.</exception>
    internal static ModelFolder OpenUnchecked(string path)
    {
        var manifestPath = Path.Combine(path, ModelManifest.FileName);
        if (!File.Exists(manifestPath))
        {
            if (Directory.Exists(path))
            {
                // Otherwise a folder that may not be read appears to be empty.
                _ = Directory.EnumerateFileSystemEntries(path).Any();
            }

            throw new ModelFolderException(
                path,
                Directory.Exists(path)
                    ? File.Exists(Path.Combine(path, "config.json"))
                        ? $"this is a published checkpoint, not an imported model. Run 'mobilevlm model import {path} DIR' and use DIR."
                        : $"it holds no {ModelManifest.FileName}. Make one with 'mobilevlm model import SOURCE DIR'."
                    : File.Exists(path) ? "it is a file. Name the folder that 'mobilevlm model import SOURCE DIR' made."
                    : "it does not exist. Make one with 'mobilevlm model import SOURCE DIR'.");
        }

        return new ModelFolder(path, ReadManifest(path, manifestPath));
    }

    /// <summary>Hashes every file, large ones too.</summary>
    /// <exception cref="ModelFolderException">A file differs from the manifest.</exception>
    public void Verify()
    {
        foreach (var file in Manifest.Files)
        {
            CheckFile(file, hash: true);
        }
    }

    /// <summary>Whether the loss can be measured again without the checkpoint.</summary>
    internal bool HasGateReference => Manifest.Files.Any(file => file.Path == GateReferenceFile);

    /// <summary>Whether the decoder has prefill weights, which are faster for many tokens at once.</summary>
    public bool HasPrefill => Manifest.Signatures.ContainsKey(PrefillFile);

    /// <summary>Whether the decoder returns hidden states, by which a question is taught; folders of format 2 do not.</summary>
    public bool HasHiddenStates => Manifest.Signatures.TryGetValue(DecoderFile, out var decoder)
        && decoder.Outputs.Any(output => output.Name == DecoderTensors.LastHidden);

    internal string PathOf(string file) => Path.Combine(FolderPath, file);

    /// <summary>Compares a tensor's signature with the sizes in the manifest, by which buffers are allocated.</summary>
    /// <exception cref="ModelFolderException">They differ.</exception>
    internal void Expect(string file, string tensor, params ReadOnlySpan<int> shape)
    {
        var signature = Manifest.Signatures[file];
        var found = signature.Inputs.Concat(signature.Outputs).FirstOrDefault(t => t.Name == tensor);
        if (found is null || !shape.SequenceEqual([.. found.Shape]))
        {
            throw new ModelFolderException(
                FolderPath,
                $"{file}: '{tensor}' is {found?.ToString() ?? "missing"}, the sizes in {ModelManifest.FileName} say "
                + $"[{string.Join(',', shape.ToArray())}]. Import the model again.");
        }
    }

    private static ModelManifest ReadManifest(string path, string manifestPath)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifestPath));

            // Before all else, because another version may have other keys.
            if (json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("formatVersion", out var version)
                && UnreadableFormat(version, json.RootElement) is { } reason)
            {
                throw new ModelFolderException(path, reason);
            }

            var manifest = json.Deserialize(ManifestJson.Default.ModelManifest) ?? throw new JsonException("it holds nothing");
            return HasNullElements(manifest) ? throw new JsonException("a file or a signature in it is null") : manifest;
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(
                path, $"{ModelManifest.FileName} cannot be read ({e.Message}). Import the model again.", e);
        }
    }

    /// <returns>Why a folder of this format cannot be read; null when it can.</returns>
    private static string? UnreadableFormat(JsonElement version, JsonElement manifest)
    {
        var known = version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) ? number : 0;
        if (known is >= ModelManifest.OldestFormat and <= ModelManifest.CurrentFormat)
        {
            return null;
        }

        var read = ModelManifest.OldestFormat == ModelManifest.CurrentFormat
            ? $"version {ModelManifest.CurrentFormat}"
            : $"versions {ModelManifest.OldestFormat} to {ModelManifest.CurrentFormat}";
        if (known <= ModelManifest.CurrentFormat)
        {
            return $"its format is version {version.GetRawText()}, this program reads {read}. Import the model again with this program.";
        }

        var by = manifest.TryGetProperty("createdBy", out var creator) && creator.ValueKind == JsonValueKind.String
            ? $" ({creator.GetString()})"
            : "";
        return $"it was made by a newer program{by}: its format is version {known}, this program reads {read}. "
            + "Update this program, or import the model again with it into another folder.";
    }

    /// <summary>Whether an element of a list is null, which the serializer lets pass.</summary>
    private static bool HasNullElements(ModelManifest manifest) =>
        manifest.Files.Any(f => f is null)
        || manifest.Signatures.Values.Any(s => s is null || s.Inputs.Concat(s.Outputs).Any(t => t is null));

    /// <summary>A file that the manifest does not list would be used unchecked.</summary>
    private void CheckList()
    {
        string[] needed = Manifest.Vision is null
            ? [DecoderFile, EmbeddingsFile, TokenizerFile]
            : [VisionFile, DecoderFile, EmbeddingsFile, TokenizerFile];
        foreach (var file in needed.Where(name => Manifest.Files.All(f => f.Path != name)))
        {
            throw new ModelFolderException(FolderPath, $"{ModelManifest.FileName} does not list {file}. Import the model again.");
        }
    }

    private void CheckFile(ModelFile file, bool hash)
    {
        if (file.Path != Path.GetFileName(file.Path))
        {
            throw new ModelFolderException(FolderPath, $"the manifest names '{file.Path}', which is not a file of this folder.");
        }

        var info = new FileInfo(PathOf(file.Path));
        if (!info.Exists)
        {
            throw new ModelFolderException(FolderPath, $"{file.Path} is missing. Import the model again.");
        }

        if (info.Length != file.Size)
        {
            throw new ModelFolderException(
                FolderPath,
                $"{file.Path} has {info.Length} bytes, the manifest says {file.Size}: it was cut or altered. Import the model again.");
        }

        if (!hash)
        {
            return;
        }

        using var stream = info.OpenRead();
        var actual = Convert.ToHexStringLower(SHA256.HashData(stream));
        if (actual != file.Sha256)
        {
            throw new ModelFolderException(
                FolderPath,
                $"{file.Path} has SHA-256 {actual}, the manifest says {file.Sha256}: it was altered. Import the model again.");
        }
    }
}
