using System.Security.Cryptography;
using System.Text.Json;

namespace MobileVlm.Edge.Inference.Models;

/// <summary>A model on disk, as <c>model import</c> writes it: <c>model.json</c>, <c>vision.onnx</c>, <c>decoder.onnx</c>
/// with their weights, the embedding table, <c>tokenizer.model</c>.</summary>
public sealed class ModelFolder
{
    public const string VisionFile = "vision.onnx";
    public const string DecoderFile = "decoder.onnx";
    public const string EmbeddingsFile = "embeddings.bin";
    public const string TokenizerFile = "tokenizer.model";

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
        var manifestPath = Path.Combine(path, ModelManifest.FileName);
        if (!File.Exists(manifestPath))
        {
            throw new ModelFolderException(
                path,
                Directory.Exists(path)
                    ? File.Exists(Path.Combine(path, "config.json"))
                        ? $"this is a published checkpoint, not an imported model. Run 'mobilevlm model import {path} DIR' and use DIR."
                        : $"there is no {ModelManifest.FileName} in it. Make one with 'mobilevlm model import SOURCE DIR'."
                    : "it does not exist. Make one with 'mobilevlm model import SOURCE DIR'.");
        }

        var folder = new ModelFolder(path, ReadManifest(path, manifestPath));
        foreach (var file in folder.Manifest.Files)
        {
            folder.CheckFile(file, hash: file.Size <= HashedAtOpen);
        }

        return folder;
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

    internal string PathOf(string file) => Path.Combine(FolderPath, file);

    private static ModelManifest ReadManifest(string path, string manifestPath)
    {
        ModelManifest manifest;
        try
        {
            using var stream = File.OpenRead(manifestPath);
            manifest = JsonSerializer.Deserialize(stream, ManifestJson.Default.ModelManifest)
                ?? throw new JsonException("it holds nothing");
        }
        catch (JsonException e)
        {
            throw new ModelFolderException(
                path, $"{ModelManifest.FileName} cannot be read ({e.Message}). Import the model again.", e);
        }

        if (manifest.FormatVersion != ModelManifest.CurrentFormat)
        {
            throw new ModelFolderException(
                path,
                $"its format is version {manifest.FormatVersion}, this program reads version {ModelManifest.CurrentFormat}. "
                + "Import the model again with this program.");
        }

        return manifest;
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
