using System.Text.Json;
using MobileVlm.Edge.Inference.Import.Checkpoints;

namespace MobileVlm.Edge.Deploy.Pull;

/// <summary>How much disk an imported model will need, from above: vision and whatever is not counted here take four
/// bytes a weight in every precision.</summary>
internal static class ImportSize
{
    /// <param name="config">config.json of the checkpoint.</param>
    /// <param name="bytes">Of everything that is imported.</param>
    /// <param name="precision">As the command line has it.</param>
    public static long Estimate(JsonElement config, long bytes, string precision)
    {
        var stored = (config.TryGetProperty("torch_dtype", out var type) || config.TryGetProperty("dtype", out type))
            && type.ValueKind == JsonValueKind.String
            && type.GetString() is "float16" or "bfloat16" ? 2 : 4;
        var all = (double)bytes / stored;
        double hidden = Number(config, "hidden_size"), heads = Math.Max(1, Number(config, "num_attention_heads"));
        var keyValue = hidden * (Number(config, "num_key_value_heads") is > 0 and var few ? few : heads) / heads;
        var layer = (2 * hidden * hidden) + (2 * hidden * keyValue) + (3 * hidden * Number(config, "intermediate_size"));
        var table = hidden * Number(config, "vocab_size");
        var decoder = Math.Min(all, (layer * Number(config, "num_hidden_layers")) + table);
        var embeddings = Math.Min(all - decoder, table);
        var rest = all - decoder - embeddings;
        return (long)((decoder * BytesPerWeight(precision)) + (embeddings * stored) + (4 * rest));
    }

    /// <summary>The same for a checkpoint on disk; one without a configuration is left for the importer to explain.</summary>
    public static long Estimate(string checkpoint, long bytes, string precision)
    {
        try
        {
            using var config = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(checkpoint, CheckpointLayout.Config)));
            return config.RootElement.ValueKind == JsonValueKind.Object ? Estimate(config.RootElement, bytes, precision) : 0;
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return 0;
        }
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
