using System.Text.Json;
using MobileVlm.Edge.Connectors.Hub;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;
using MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>Selects the files of a repository that the importer reads; all others (weights for other frameworks, pictures) are not
/// downloaded.</summary>
internal static class CheckpointFiles
{
    /// <summary>Configuration and vocabulary.</summary>
    public static IEnumerable<HubFile> SmallFiles(HubListing listing) => Present(listing, CheckpointLayout.SmallFiles, "");

    /// <summary>Configuration of a vision tower.</summary>
    /// <param name="listing">Of the checkpoint or of the tower's own repository.</param>
    /// <param name="folder">Empty, or the tower's folder with a slash at its end.</param>
    public static IEnumerable<HubFile> TowerFiles(HubListing listing, string folder) =>
        Present(listing, CheckpointLayout.VisionTowerSmallFiles, folder);

    /// <summary>The one file of weights, or the index that names them; null when there are none.</summary>
    public static HubFile? Weights(HubListing listing, string folder)
    {
        var names = listing.Files.Select(file => file.Name)
            .Where(name => name.StartsWith(folder, StringComparison.Ordinal))
            .Select(name => name[folder.Length..])
            .Where(name => !name.Contains('/', StringComparison.Ordinal))
            .ToHashSet(StringComparer.Ordinal);
        return CheckpointFormats.EntryFile(names) is { } entry ? listing.Find(folder + entry) : null;
    }

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
            hasVision |= TensorNames.IsVisionWeight(tensor.Name);
        }

        var shards = names.Select(name => HubNames.IsInside(name) && listing.Find(folder + name) is { } shard
            ? shard
            : throw new HubException(
                $"'{index.Name}' of '{listing.Id}' names the shard '{name}', which the repository does not hold. Try another --revision."));
        return ([.. shards], hasVision);
    }

    /// <exception cref="HubException">It is not a JSON object.</exception>
    public static JsonDocument Parse(HubListing listing, HubFile file, ReadOnlyMemory<byte> json)
    {
        try
        {
            var document = StrictJson.Parse(json);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw new JsonException("it is not an object");
        }
        catch (JsonException e)
        {
            throw new HubException($"'{file.Name}' of '{listing.Id}' is not what it should be ({e.Message}). Check the id and --hub.", e);
        }
    }

    private static IEnumerable<HubFile> Present(HubListing listing, IEnumerable<string> names, string folder) =>
        names.Select(name => listing.Find(folder + name)).OfType<HubFile>();
}
