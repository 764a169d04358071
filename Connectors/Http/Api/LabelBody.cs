using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Reads and writes labels as JSON, the same over HTTP and MQTT.</summary>
public static class LabelBody
{
    private const string Example = """{"frame":123,"label":"yes"}""";

    /// <summary>Names the last event of the question where the id of one is expected.</summary>
    private const string LastEvent = "last";

    /// <summary>Longest label, in characters.</summary>
    private const int MaxLabel = 200;

    /// <summary>Reads a request such as <c>{"frame":123,"label":"yes"}</c>.</summary>
    /// <param name="body">A JSON document.</param>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="source">The way on which it came.</param>
    /// <exception cref="HttpFailureException">A member is missing or wrong.</exception>
    public static LabelRequest Read(JsonElement body, string camera, string question, LabelSource source)
    {
        if (body.ValueKind != JsonValueKind.Object)
        {
            throw HttpFailureException.Invalid(null, $"the body is not an object such as {Example}");
        }

        string[] given = [.. ((string[])["frame", "snapshot", "event", "labelId"]).Where(name => body.Get(name) is not null)];
        if (given.Length != 1)
        {
            throw HttpFailureException.Invalid(
                given.Length == 0 ? "frame" : given[1],
                given.Length == 0
                    ? $"no frame is named; send 'frame' (its number), 'snapshot' (its id in the history), 'event' or 'labelId': {Example}"
                    : $"'{given[0]}' and '{given[1]}' are both given; name the frame in one way");
        }

        var frame = new LabelFrame
        {
            Frame = Number(body, "frame"),
            Snapshot = Number(body, "snapshot"),
            At = MomentOf(body),
            IsLastEvent = body.Text("event") == LastEvent,
            Event = body.Get("event") is null || body.Text("event") == LastEvent ? null : Guid.TryParse(body.Text("event"), out var id) ? id
                : throw HttpFailureException.Invalid("event", $"'event' is neither the id of an event nor '{LastEvent}'"),
            Id = body.Get("labelId") is null ? null : body.Text("labelId") is { } label && LabelId.IsValid(label) ? label
                : throw HttpFailureException.Invalid("labelId", "'labelId' is not the id of a label"),
        };
        return body.Text("label") is { Length: > 0 and <= MaxLabel } value
            ? new LabelRequest(camera, question, frame, value, source)
            : throw HttpFailureException.Invalid("label", $"'label' is missing; send yes, no, one of the choices, {LabelRequest.Right} or {LabelRequest.Wrong} for an event, or {LabelRequest.Clear}: {Example}");
    }

    /// <summary>What a request did.</summary>
    public static JsonObject Describe(LabelChange change) => new()
    {
        ["labelId"] = change.Id,
        ["value"] = change.Value,
        ["before"] = change.Before,
        ["counts"] = Describe(change.Counts),
    };

    /// <summary>The labels of a question.</summary>
    public static JsonObject Describe(LabelList list) => new()
    {
        ["camera"] = list.Camera,
        ["question"] = list.Question,
        ["ask"] = list.Ask,
        ["values"] = new JsonArray([.. list.Values.Select(value => (JsonNode)value)]),
        ["counts"] = Describe(list.Counts),
        ["most"] = list.Most,
        ["labels"] = new JsonArray([.. list.Labels.Select(label => Describe(list, label))]),
    };

    /// <summary>How many labels each value has.</summary>
    internal static JsonObject Describe(IReadOnlyDictionary<string, int> counts) =>
        new([.. counts.Select(it => KeyValuePair.Create(it.Key, (JsonNode?)it.Value))]);

    private static long? Number(JsonElement body, string name)
    {
        if (body.Get(name) is not { } value)
        {
            return null;
        }

        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= 0
            ? number
            : throw HttpFailureException.Invalid(name, $"'{name}' is not a whole number from 0");
    }

    private static DateTimeOffset? MomentOf(JsonElement body) =>
        body.Get("at") is null ? null
        : DateTimeOffset.TryParse(
            body.Text("at"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var at) ? at
        : throw HttpFailureException.Invalid("at", "'at' is not a time such as 2026-12-01T03:00:00Z");

    private static JsonObject Describe(LabelList list, StoredLabel label) => new()
    {
        ["labelId"] = label.Id,
        ["value"] = label.Value,
        ["at"] = label.Record?.At is { } at ? JsonValue.Create(at) : null,
        ["frame"] = label.Record?.Frame,
        ["score"] = label.Record?.Score,
        ["ask"] = label.Record?.Ask,
        ["source"] = label.Record?.Source is { } source ? JsonNamingPolicy.CamelCase.ConvertName(source.ToString()) : null,
        ["labelledAt"] = label.Record?.LabelledAt is { } labelled ? JsonValue.Create(labelled) : null,
        ["picture"] = $"/api/v1/cameras/{list.Camera}/questions/{list.Question}/labels/{label.Id}/picture.jpg",
    };
}
