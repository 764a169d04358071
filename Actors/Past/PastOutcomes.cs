using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Converts thresholds and replays to what HTTP clients are shown.</summary>
internal static class PastOutcomes
{
    /// <summary>The thresholds of a question, with those that are tried in place of them.</summary>
    /// <exception cref="HttpFailureException">The least score of yes would be below the largest of no.</exception>
    public static Thresholds With(Thresholds own, PastThresholds tried)
    {
        var with = own with
        {
            YesAbove = tried.YesAbove ?? own.YesAbove,
            NoBelow = tried.NoBelow ?? own.NoBelow,
            MinScore = tried.MinScore ?? own.MinScore,
        };
        return with.NoBelow <= with.YesAbove
            ? with
            : throw HttpFailureException.Invalid(
                tried.YesAbove is null ? "noBelow" : "yesAbove",
                FormattableString.Invariant($"'noBelow' {with.NoBelow} is above 'yesAbove' {with.YesAbove}; send both"));
    }

    /// <summary>What a replay reached.</summary>
    public static PastOutcome Of(StandingQuestion question, Thresholds thresholds, StateReplay replay)
    {
        var shown = AnswerHandler.Of(question.Kind).ToShown(thresholds);
        return new PastOutcome(
            new PastThresholds(shown?.YesAbove, shown?.NoBelow, shown?.MinScore),
            replay.Changes,
            replay.Events.Count,
            [.. replay.States.Select(state => new PastState(state.At, state.State, state.Reason?.ToText()))],
            [.. replay.Events.Select(happened => happened.At)]);
    }
}
