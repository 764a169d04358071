using System.Text.Json;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>How much disk an imported model will need, from above: vision and whatever is not counted here take four
/// bytes a weight in every precision.</summary>
internal static class ImportSize
{
    /// <param name="config">config.json of the checkpoint.</param>
    /// <param name="files">Everything that is fetched.</param>
    /// <param name="precision">As the command line has it.</param>
    public static long Estimate(JsonElement config, IReadOnlyList<PlannedFile> files, string precision)
    {
        var stored = (config.TryGetProperty("torch_dtype", out var type) || config.TryGetProperty("dtype", out type))
            && type.ValueKind == JsonValueKind.String
            && type.GetString() is "float16" or "bfloat16" ? 2 : 4;
        var all = (double)files.Sum(file => file.File.Size) / stored;
        double hidden = Number(config, "hidden_size"), heads = Math.Max(1, Number(config, "num_attention_heads"));
        var keyValue = hidden * (Number(config, "num_key_value_heads") is > 0 and var few ? few : heads) / heads;
        var layer = (2 * hidden * hidden) + (2 * hidden * keyValue) + (3 * hidden * Number(config, "intermediate_size"));
        var table = hidden * Number(config, "vocab_size");
        var decoder = Math.Min(all, (layer * Number(config, "num_hidden_layers")) + table);
        var embeddings = Math.Min(all - decoder, table);
        var rest = all - decoder - embeddings;
        return (long)((decoder * BytesPerWeight(precision)) + (embeddings * stored) + (4 * rest));
    }

    /// <summary>With scales, and with the head at twice the bits.</summary>
    private static double BytesPerWeight(string precision) => precision switch
    {
        _ when precision.StartsWith("int4", StringComparison.Ordinal) => 0.75,
        _ when precision.StartsWith("int8", StringComparison.Ordinal) => 1.2,
        "fp16" => 2,
        _ => 4,
    };

    private static double Number(JsonElement config, string key) =>
        config.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number
            ? Math.Clamp(value.GetDouble(), 0, 1e7)
            : 0;
}
