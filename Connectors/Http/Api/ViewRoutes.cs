using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>What the live page shows beside the states of the cameras: recent scores, the log and the machine.</summary>
internal sealed class ViewRoutes(HttpServices services)
{
    private const string Prefix = "/api/v1";

    /// <summary>All routes.</summary>
    public IEnumerable<Route> Create() =>
    [
        new(HttpMethods.Get, $"{Prefix}/cameras/{{camera}}/history", AccessLevel.Read, ErrorForm.Object, HistoryAsync),
        new(HttpMethods.Get, $"{Prefix}/log", AccessLevel.Read, ErrorForm.Object, LogAsync),
        new(HttpMethods.Get, $"{Prefix}/device", AccessLevel.Read, ErrorForm.Object, DeviceAsync),
    ];

    private Task HistoryAsync(RouteContext context)
    {
        var camera = services.Started(services.Cameras).Find(context.Values[0]);
        var minutes = context.Whole("minutes", 1, (int)RecentAnswers.KeptFor.TotalMinutes) ?? (int)RecentAnswers.KeptFor.TotalMinutes;
        return context.WriteJsonAsync(new JsonObject
        {
            ["camera"] = camera.Id,
            ["minutes"] = minutes,
            ["questions"] = new JsonArray([.. camera.Questions.Select(question => Describe(camera.Id, question, TimeSpan.FromMinutes(minutes)))]),
        });
    }

    private JsonObject Describe(string camera, QuestionView question, TimeSpan within) => new()
    {
        ["id"] = question.Id,
        ["yesAbove"] = question.Thresholds?.YesAbove,
        ["noBelow"] = question.Thresholds?.NoBelow,
        ["minScore"] = question.Thresholds?.MinScore,
        ["points"] = new JsonArray([.. services.Events.Recent.Of(camera, question.Id, within).Select(Describe)]),
    };

    private static JsonObject Describe(AnswerPoint point)
    {
        var document = new JsonObject { ["ageMs"] = Math.Round(point.Age.TotalMilliseconds) };
        if (point.Score is { } score)
        {
            document["score"] = Math.Round(score, 4);
            document["low"] = Math.Round(point.Low ?? score, 4);
            document["high"] = Math.Round(point.High ?? score, 4);
        }

        if (point.Number is { } number)
        {
            document["number"] = number;
        }

        if (point.Timings is { } timings)
        {
            document["encodeMs"] = Math.Round(timings.EncodeMs, 1);
            document["prefillMs"] = Math.Round(timings.PrefillMs, 1);
            document["decodeMs"] = Math.Round(timings.DecodeMs, 1);
        }

        return document;
    }

    private Task LogAsync(RouteContext context)
    {
        var after = context.Whole("after", 0L, long.MaxValue) ?? 0;
        var limit = context.Whole("limit", 1, LogTail.MaxLines) ?? LogTail.MaxLines;
        return context.WriteJsonAsync(new JsonObject
        {
            ["lines"] = new JsonArray([.. services.Log.After(after, limit).Select(line => new JsonObject
            {
                ["id"] = line.Id,
                ["at"] = line.At,
                ["level"] = line.Level,
                ["event"] = line.Event,
                ["text"] = line.Text,
            })]),
        });
    }

    private Task DeviceAsync(RouteContext context)
    {
        var device = services.Device();
        return context.WriteJsonAsync(new JsonObject
        {
            ["version"] = services.Version,
            ["notReady"] = services.NotReady(),
            ["processors"] = device.Processors,
            ["load"] = new JsonArray([.. device.Load.Select(load => (JsonNode)load)]),
            ["temperatures"] = new JsonArray([.. device.Temperatures.Select(it => new JsonObject
            {
                ["sensor"] = it.Sensor,
                ["celsius"] = it.Celsius,
            })]),
            ["memoryBytes"] = device.MemoryBytes,
            ["availableMemoryBytes"] = device.AvailableMemoryBytes,
            ["history"] = services.History() is not null,
        });
    }
}
