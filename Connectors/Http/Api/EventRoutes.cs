using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Events: from the history where one is kept, otherwise the newest ones in memory.</summary>
internal sealed class EventRoutes(HttpServices services, RequestBody bodies)
{
    private const string Events = "/api/v1/events";
    private const string Event = $"{Events}/{{event}}";

    /// <summary>Most events of a CSV file.</summary>
    private const int MaxCsvEvents = 10_000;

    /// <summary>A client that asks for a clip while it is recorded asks again after this.</summary>
    private static readonly TimeSpan WhileRecording = TimeSpan.FromSeconds(5);

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, Events, AccessLevel.Read, ErrorForm.Object, ListAsync),
        new(HttpMethods.Get, Event, AccessLevel.Read, ErrorForm.Object, async context =>
        {
            await context.WriteJsonAsync(Describe(await FindAsync(context)));
        }),
        new(HttpMethods.Delete, Event, AccessLevel.Full, ErrorForm.Object, DeleteAsync),
        new(HttpMethods.Put, $"{Event}/keep", AccessLevel.Full, ErrorForm.Object, KeepAsync),
        new(HttpMethods.Get, $"{Event}/snapshot.jpg", AccessLevel.Read, ErrorForm.Object, SnapshotAsync) { IsSignable = true },
        new(HttpMethods.Get, $"{Event}/clip.mp4", AccessLevel.Read, ErrorForm.Object, ClipAsync) { IsSignable = true },
    ];

    private Task ListAsync(RouteContext context)
    {
        var limit = context.Whole("limit", 1, RecentAnswers.MaxEvents);
        var query = new EventQuery
        {
            Camera = context.Text("camera"),
            Question = context.Text("question"),
            From = context.Moment("from"),
            To = context.Moment("to"),
            After = context.Text("cursor") is { } cursor ? ReadCursor(cursor) : null,
            Limit = limit ?? RecentAnswers.MaxEvents,
        };
        var isCsv = context.Word("format", "json", "csv") == "csv";
        return services.History() is { } history
            ? isCsv ? WriteCsvAsync(context, history, query with { Limit = RecentAnswers.MaxEvents }, limit ?? MaxCsvEvents) : ListAsync(context, history, query)
            : isCsv || query.After is not null ? throw NoHistory()
            : ListRecentAsync(context, query);
    }

    private HttpFailureException NoHistory()
    {
        try
        {
            HistoryRoutes.Of(services);
        }
        catch (HttpFailureException failure)
        {
            return failure;
        }

        throw new InvalidOperationException("The history appeared meanwhile.");
    }

    private Task ListRecentAsync(RouteContext context, EventQuery query)
    {
        var events = services.Events.Recent.NewestEvents(RecentAnswers.MaxEvents)
            .Select(json => JsonNode.Parse(json.Span)!)
            .Where(happened => Is(happened, "camera", query.Camera) && Is(happened, "question", query.Question) && IsWithin(happened, query))
            .Take(query.Limit);
        return context.WriteJsonAsync(new JsonObject { ["events"] = new JsonArray([.. events]) });

        static bool Is(JsonNode happened, string name, string? wanted) => wanted is null || (string?)happened[name] == wanted;

        static bool IsWithin(JsonNode happened, EventQuery query) =>
            (query.From is null && query.To is null)
            || (happened["at"] is { } at && at.GetValue<DateTimeOffset>() is var moment && !(moment < query.From) && !(moment >= query.To));
    }

    private static async Task ListAsync(RouteContext context, IHistory history, EventQuery query)
    {
        var page = await HistoryRoutes.ReadAsync(history.EventsAsync(query, context.Stopping));
        var document = new JsonObject { ["events"] = new JsonArray([.. page.Events.Select(Describe)]) };
        if (page.Next is { } next)
        {
            document["next"] = WriteCursor(next);
        }

        await context.WriteJsonAsync(document);
    }

    private static async Task WriteCsvAsync(RouteContext context, IHistory history, EventQuery query, int most)
    {
        var table = new CsvBody(context);
        var page = await HistoryRoutes.ReadAsync(history.EventsAsync(query, context.Stopping));
        table.Begin("events.csv", "time", "camera", "question", "from", "to", "score", "since", "frame", "text", "keep", "id", "scoredBy");
        for (var written = 0; ;)
        {
            foreach (var stored in page.Events.Take(most - written))
            {
                var happened = stored.Event;
                table.Add(
                    happened.At,
                    stored.Camera,
                    happened.Question,
                    happened.From,
                    happened.To,
                    happened.Score,
                    happened.Since,
                    happened.Frame,
                    happened.Text,
                    stored.Keep,
                    happened.Id.ToString(),
                    (string?)(JsonNode.Parse(happened.Document) as JsonObject)?["scoredBy"]);
            }

            written += page.Events.Count;
            await table.FlushAsync();
            if (page.Next is not { } next || written >= most)
            {
                return;
            }

            page = await HistoryRoutes.ReadAsync(history.EventsAsync(query with { After = next }, context.Stopping));
        }
    }

    private async Task DeleteAsync(RouteContext context)
    {
        var history = HistoryRoutes.Of(services);
        if (!await HistoryRoutes.ReadAsync(history.DeleteAsync(IdOf(context), context.Stopping)))
        {
            throw NotFound(context);
        }

        // The memory of this run has the event too.
        services.Events.Recent.RemoveEvent(context.Values[0]);
        context.Http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task KeepAsync(RouteContext context)
    {
        var history = HistoryRoutes.Of(services);
        var keep = await bodies.ReadJsonAsync(
            context, body => body.Flag("keep") ?? throw HttpFailureException.Invalid("keep", "'keep' is neither true nor false"), RequestBody.MaxShortBytes);
        if (!await HistoryRoutes.ReadAsync(history.KeepAsync(IdOf(context), keep, context.Stopping)))
        {
            throw NotFound(context);
        }

        await context.WriteJsonAsync(Describe(await FindAsync(context)));
    }

    private async Task SnapshotAsync(RouteContext context)
    {
        var stored = await FindAsync(context);
        await HistoryRoutes.WriteSnapshotAsync(context, HistoryRoutes.Of(services), stored.Snapshot);
    }

    private async Task ClipAsync(RouteContext context)
    {
        var clip = await HistoryRoutes.ReadAsync(HistoryRoutes.Of(services).ClipAsync((await FindAsync(context)).Event.Id, context.Stopping));
        if (clip.File is { } file)
        {
            await ClipResponse.WriteAsync(context, file, clip);
            return;
        }

        throw clip.IsExpected
            ? HttpFailureException.Unavailable("the clip of this event is still being recorded", WhileRecording)
            : new HttpFailureException(
                StatusCodes.Status404NotFound,
                "no clip of this event is stored; clips are recorded with History:Clips, of cameras whose stream can be copied. The snapshot of the event is at snapshot.jpg",
                "no_clip");
    }

    private async Task<StoredEvent> FindAsync(RouteContext context) =>
        await HistoryRoutes.ReadAsync(HistoryRoutes.Of(services).EventAsync(IdOf(context), context.Stopping)) ?? throw NotFound(context);

    private static Guid IdOf(RouteContext context) => Guid.TryParse(context.Values[0], out var id) ? id : throw NotFound(context);

    private static HttpFailureException NotFound(RouteContext context) =>
        HttpFailureException.NotFound($"the history has no event '{HttpFailureException.Shown(context.Values[0])}'; it may have been deleted");

    private static JsonObject Describe(StoredEvent stored)
    {
        var document = JsonNode.Parse(stored.Event.Document) as JsonObject ?? [];
        document["historyId"] = stored.Event.Id.ToString();
        document["keep"] = stored.Keep;
        document["snapshot"] = stored.Snapshot is null ? null : $"{Events}/{stored.Event.Id}/snapshot.jpg";
        document["clip"] = stored.HasClip ? $"{Events}/{stored.Event.Id}/clip.mp4" : null;
        return document;
    }

    private static string WriteCursor(EventCursor cursor) =>
        Base64Url.EncodeToString(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{cursor.AtMs}.{cursor.Id:N}")));

    private static EventCursor ReadCursor(string text)
    {
        var bytes = new byte[text.Length];
        return Base64Url.IsValid(text)
            && Base64Url.TryDecodeFromChars(text, bytes, out var length)
            && Encoding.ASCII.GetString(bytes, 0, length).Split('.') is [var at, var id]
            && long.TryParse(at, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var atMs)
            && Guid.TryParseExact(id, "N", out var guid)
            ? new EventCursor(atMs, guid)
            : throw HttpFailureException.Invalid("cursor", "'cursor' is not the 'next' of a list of events");
    }
}
