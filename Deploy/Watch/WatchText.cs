using System.Globalization;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Formats answers, states, events and availability as text.</summary>
internal static class WatchText
{
    public const string Waiting = "…";

    private const string UnknownState = "unknown";
    private const string NotYet = "notYet";

    /// <summary>The state, with the last answer if it differs, or with the reason if the state is unknown.</summary>
    public static string State(AnswerPayload answer) =>
        answer is { State: UnknownState, Reason: NotYet, Seq: > 0 } ? $"{UnknownState}: not confirmed yet{(answer.Value == UnknownState ? "" : $" (last answer: {answer.Value})")}"
        : answer.State == UnknownState && answer.Reason is { } reason ? $"{UnknownState}: {Reason(reason)}"
        : answer.State != answer.Value && answer.Seq > 0 ? $"{answer.State} (last answer: {answer.Value})"
        : answer.State;

    public static string Score(AnswerPayload answer) => answer.Score is { } score ? Number(score, "0.000") : "";

    /// <summary>Age of the frame when its answer was ready.</summary>
    public static string Age(AnswerPayload answer) => answer.AgeMs switch
    {
        null => "",
        >= 10_000 => Number(answer.AgeMs.Value / 1000, "0 's'"),
        { } age => Number(age, "0 'ms'"),
    };

    /// <summary>A stage's time in milliseconds; empty if no stage ran.</summary>
    public static string Stage(AnswerPayload answer, Func<StageTimings, double> stage) =>
        answer.Reused || answer.Timings is not { } timings ? "" : Number(stage(timings), "0.0");

    /// <summary>The total time of all stages, or a note that an earlier answer was reused.</summary>
    public static string Time(AnswerPayload answer) =>
        answer.Reused ? "reused"
        : answer.Timings is { } timings ? Number(timings.EncodeMs + timings.PrefillMs + timings.DecodeMs, "0.0 'ms'")
        : "";

    public static string Event(EventPayload happened) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(happened.At is { } at ? $"{at.ToLocalTime():HH:mm:ss}" : "--:--:--")} {happened.Text}{(happened.HeldBack > 0 ? $" (+{happened.HeldBack} held back)" : "")}");

    /// <summary>Formats one line about a change, without the time of day.</summary>
    public static string Line(WatchChange change) => change switch
    {
        ServiceChange it => $"service: {it.Availability}",
        CameraChange it => $"camera {it.Camera}: {it.Availability}",
        StateChange it => $"{it.Question.Camera}/{it.Question.Id}: {(it.Before is null ? "" : $"{it.Before.State} -> ")}{State(it.Now with { Value = it.Now.State })}{(Score(it.Now) is { Length: > 0 } score ? $" (score {score})" : "")}",
        EventChange it => $"event {it.Event.Camera}/{it.Event.Question}: {it.Event.Text}",
        _ => throw new ArgumentOutOfRangeException(nameof(change)),
    };

    /// <summary>Joins the text to one line without control characters, because a model can generate any text.</summary>
    public static string OnOneLine(string text) =>
        string.Join(' ', new string([.. text.Select(c => char.IsControl(c) ? ' ' : c)]).Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string Reason(string reason) => reason switch
    {
        "uncertain" => "the score is not clear",
        "notYesNo" => "not answered with yes or no",
        "notAChoice" => "not answered with a choice",
        "notANumber" => "the answer has no number",
        "outOfBounds" => "the number is out of its bounds",
        "noText" => "the answer is empty",
        "disabled" => "switched off",
        "outsideSchedule" => "not asked at this time",
        "whenFalse" => "its condition 'When' is false",
        "noPicture" => "the camera sends no frame",
        "modelFailed" => "the model failed",
        "busy" => "the model has no time for it",
        NotYet => "not answered yet",
        _ => reason,
    };

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
