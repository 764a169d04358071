using System.Globalization;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Applies a yes/no question's rules to its stored answers, with its own thresholds and with others.</summary>
internal static class WhatIfReplay
{
    /// <summary>Most answers of one request: two days of a question that is asked each second.</summary>
    public const int MaxAnswers = 200_000;

    /// <summary>Answers that are read together.</summary>
    private const int AnswersAtOnce = 5000;

    /// <summary>Reads the answers and applies the rules.</summary>
    /// <param name="history">Where they are stored.</param>
    /// <param name="question">The question as it is configured now.</param>
    /// <param name="query">The time and the other thresholds.</param>
    /// <param name="cancel">The client left.</param>
    /// <exception cref="HttpFailureException">The question has no thresholds, or the time has too many answers.</exception>
    public static async Task<WhatIfResult> RunAsync(IHistory history, StandingQuestion question, WhatIfQuery query, CancellationToken cancel)
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
        var (replayNow, replayThen) = (new Replay(question, now, query.From, pauses!), new Replay(question, then, query.From, pauses!));
        var (count, from) = (0L, query.From);
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
                replayNow.Apply(stored);
                replayThen.Apply(stored);
            }

            if (answers.Count < AnswersAtOnce)
            {
                break;
            }

            from = answers[^1].At.AddMilliseconds(1);
        }

        return new WhatIfResult(
            count, Math.Max(0, timeline.Points.Sum(point => point.Answers) - count), replayNow.End(query.To), replayThen.End(query.To));
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
        StandingQuestion question, Thresholds thresholds, DateTimeOffset from, IReadOnlyList<(DateTimeOffset At, UnknownReason? Reason)> pauses)
    {
        private readonly StateReplay _replay = new(question, from);
        private int _pause;

        public void Apply(StoredAnswer stored)
        {
            PauseUntil(stored.At);
            _replay.Apply(Parse(question, stored.Answer, thresholds), stored.At);
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
