using System.Text.Json.Nodes;
using MobileVlm.Edge.Connectors.Http.Api;

namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Writes what the past service answers as JSON.</summary>
internal static class PastDocuments
{
    /// <summary>Most states and most times of events in one document; the counts are always complete.</summary>
    public const int MaxListed = 2000;

    /// <summary>A time and what other thresholds would have done in it.</summary>
    public static JsonObject Describe(WhatIfQuery query, WhatIfResult result)
    {
        var document = new JsonObject
        {
            ["camera"] = query.Camera,
            ["question"] = query.Question,
            ["from"] = query.From,
            ["to"] = query.To,
            ["answers"] = result.Answers,
            ["answersLeftOut"] = result.LeftOut,
            ["now"] = Describe(result.Now),
            ["whatIf"] = Describe(result.Then),
        };
        if (result.FalseAlarmsUnknown is { } reason)
        {
            document["falseAlarmsUnknown"] = reason;
        }

        return document;
    }

    /// <summary>A try-out and how far it is.</summary>
    public static JsonObject Describe(TryOutView view)
    {
        var document = new JsonObject
        {
            ["id"] = view.Progress.Id,
            ["camera"] = view.Request.Camera,
            ["from"] = view.Request.From,
            ["to"] = view.Request.To,
            ["storedFrames"] = view.Stored,
            ["frames"] = view.Progress.Total,
            ["skipped"] = view.Skipped,
            ["wordings"] = new JsonArray([.. view.Wordings.Select(wording => new JsonObject
            {
                ["question"] = wording.Question,
                ["ask"] = wording.Ask,
                ["answer"] = wording.Answer,
                ["choices"] = Texts(wording.Choices),
                ["region"] = wording.Region,
                ["mask"] = Texts(wording.Mask),
            })]),
        };
        AddProgress(document, view.Progress);
        return document;
    }

    /// <summary>The same with what is known about one wording.</summary>
    public static JsonObject Describe(TryOutResult result)
    {
        var document = Describe(result.TryOut);
        document["wording"] = new JsonObject
        {
            ["index"] = result.Wording,
            ["answers"] = result.Frames.Count,
            ["unclear"] = result.Unclear,
            ["histogram"] = new JsonArray([.. result.Histogram.Select(count => JsonValue.Create(count))]),
            ["outcome"] = Describe(result.Outcome),
            ["frames"] = new JsonArray([.. result.Frames.Select(frame => new JsonObject
            {
                ["at"] = frame.At,
                ["frame"] = frame.Frame,
                ["snapshot"] = HistoryRoutes.PathOf(frame.Snapshot),
                ["value"] = frame.Value,
                ["score"] = frame.Score,
                ["mass"] = frame.Mass,
                ["reason"] = frame.Reason,
            })]),
        };
        return document;
    }

    /// <summary>What is known about the parts of a picture.</summary>
    public static JsonObject Describe(ExplanationView view)
    {
        var document = new JsonObject
        {
            ["id"] = view.Progress.Id,
            ["camera"] = view.Request.Camera,
            ["question"] = view.Request.Question,
            ["ask"] = view.Ask,
            ["snapshot"] = view.Request.Snapshot,
            ["passes"] = view.Progress.Total,
            ["value"] = view.Value,
            ["score"] = view.Score,
            ["area"] = view.Area is { } area
                ? new JsonObject { ["left"] = area.Left, ["top"] = area.Top, ["width"] = area.Width, ["height"] = area.Height }
                : null,
            ["grid"] = new JsonArray([.. view.Grid.Select(row => new JsonArray([.. row.Select(it => it is { } change ? JsonValue.Create(Math.Round(change, 4)) : null)]))]),
        };
        AddProgress(document, view.Progress);
        return document;
    }

    private static JsonArray Texts(IReadOnlyList<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    /// <summary>Adds how far a job is.</summary>
    private static void AddProgress(JsonObject document, PastProgress progress)
    {
        document["state"] = progress.State switch
        {
            PastJobState.Running => "running",
            PastJobState.Done => "done",
            PastJobState.Cancelled => "cancelled",
            PastJobState.Failed => "failed",
            _ => throw new ArgumentOutOfRangeException(nameof(progress), progress.State, "This state has no word."),
        };
        document["reason"] = progress.Reason;
        document["done"] = progress.Done;
        document["elapsedMs"] = Math.Round(progress.Elapsed.TotalMilliseconds);
        document["remainingMs"] = progress.Remaining is { } left ? Math.Round(left.TotalMilliseconds) : null;
    }

    /// <summary>What rules made of answers.</summary>
    public static JsonObject Describe(PastOutcome outcome)
    {
        var document = new JsonObject
        {
            ["yesAbove"] = outcome.Thresholds.YesAbove,
            ["noBelow"] = outcome.Thresholds.NoBelow,
            ["minScore"] = outcome.Thresholds.MinScore,
            ["changes"] = outcome.Changes,
            ["events"] = outcome.Events,
            ["states"] = new JsonArray([.. outcome.States.Take(MaxListed).Select(state => new JsonObject
            {
                ["at"] = state.At,
                ["state"] = state.State,
                ["reason"] = state.Reason,
            })]),
            ["eventTimes"] = new JsonArray([.. outcome.EventTimes.Take(MaxListed).Select(at => JsonValue.Create(at))]),
        };
        if (outcome.Expected is { } expected)
        {
            document["expected"] = new JsonObject
            {
                ["falsePerDay"] = Rounded(expected.FalsePerDay),
                ["low"] = Rounded(expected.Low),
                ["high"] = Rounded(expected.High),
                ["realPerDay"] = Rounded(expected.RealPerDay),
            };
        }

        return document;
    }

    private static double Rounded(double perDay) => Math.Round(perDay, 3);
}
