using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>The hub's JSON into a listing. Nothing in it is trusted: names become paths, sizes become disk need.</summary>
internal static class HubListingReader
{
    private const int MostFiles = 20_000;

    public static HubListing Read(string id, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || Text(root, "sha") is not { } commit || !HubNames.IsCommit(commit))
        {
            throw new HubException($"The list of '{id}' does not say at which commit it is. Check --hub.");
        }

        if (!root.TryGetProperty("siblings", out var siblings) || siblings.ValueKind != JsonValueKind.Array)
        {
            throw new HubException($"The list of '{id}' names no files. Check --hub.");
        }

        if (siblings.GetArrayLength() > MostFiles)
        {
            throw new HubException($"'{id}' has {siblings.GetArrayLength()} files; a model has a few. Check the id.");
        }

        var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
        foreach (var sibling in siblings.EnumerateArray())
        {
            var file = File(id, sibling);
            if (!files.TryAdd(file.Name, file))
            {
                throw new HubException($"The list of '{id}' names '{file.Name}' twice. Check --hub.");
            }
        }

        return new HubListing(id, commit, [.. files.Values]);
    }

    private static HubFile File(string id, JsonElement sibling)
    {
        var name = sibling.ValueKind == JsonValueKind.Object ? Text(sibling, "rfilename") : null;
        if (name is null || !HubNames.IsInside(name))
        {
            throw new HubException($"The list of '{id}' names the file '{name}', which leads out of the repository. Nothing was downloaded; check --hub.");
        }

        var stored = sibling.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object;
        var sha256 = stored ? Text(lfs, "sha256") ?? Text(lfs, "oid") : null;
        if (sha256 is not null && !HubNames.IsSha256(sha256))
        {
            throw new HubException($"The list of '{id}' gives '{name}' a SHA-256 that is none. Check --hub.");
        }

        // Without a size, free space cannot be checked before the first byte, and a file that never ends cannot be stopped.
        var size = Number(stored ? lfs : sibling, "size") ?? Number(sibling, "size");
        if (size is not >= 0)
        {
            throw new HubException($"The list of '{id}' does not say how large '{name}' is. Check --hub.");
        }

        // Of a file in LFS the blob is only the pointer.
        var blob = stored ? null : Text(sibling, "blobId");
        return new HubFile(name, size.Value, sha256, blob is not null && HubNames.IsCommit(blob) ? blob : null);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : null;
}
