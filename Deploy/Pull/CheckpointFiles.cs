using System.Text.Json;
using MobileVlm.Edge.Connectors.Hub;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Which files of a repository the importer reads; all others (weights for other frameworks, pictures) stay where
/// they are.</summary>
internal static class CheckpointFiles
{
    public const string Config = "config.json";

    /// <summary>In the order in which the importer looks; safetensors first, since it cannot carry code.</summary>
    private static readonly string[] Layouts =
    [
        "model.safetensors",
        "model.safetensors.index.json",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
    ];

    // README.md is where the licence stands.
    private static readonly string[] Small =
        [Config, "tokenizer.model", "tokenizer_config.json", "generation_config.json", "preprocessor_config.json", "README.md"];

    private static readonly string[] TowerSmall = [Config, "preprocessor_config.json"];

    /// <summary>Configuration and vocabulary.</summary>
    public static IEnumerable<HubFile> SmallFiles(HubListing listing) => Present(listing, Small, "");

    /// <summary>Configuration of a vision tower.</summary>
    /// <param name="listing">Of the checkpoint or of the tower's own repository.</param>
    /// <param name="folder">Empty, or the tower's folder with a slash at its end.</param>
    public static IEnumerable<HubFile> TowerFiles(HubListing listing, string folder) => Present(listing, TowerSmall, folder);

    /// <summary>The one file of weights, or the index that names them; null when there are none.</summary>
    public static HubFile? Weights(HubListing listing, string folder) => Present(listing, Layouts, folder).FirstOrDefault();

    public static bool IsIndex(HubFile weights) => weights.Name.EndsWith(".index.json", StringComparison.Ordinal);

    /// <summary>Shards that an index names, and whether vision weights are among what they hold.</summary>
    /// <exception cref="HubException">The index names what the repository does not have.</exception>
    public static (IReadOnlyList<HubFile> Shards, bool HasVision) ReadIndex(
        HubListing listing, string folder, HubFile index, ReadOnlyMemory<byte> json)
    {
        using var document = Parse(listing, index, json);
        if (!document.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new HubException($"'{index.Name}' of '{listing.Id}' has no weight_map. The repository is damaged; try another --revision.");
        }

        var names = new SortedSet<string>(StringComparer.Ordinal);
        var hasVision = false;
        foreach (var tensor in map.EnumerateObject())
        {
            names.Add(tensor.Value.ValueKind == JsonValueKind.String ? tensor.Value.GetString()! : "");
            hasVision |= IsVision(tensor.Name);
        }

        var shards = names.Select(name => HubNames.IsInside(name) && listing.Find(folder + name) is { } shard
            ? shard
            : throw new HubException(
                $"'{index.Name}' of '{listing.Id}' names the shard '{name}', which the repository does not hold. Try another --revision."));
        return ([.. shards], hasVision);
    }

    /// <summary>Whether the names of vision tensors stand at the beginning of a file of weights, where both formats have
    /// their names.</summary>
    public static bool HasVision(ReadOnlySpan<byte> head) =>
        head.IndexOf("vision_model.encoder."u8) >= 0 || head.IndexOf("vision_tower.encoder."u8) >= 0;

    /// <exception cref="HubException">It is no JSON object.</exception>
    public static JsonDocument Parse(HubListing listing, HubFile file, ReadOnlyMemory<byte> json)
    {
        try
        {
            var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 32 });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                ReadTexts(document.RootElement);
                return document;
            }

            document.Dispose();
            throw new JsonException("it is no object");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new HubException($"'{file.Name}' of '{listing.Id}' is not what it should be ({e.Message}). Check the id and --hub.", e);
        }
    }

    /// <summary>Each text once: one that is not Unicode is found out only when it is read.</summary>
    private static void ReadTexts(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    ReadTexts(item);
                }

                break;
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    _ = property.Name;
                    ReadTexts(property.Value);
                }

                break;
            default:
                break;
        }
    }

    private static bool IsVision(string tensor) =>
        tensor.Contains("vision_model.encoder.", StringComparison.Ordinal)
        || tensor.Contains("vision_tower.encoder.", StringComparison.Ordinal);

    private static IEnumerable<HubFile> Present(HubListing listing, string[] names, string folder) =>
        names.Select(name => listing.Find(folder + name)).OfType<HubFile>();
}
