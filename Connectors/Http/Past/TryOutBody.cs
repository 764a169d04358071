using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Reads what is to be tried.</summary>
internal static class TryOutBody
{
    /// <summary>Longest hold time, cool-down and time until unknown.</summary>
    private static readonly TimeSpan MaxTime = TimeSpan.FromDays(7);

    private const int MaxSuffixLength = 500;

    /// <summary><c>{"camera","from","to","frames","wordings":[...]}</c>.</summary>
    /// <exception cref="HttpFailureException">It is not that.</exception>
    public static TryOutRequest Read(JsonElement body, TimeProvider time)
    {
        var camera = body.Text("camera") ?? throw HttpFailureException.Invalid("camera", "'camera' is missing");
        var (from, to) = PastRoutes.SpanOf(Moment(body, "from"), Moment(body, "to"), time);
        if (body.Get("wordings") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > TryOutLimits.MaxWordings)
        {
            throw HttpFailureException.Invalid("wordings", string.Create(
                CultureInfo.InvariantCulture,
                $"'wordings' is not a list of 1 to {TryOutLimits.MaxWordings}; send [{{\"question\":\"person\"}},{{\"ask\":\"Is a person at the gate?\",\"answer\":\"YesNo\"}}], for example"));
        }

        return new TryOutRequest(
            camera, from, to, body.Whole("frames", 1, TryOutLimits.MaxFrames) ?? TryOutLimits.UsualFrames, [.. list.EnumerateArray().Select(ReadWording)]);
    }

    private static TryOutWording ReadWording(JsonElement wording)
    {
        var question = wording.Text("question");
        var isNew = wording.Text("ask") is not null;
        if (question is null && !isNew)
        {
            throw HttpFailureException.Invalid("ask", "a wording has neither 'ask' nor 'question'");
        }

        var keepsType = question is not null && wording.Text("answer") is null;

        // The name of the question stands in for a text that is not replaced.
        var asked = AskBody.ReadWording(wording, question);
        var suffix = wording.Text("suffix");
        if (suffix?.Length > MaxSuffixLength)
        {
            throw HttpFailureException.Invalid("suffix", string.Create(CultureInfo.InvariantCulture, $"'suffix' has more than {MaxSuffixLength} characters"));
        }

        return new TryOutWording
        {
            Question = question,
            Ask = isNew ? asked.Ask : null,
            Type = keepsType ? null : asked.Type,
            Choices = asked.Choices,
            HasRegion = wording.Get("region") is not null || wording.Get("mask") is not null,
            Region = asked.Region,
            Mask = asked.Mask,
            Suffix = suffix,
            MinMass = wording.Number("minMass", 0, 1),
            Rules = ReadRules(wording),
        };
    }

    private static PastRules ReadRules(JsonElement wording)
    {
        var agree = wording.Whole("agree", 1, TryOutLimits.MaxOutOf);
        var outOf = wording.Whole("outOf", 1, TryOutLimits.MaxOutOf) ?? agree;
        if (outOf is not null && (agree is null || agree > outOf || outOf >= agree * 2))
        {
            throw HttpFailureException.Invalid("agree", "'agree' is not more than half of 'outOf' and at most all of them; send both");
        }

        return new PastRules
        {
            Thresholds = PastRoutes.Checked(new PastThresholds(
                wording.Number("yesAbove", 0, 1), wording.Number("noBelow", 0, 1), wording.Number("minScore", 0, 1))),
            Agree = agree,
            OutOf = outOf,
            HoldFor = Seconds(wording, "holdForS"),
            HoldNoFor = Seconds(wording, "holdNoForS"),
            UnknownAfter = Seconds(wording, "unknownAfterS"),
            CoolDown = Seconds(wording, "coolDownS"),
        };
    }

    private static TimeSpan? Seconds(JsonElement wording, string name) =>
        wording.Number(name, 0, MaxTime.TotalSeconds) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;

    private static DateTimeOffset? Moment(JsonElement body, string name) => body.Text(name) is not { } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment
        : throw HttpFailureException.Invalid(name, $"'{name}' is not a time such as 2026-12-01T03:00:00Z");
}
