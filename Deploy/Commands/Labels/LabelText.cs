using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Deploy.Commands.Labels;

/// <summary>Labels as text for people.</summary>
internal static class LabelText
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Json(JsonObject document) => document.ToJsonString(Readable);

    /// <summary>What a request did.</summary>
    public static string Change(JsonObject change)
    {
        var (now, before) = ((string?)change["value"], (string?)change["before"]);
        var what = now is null ? $"label '{before}' removed" : before is null ? $"labelled '{now}'" : before == now ? $"is labelled '{now}' already" : $"labelled '{now}' instead of '{before}'";
        return $"{change["labelId"]}: {what}. The question has {Counts(change["counts"])} now.";
    }

    /// <summary>A table of labels, at most 80 columns wide where the ids allow it.</summary>
    public static string List(JsonObject list)
    {
        var text = new StringBuilder();
        foreach (var label in list["labels"]!.AsArray().Select(label => label!.AsObject()))
        {
            var score = (double?)label["score"] is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.00}") : "-";
            text.Append(CultureInfo.InvariantCulture, $"{(string?)label["labelId"],-32} {(string?)label["value"],-12} score {score,-5} {(string?)label["source"]}").AppendLine();
        }

        return text.Append(CultureInfo.InvariantCulture, $"{list["camera"]}/{list["question"]}: {Counts(list["counts"])}, at most {list["most"]}").ToString();
    }

    private static string Counts(JsonNode? counts) => string.Join(", ", counts!.AsObject().Select(it => $"{it.Value} {it.Key}"));
}
