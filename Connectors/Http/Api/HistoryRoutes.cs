using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>The stored timeline of a question and the stored snapshots.</summary>
internal sealed class HistoryRoutes(HttpServices services)
{
    /// <summary>Most points of a timeline.</summary>
    public const int MaxPoints = 5000;

    private const string Prefix = "/api/v1/history";
    private const string Jpeg = ".jpg";

    /// <summary>A timeline has about so many points unless the request says otherwise.</summary>
    private const int UsualPoints = 1440;

    /// <summary>Answers that are read together for CSV.</summary>
    private const int AnswersAtOnce = 2000;

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, Prefix, AccessLevel.Read, ErrorForm.Object, TimelineAsync),
        new(HttpMethods.Delete, Prefix, AccessLevel.Full, ErrorForm.Object, DeleteAsync),
        new(
            HttpMethods.Get,
            $"{Prefix}/export.zip",
            AccessLevel.Read,
            ErrorForm.Object,
            context => HistoryExport.WriteAsync(context, Of(services), services.Labels(), services.Time)),
        new(HttpMethods.Get, $"{Prefix}/snapshots/{{snapshot}}", AccessLevel.Read, ErrorForm.Object, SnapshotAsync),
    ];

    /// <summary>The history.</summary>
    /// <exception cref="HttpFailureException">None is kept, or the service does not run yet.</exception>
    internal static IHistory Of(HttpServices services)
    {
        services.Started(services.Cameras);
        return services.History() ?? throw new HttpFailureException(
            StatusCodes.Status404NotFound, "this service keeps no history; History:Folder in its configuration names a folder for one", "no_history");
    }

    /// <summary>Runs a query.</summary>
    /// <exception cref="HttpFailureException">The history cannot be read now.</exception>
    internal static async Task<T> ReadAsync<T>(Task<T> query)
    {
        try
        {
            return await query;
        }
        catch (HistoryUnavailableException fault)
        {
            throw HttpFailureException.Unavailable($"the history cannot be used now: {fault.Message}", HttpServices.WhileLoading);
        }
    }

    /// <summary>The path of a snapshot; null for none.</summary>
    internal static string? PathOf(long? snapshot) =>
        snapshot is { } id ? string.Create(CultureInfo.InvariantCulture, $"{Prefix}/snapshots/{id}{Jpeg}") : null;

    /// <summary>Writes a snapshot, which never changes.</summary>
    /// <exception cref="HttpFailureException">It is not stored.</exception>
    internal static async Task WriteSnapshotAsync(RouteContext context, IHistory history, long? id)
    {
        var jpeg = id is { } snapshot ? await ReadAsync(history.SnapshotAsync(snapshot, context.Stopping)) : null;
        if (jpeg is null)
        {
            throw HttpFailureException.NotFound("no snapshot of this is stored, or it was deleted");
        }

        context.Http.Response.Headers.CacheControl = "private, max-age=86400";
        await context.WriteUnlessKnownAsync(string.Create(CultureInfo.InvariantCulture, $"\"snapshot-{id}\""), "image/jpeg", jpeg);
    }

    private async Task TimelineAsync(RouteContext context)
    {
        var history = Of(services);
        var (camera, question) = (context.RequiredText("camera"), context.RequiredText("question"));
        var to = context.Moment("to") ?? services.Time.GetUtcNow();
        var from = context.Moment("from") ?? to - TimeSpan.FromDays(1);
        if (from >= to)
        {
            throw HttpFailureException.Invalid("from", "'from' is not before 'to'");
        }

        if (context.Word("format", "json", "csv") == "csv")
        {
            await WriteCsvAsync(context, history, camera, question, from, to);
            return;
        }

        var bucket = TimeSpan.FromSeconds(
            context.Whole("bucket", 1, 86_400) ?? Math.Max(1, (int)Math.Ceiling((to - from).TotalSeconds / UsualPoints)));
        if ((to - from) / bucket > MaxPoints)
        {
            throw HttpFailureException.Invalid(
                "bucket", string.Create(CultureInfo.InvariantCulture, $"a timeline has at most {MaxPoints} points; use a longer 'bucket' (in seconds) or a shorter time"));
        }

        var timeline = await ReadAsync(history.TimelineAsync(new TimelineQuery(camera, question, from, to, bucket), context.Stopping));
        if (timeline is { Points.Count: 0, States.Count: 0 })
        {
            // What is not configured any more may still be stored.
            CheckConfigured(camera, question);
        }

        await context.WriteJsonAsync(new JsonObject
        {
            ["camera"] = camera,
            ["question"] = question,
            ["from"] = from,
            ["to"] = to,
            ["bucketS"] = (int)bucket.TotalSeconds,
            ["points"] = new JsonArray([.. timeline.Points.Select(Describe)]),
            ["thresholds"] = new JsonArray([.. Thresholds(timeline)]),
            ["states"] = new JsonArray([.. timeline.States.Select(state => new JsonObject
            {
                ["at"] = state.At,
                ["state"] = state.State,
                ["reason"] = state.Reason,
            })]),
            ["gaps"] = new JsonArray([.. timeline.Gaps.Select(gap => new JsonObject { ["from"] = gap.From, ["to"] = gap.To, ["reason"] = gap.Reason })]),
            ["snapshots"] = new JsonArray([.. timeline.Snapshots.Select(snapshot => new JsonObject
            {
                ["at"] = snapshot.At,
                ["frame"] = snapshot.Frame,
                ["path"] = PathOf(snapshot.Id),
            })]),
        });
    }

    private async Task DeleteAsync(RouteContext context)
    {
        var history = Of(services);
        context.RequiredText("from");
        context.RequiredText("to");
        var (camera, from, to) = (context.RequiredText("camera"), context.Moment("from")!.Value, context.Moment("to")!.Value);
        if (from >= to)
        {
            throw HttpFailureException.Invalid("from", "'from' is not before 'to'");
        }

        var (answers, events, snapshots) = await ReadAsync(history.DeleteAsync(camera, from, to, context.Stopping));
        services.Events.Recent.RemoveEvents(camera, from, to);
        await context.WriteJsonAsync(new JsonObject { ["answers"] = answers, ["events"] = events, ["snapshots"] = snapshots });
    }

    private void CheckConfigured(string camera, string question)
    {
        var cameras = services.Started(services.Cameras);
        var found = cameras.Find(camera);
        if (found.Questions.All(it => it.Id != question))
        {
            throw found.UnknownQuestion(question);
        }
    }

    private static JsonObject Describe(TimelinePoint point)
    {
        var document = new JsonObject { ["at"] = point.At, ["answers"] = point.Answers };
        Add("unclear", point.Unclear == 0 ? null : point.Unclear);
        Add("reused", point.Reused == 0 ? null : point.Reused);
        Add("score", Rounded(point.Score));
        Add("low", Rounded(point.Low));
        Add("high", Rounded(point.High));
        Add("value", point.Value);
        Add("reason", point.Reason);
        Add("scoredBy", point.ScoredBy);
        return document;

        void Add(string name, JsonNode? value)
        {
            if (value is not null)
            {
                document[name] = value;
            }
        }
    }

    private static double? Rounded(double? score) => score is { } value ? Math.Round(value, 4) : null;

    /// <summary>The thresholds and when they changed.</summary>
    private static IEnumerable<JsonNode> Thresholds(HistoryTimeline timeline)
    {
        HistoryThresholds? last = null;
        foreach (var point in timeline.Points.Where(point => point.Thresholds is not null && point.Thresholds != last).ToList())
        {
            if (point.Thresholds == last)
            {
                continue;
            }

            last = point.Thresholds!;
            yield return new JsonObject { ["at"] = point.At, ["yesAbove"] = last.YesAbove, ["noBelow"] = last.NoBelow, ["minScore"] = last.MinScore };
        }
    }

    private static async Task WriteCsvAsync(RouteContext context, IHistory history, string camera, string question, DateTimeOffset from, DateTimeOffset to)
    {
        var table = new CsvBody(context);
        var answers = await ReadAsync(history.AnswersAsync(camera, question, from, to, AnswersAtOnce, context.Stopping));
        table.Begin(
            "answers.csv", "time", "camera", "question", "value", "score", "yesAbove", "noBelow", "minScore", "reused", "reason", "frame", "ageMs", "encodeMs", "prefillMs", "decodeMs", "scoredBy");
        while (true)
        {
            foreach (var (at, frame, answer) in answers)
            {
                table.Add(
                    at,
                    camera,
                    question,
                    answer.Value,
                    answer.Score,
                    answer.Thresholds?.YesAbove,
                    answer.Thresholds?.NoBelow,
                    answer.Thresholds?.MinScore,
                    answer.Reused,
                    answer.Reason,
                    frame,
                    answer.Age,
                    answer.Encode,
                    answer.Prefill,
                    answer.Decode,
                    answer.ScoredBy);
            }

            await table.FlushAsync();
            if (answers.Count < AnswersAtOnce)
            {
                return;
            }

            answers = await ReadAsync(history.AnswersAsync(camera, question, answers[^1].At.AddMilliseconds(1), to, AnswersAtOnce, context.Stopping));
        }
    }

    private async Task SnapshotAsync(RouteContext context)
    {
        var history = Of(services);
        var name = context.Values[0];
        var id = name.EndsWith(Jpeg, StringComparison.Ordinal)
            && long.TryParse(name[..^Jpeg.Length], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (long?)null;
        await WriteSnapshotAsync(context, history, id);
    }
}
