using System.Text.Json.Serialization;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>The manifest of an offline bundle: the first entry of its archive.</summary>
/// <param name="FormatVersion">See <see cref="Current"/>.</param>
/// <param name="Id">The repository.</param>
/// <param name="Commit">At which the files are.</param>
/// <param name="Files">The files in the archive's order.</param>
public sealed record HubBundle(int FormatVersion, string Id, string Commit, IReadOnlyList<HubBundleFile> Files)
{
    /// <summary>The format version that this program writes and reads.</summary>
    public const int Current = 1;

    /// <summary>The manifest's name in the archive.</summary>
    public const string ManifestName = "mobilevlm-bundle.json";

    /// <summary>The repository's name without its owner.</summary>
    [JsonIgnore]
    public string Name => Id.Split('/')[^1];

    /// <summary>Bytes of all files.</summary>
    [JsonIgnore]
    public long Size => Files.Sum(file => file.Size);
}

/// <param name="Path">Inside the checkpoint's folder, with slashes.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Lower case.</param>
public sealed record HubBundleFile(string Path, long Size, string Sha256);

[JsonSerializable(typeof(HubBundle))]
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, MaxDepth = 8)]
internal sealed partial class HubBundleJson : JsonSerializerContext;
