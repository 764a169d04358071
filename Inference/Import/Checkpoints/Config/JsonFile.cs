using System.Text.Json;

namespace MobileVlm.Edge.Inference.Import.Checkpoints.Config;

/// <summary>A checkpoint's JSON files: small, strict, an object.</summary>
internal static class JsonFile
{
    // The largest that is published is an index of some hundred kilobytes.
    private const long LargestBytes = 16 << 20;

    /// <returns>The whole document, detached from any buffer.</returns>
    public static JsonElement Read(string path)
    {
        using var file = CheckpointFile.Open(path);
        if (file.Length > LargestBytes)
        {
            throw file.Error($"has {file.Length} bytes; a configuration has at most {LargestBytes}.");
        }

        PlaceholderFile.Refuse(file, "the configuration");
        var bytes = new byte[file.Length];
        file.ReadExactly(0, bytes);
        return Parse(path, bytes);
    }

    public static JsonElement Parse(string path, ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = StrictJson.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new CheckpointException(path, "holds JSON, but not an object. Download it again.");
        }
        catch (JsonException cause)
        {
            throw new CheckpointException(path, $"is not JSON: {cause.Message} Download it again.", cause);
        }
    }
}
