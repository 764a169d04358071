using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints.Config;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats;

/// <summary>"weight_map" of model.safetensors.index.json or pytorch_model.bin.index.json.</summary>
internal static class ShardIndex
{
    /// <returns>Tensor name to shard, the latter as it is written: the caller resolves it safely.</returns>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string path)
    {
        var root = JsonFile.Read(path);
        if (!root.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
        {
            throw new CheckpointException(path, "has no object 'weight_map'. Download it again.");
        }

        var entries = new List<KeyValuePair<string, string>>();
        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
            {
                throw new CheckpointException(path, $"'weight_map' of '{entry.Name}' is not a file name.");
            }

            entries.Add(new(entry.Name, entry.Value.GetString()!));
        }

        return entries.Count > 0
            ? entries
            : throw new CheckpointException(path, "'weight_map' is empty. Download it again.");
    }
}
