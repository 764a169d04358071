using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Heads;
using MobileVlm.Edge.Inference.Teaching.References;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Applies a yes/no question's rules to its stored answers, with its own thresholds and with others.</summary>
internal static class WhatIfReplay
{
    /// <summary>Most answers of one request: two days of a question that is asked each second.</summary>
    public const int MaxAnswers = 200_000;

    /// <summary>Less time says nothing about a day.</summary>
    private static readonly TimeSpan LeastTime = TimeSpan.FromHours(1);

    /// <summary>Answers that are read together.</summary>
    private const int AnswersAtOnce = 5000;

    /// <summary>Reads the answers and applies the rules.</summary>
    /// <param name="history">Where they are stored.</param>
    /// <param name="question">The question as it is configured now.</param>
    /// <param name="query">The time and the other thresholds.</param>
    /// <param name="labels">Scores of labels by the scorer in use, for the number of false alarms; null, with the reason, where they are not
    /// known.</param>
    /// <param name="cancel">The client left.</param>
    /// <exception cref="HttpFailureException">The question has no thresholds, or the time has too many answers.</exception>
    public static async Task<WhatIfResult> RunAsync(IHistory history, StandingQuestion question, WhatIfQuery query, (IReadOnlyList<LabelScore>? Scores, string? Reason) labels, CancellationToken cancel)
    {
        if (question.Kind != QuestionKind.YesNo)
        {
            throw HttpFailureException.Invalid(
                "question", $"the question '{question.Id}' has the answer type {question.Kind}; thresholds of yes and no are tried on YesNo questions only");
        }

        var now = question.Rules.Thresholds;
        var then = PastOutcomes.With(now, query.Thresholds);

        // One point of the whole time counts the answers and has the states.
        var timeline = await history.TimelineAsync(new TimelineQuery(query.Camera, query.Question, query.From, query.To, query.To - query.From), cancel);
        var pauses = timeline.States.Where(state => state.At >= query.From).Select(state => (state.At, Reason: UnknownReasons.FromText(state.Reason)))
            .Where(state => state.Reason?.IsDeliberate() == true).ToList();
        var scores = new AlarmScores();
        var (replayNow, replayThen) = (new Replay(question, now, query.From, pauses!, scores), new Replay(question, then, query.From, pauses!, scores));
        var (count, from) = (0L, query.From);
        (DateTimeOffset First, DateTimeOffset Last)? span = null;
        while (true)
        {
            var answers = await history.AnswersAsync(query.Camera, query.Question, from, query.To, AnswersAtOnce, cancel);
            count += answers.Count;
            if (count > MaxAnswers)
            {
                throw HttpFailureException.Invalid("from", string.Create(
                    CultureInfo.InvariantCulture, $"the time has more than {MaxAnswers} answers; use a shorter time"));
            }

            foreach (var stored in answers)
            {
                span = (span?.First ?? stored.At, stored.At);
                if (stored.Answer.Score is { } score && UnknownReasons.FromText(stored.Answer.Reason)?.IsFailure() != true)
                {
                    scores.Add(stored.At, score);
                }

                replayNow.Apply(stored);
                replayThen.Apply(stored);
            }

            if (answers.Count < AnswersAtOnce)
            {
                break;
            }

            from = answers[^1].At.AddMilliseconds(1);
        }

        var days = span is var (first, last) ? DaysOf(first, last, timeline.Gaps) : 0;
        return new WhatIfResult(
            count,
            Math.Max(0, timeline.Points.Sum(point => point.Answers) - count),
            replayNow.End(query.To) with { Expected = replayNow.Expected(labels.Scores, days) },
            replayThen.End(query.To) with { Expected = replayThen.Expected(labels.Scores, days) })
        {
            FalseAlarmsUnknown = labels.Reason ?? (days > 0 ? null : "the time has fewer answers than an hour has"),
        };
    }

    /// <summary>Days in which the question was answered; 0 where they are too short for a rate.</summary>
    private static double DaysOf(DateTimeOffset from, DateTimeOffset to, IReadOnlyList<TimelineGap> gaps)
    {
        var answered = to - from;
        foreach (var gap in gaps)
        {
            var (begun, ended) = (gap.From > from ? gap.From : from, gap.To < to ? gap.To : to);
            answered -= ended > begun ? ended - begun : TimeSpan.Zero;
        }

        return answered >= LeastTime ? answered.TotalDays : 0;
    }

    /// <summary>Parses a stored answer as the service parsed it, with other thresholds.</summary>
    internal static ParsedAnswer Parse(StandingQuestion question, HistoryAnswer stored, Thresholds thresholds)
    {
        var reason = UnknownReasons.FromText(stored.Reason);
        if (stored.Score is null || reason?.IsFailure() == true)
        {
            return new ParsedAnswer
            {
                Value = stored.Value,
                Unclear = stored.Value is null ? reason ?? UnknownReason.Uncertain : null,
                IsFailure = reason?.IsFailure() == true,
            };
        }

        // The mass itself is not stored, only that it was too small.
        var isOther = reason?.IsOtherAnswer() == true;
        var asked = AnswerHandler.Of(question.Kind).ToModelQuestions(question).Single() with { MinMass = isOther ? 1 : 0 };
        var answer = new Answer(asked, stored.Value ?? "", "", stored.Score, [], FinishReason.Stopped, default) { Mass = isOther ? 0 : 1 };
        return AnswerHandler.Of(question.Kind).Parse(question, [answer], thresholds);
    }

    /// <summary>The rules with one pair of thresholds, by day and by night.</summary>
    private sealed class Replay(
        StandingQuestion question,
        Thresholds thresholds,
        DateTimeOffset from,
        IReadOnlyList<(DateTimeOffset At, UnknownReason? Reason)> pauses,
        AlarmScores scores)
    {
        private readonly StateReplay _replay = new(question, from);
        private readonly List<ReplayedAlarm> _alarms = [];
        private readonly double _yesAbove = ModelScores.Logit(thresholds.YesAbove);
        private readonly double _noBelow = ModelScores.Logit(thresholds.NoBelow);
        private int _pause;

        public void Apply(StoredAnswer stored)
        {
            PauseUntil(stored.At);
            _replay.Apply(Parse(question, stored.Answer, thresholds), stored.At);
            if (_replay.Events.Count > _alarms.Count)
            {
                var change = _replay.Events[^1].Change;
                var isYes = change.To == AnswerWords.Yes;
                _alarms.Add(new ReplayedAlarm(isYes, scores.MeanSince(change.Since, isYes, isYes ? _yesAbove : _noBelow)));
            }
        }

        /// <summary>How many events per day are expected to be false; null where it is not known.</summary>
        public ExpectedAlarms? Expected(IReadOnlyList<LabelScore>? labels, double days)
        {
            if (labels is null || days <= 0)
            {
                return null;
            }

            var (wrong, low, high) = FalseAlarmEstimate.Of(labels, scores, _alarms, _yesAbove, _noBelow);
            return new ExpectedAlarms(wrong / days, low / days, high / days, (_alarms.Count - wrong) / days);
        }

        public PastOutcome End(DateTimeOffset to)
        {
            PauseUntil(to);
            _replay.End(to);
            return PastOutcomes.Of(question, thresholds, _replay);
        }

        private void PauseUntil(DateTimeOffset moment)
        {
            for (; _pause < pauses.Count && pauses[_pause].At <= moment; _pause++)
            {
                _replay.Pause(pauses[_pause].Reason!.Value, pauses[_pause].At);
            }
        }
    }
}
