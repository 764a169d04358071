using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>A line of <see cref="AnswerFile"/>: one answer as a JSON document.</summary>
internal static class AnswerLine
{
    /// <summary>The beginning of each line. Only what begins so is taken for a line that a stopped run left incomplete.</summary>
    private const string Start = "{\"id\":";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a line with its end.</summary>
    public static void Write(IBufferWriter<byte> line, BenchmarkItem item, KeptAnswer kept, double right, AnswerStamp stamp)
    {
        using (var json = new Utf8JsonWriter(line, Relaxed))
        {
            Write(json, item, kept, right, stamp);
        }

        line.Write("\n"u8);
    }

    /// <summary>Reads a line.</summary>
    /// <returns>The item's id, its answer and what that depends on; null if it is something other than an answer.</returns>
    public static (string Id, KeptAnswer Kept, AnswerStamp Stamp)? Read(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var id = root.GetProperty("id");
            YesNoReading? reading = root.TryGetProperty("yes", out var yes) ? new YesNoReading(yes.GetDouble(), root.GetProperty("mass").GetDouble()) : null;
            return (
                id.ValueKind == JsonValueKind.String ? id.GetString()! : id.GetRawText(),
                new KeptAnswer(
                    new BenchmarkAnswer([.. root.GetProperty("tokenIds").EnumerateArray().Select(it => it.GetInt32())], root.GetProperty("text").GetString() ?? "", reading),
                    root.GetProperty("seconds").GetDouble()),
                new AnswerStamp(root.GetProperty("model").GetString() ?? "", root.GetProperty("settings").GetString() ?? ""));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether a line without its end is a whole document, of an answer or of something else.</summary>
    public static bool IsComplete(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Whether a text is the beginning of a line.</summary>
    public static bool IsBegun(string text) => text.StartsWith(Start[..Math.Min(text.Length, Start.Length)], StringComparison.Ordinal);

    private static void Write(Utf8JsonWriter json, BenchmarkItem item, KeptAnswer kept, double right, AnswerStamp stamp)
    {
        json.WriteStartObject();
        json.WritePropertyName("id");
        if (item.HasNumericId)
        {
            json.WriteRawValue(item.Id);
        }
        else
        {
            json.WriteStringValue(item.Id);
        }

        json.WriteStartArray("tokenIds");
        foreach (var id in kept.Answer.TokenIds)
        {
            json.WriteNumberValue(id);
        }

        json.WriteEndArray();
        json.WriteString("text", kept.Answer.Text);
        if (item.Truth is [var only])
        {
            json.WriteString("truth", only);
            json.WriteBoolean("right", right > 0);
        }
        else
        {
            json.WriteStartArray("truth");
            foreach (var answer in item.Truth)
            {
                json.WriteStringValue(answer);
            }

            json.WriteEndArray();
            json.WriteNumber("right", right);
        }

        if (kept.Answer.YesNo is { } reading)
        {
            json.WriteNumber("yes", reading.Yes);
            json.WriteNumber("mass", reading.Mass);
        }

        json.WriteNumber("seconds", Math.Round(kept.Seconds, 3));
        json.WriteString("model", stamp.Model);
        json.WriteString("settings", stamp.Settings);
        json.WriteEndObject();
    }
}
