using System.Globalization;
using System.Security.Cryptography;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Describes a model folder for the HTTP server.</summary>
internal static class ModelDescriptions
{
    /// <param name="folder">Opened.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="contextTokens">The configured context.</param>
    public static ModelDescription Of(ModelFolder folder, LlamaTextTokenizer tokenizer, int contextTokens)
    {
        var manifest = folder.Manifest;
        var path = Path.Combine(folder.FolderPath, ModelManifest.FileName);
        return new ModelDescription
        {
            Id = manifest.Name,
            Aliases = [Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder.FolderPath)))],
            ContextTokens = Math.Min(contextTokens, manifest.Language.MaxPositions),
            PictureTokens = manifest.VisualTokens,
            VocabularySize = manifest.Language.VocabularySize,
            BeginId = tokenizer.BeginId,
            EndId = tokenizer.EndId,
            Bytes = manifest.Files.Sum(file => file.Size),
            CreatedAt = new DateTimeOffset(File.GetLastWriteTimeUtc(path), TimeSpan.Zero),
            Digest = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))),
            Precision = manifest.Precision.Decoder,
            ParameterSize = ParameterSize(manifest.Language),
            License = manifest.License,
        };
    }

    /// <summary>The number of the decoder's parameters.</summary>
    private static string ParameterSize(LanguageConfig language)
    {
        long hidden = language.HiddenSize;
        var keys = (long)language.KeyValueHeads * language.HeadSize;
        var layer = (2 * hidden * hidden) + (2 * hidden * keys) + (3 * hidden * language.IntermediateSize);
        var total = (language.Layers * layer) + (language.VocabularySize * hidden * (language.TiedEmbeddings ? 1 : 2));
        return total >= 1_000_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{total / 1e9:0.0}B")
            : string.Create(CultureInfo.InvariantCulture, $"{total / 1e6:0.0}M");
    }
}
