using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The rules of one question and their memory: answers come in, a debounced state and events come out. Uses only the
/// moments that it is given, no clock. One caller at a time.</summary>
internal sealed class QuestionStateMachine
{
    private static readonly TimeSpan MinPatience = TimeSpan.FromSeconds(30);

    private readonly List<string> _window = [];
    private readonly TimeSpan _startedAt;
    private TimeSpan? _lastAnswerCapturedAt;
    private TimeSpan? _publishedAt;
    private bool _mustPublish;
    private TimeSpan? _eventAt;
    private DateTimeOffset? _eventUtc;
    private int _suppressedChanges;
    private UnknownReason _lastUnclear = UnknownReason.Uncertain;
    private (string Value, TimeSpan Monotonic, DateTimeOffset Utc)? _candidate;

    /// <summary>The <see cref="TaughtScoring.Identity"/> of the scorer that the last known value is from.</summary>
    private string? _scorer;

    /// <param name="question">The question with its rules.</param>
    /// <param name="saved">The state of the last run; null when there is none.</param>
    /// <param name="now">The moment from which <see cref="StateLifetime"/> counts.</param>
    public QuestionStateMachine(StandingQuestion question, SavedQuestionState? saved, Instant now)
    {
        Question = question;
        _startedAt = now.Monotonic;
        _scorer = question.Taught?.Identity;
        if (saved?.Kind == question.Kind)
        {
            _scorer = saved.Scorer;
            Restore(saved, now);
        }
    }

    public StandingQuestion Question { get; private set; }

    /// <summary>Changes raise no events, and do not count for the cool-down.</summary>
    public bool IsMuted { get; set; }

    public QuestionState Current { get; private set; } = QuestionState.Nothing;

    public SavedQuestionState Saved => new(Question.Kind, Current, _eventUtc) { Scorer = _scorer };

    /// <summary>How long a state outlives its last answer.</summary>
    public TimeSpan StateLifetime => Rules.UnknownAfter
        ?? (Question.Every * 3 > MinPatience ? Question.Every * 3 : MinPatience) * Patience;

    /// <summary>How many times longer than usual an answer may take to come, because questions are asked less often at present; 1 or more. An
    /// explicit <see cref="AnswerRules.UnknownAfter"/> is kept.</summary>
    public double Patience { get; set; } = 1;

    private AnswerRules Rules => Question.Rules;

    /// <summary>The known value is from another scorer. Its difference to the first value of this one may be due to the scorers alone, and
    /// is no event.</summary>
    private bool HasOtherScorer => _scorer != Question.Taught?.Identity;

    private EventRule Events => Rules.Events ?? AnswerHandler.Of(Question.Kind).DefaultEvents;

    private UnsureRule WhenUnsure => Rules.WhenUnsure ?? AnswerHandler.Of(Question.Kind).DefaultUnsure;

    /// <summary>Replaces the rules. The state stays, unless the kind changes.</summary>
    public void Change(StandingQuestion question)
    {
        if (question.Taught?.Identity != Question.Taught?.Identity)
        {
            // Answers of different scorers do not count together.
            ClearHistory();
        }

        if (question.Kind != Question.Kind)
        {
            ClearHistory();
            Current = QuestionState.Nothing;
        }

        Question = question;
    }

    /// <summary>A frame was answered.</summary>
    /// <param name="answer">The parsed answer.</param>
    /// <param name="captured">Capture time of the frame: times are measured at the camera, independent of the time that the
    /// model takes.</param>
    public Evaluation Apply(ParsedAnswer answer, Instant captured)
    {
        if (answer is { IsFailure: true, Unclear: { } failure })
        {
            var unknown = BecomeUnknown(failure, captured);
            return unknown with { PublishesAnswer = unknown.PublishesAnswer || Rules.Answers == AnswerRule.Each };
        }

        if (_lastAnswerCapturedAt is { } before && captured.Monotonic - before > StateLifetime)
        {
            // Answers before a gap do not count together with those after it.
            ClearHistory();
        }

        _lastAnswerCapturedAt = captured.Monotonic;

        // Keeping is for scores between the thresholds, not for answers that are neither yes nor no.
        var keeps = answer.Value is null && WhenUnsure == UnsureRule.Keep && answer.Unclear?.IsOtherAnswer() != true;
        var change = keeps
            ? KeepState(answer)
            : Evaluate(answer, captured);
        return change with { PublishesAnswer = change.PublishesState || Rules.Answers == AnswerRule.Each };
    }

    /// <summary>Time passed.</summary>
    /// <param name="wait">What the question waits for; null when it is asked as it should be.</param>
    /// <param name="now">This moment.</param>
    public Evaluation Tick(UnknownReason? wait, Instant now)
    {
        if (wait is { } deliberate && deliberate.IsDeliberate())
        {
            return BecomeUnknown(deliberate, now);
        }

        if (now.Monotonic - (_lastAnswerCapturedAt ?? _startedAt) > StateLifetime || Current.Reason is { } reason && reason.IsDeliberate())
        {
            return BecomeUnknown(wait ?? UnknownReason.NotYet, now);
        }

        var due = _publishedAt is { } published && Rules.Heartbeat > TimeSpan.Zero && now.Monotonic - published >= Rules.Heartbeat;
        return due || _mustPublish ? Publish(now.Monotonic, default) : default;
    }

    /// <summary>The clock was set: times that were read before become what it would have shown, and are published.</summary>
    public void CorrectTimes(ClockMonitor clock)
    {
        var corrected = Current with { Since = Known(Current.Since), LastKnownAt = Known(Current.LastKnownAt) };
        _mustPublish |= corrected != Current && _publishedAt is not null;
        Current = corrected;
        _eventUtc = Known(_eventUtc);
        if (_candidate is { } candidate)
        {
            _candidate = candidate with { Utc = Known(candidate.Utc) ?? candidate.Utc };
        }

        DateTimeOffset? Known(DateTimeOffset? read) => clock.Correct(read) ?? read;
    }

    private void Restore(SavedQuestionState saved, Instant now)
    {
        // When the elapsed time is unknown, because the clock was set back or is not set, it counts as zero: the cool-down
        // may be too long but never too short.
        if (saved.LastEventAt is { } last)
        {
            _eventUtc = last;
            _eventAt = now.Monotonic - (IsKnown(last) && IsKnown(now.Utc) && now.Utc > last ? now.Utc - last : TimeSpan.Zero);
        }

        // A state is taken over only if it is certain that it was confirmed a moment ago.
        var confirmed = saved.State.LastKnownAt is { } at && IsKnown(at) ? at : (DateTimeOffset?)null;
        if (saved.State.Value is not null && IsKnown(now.Utc) && confirmed is { } when && (now.Utc - when).Duration() <= StateLifetime)
        {
            Current = saved.State;
            _mustPublish = true;
        }
        else
        {
            Current = saved.State with
            {
                Value = null,
                Reason = UnknownReason.NotYet,
                Since = null,
                Score = null,
                LastKnownAt = confirmed,
            };
        }

        static bool IsKnown(DateTimeOffset moment) => PlausibleTime.Includes(moment);
    }

    private Evaluation KeepState(ParsedAnswer answer)
    {
        if (Current.Value is null)
        {
            Current = Current with { Reason = answer.Unclear };
        }

        return default;
    }

    private Evaluation Evaluate(ParsedAnswer answer, Instant captured)
    {
        _lastUnclear = answer.Unclear ?? _lastUnclear;
        var value = answer.Value ?? AnswerWords.Unknown;
        _window.Add(value);
        if (_window.Count > Rules.OutOf)
        {
            _window.RemoveRange(0, _window.Count - Rules.OutOf);
        }

        // More than half must agree, so there is at most one.
        var agreed = _window.Find(it => _window.Count(other => other == it) >= Rules.Agree);
        if (agreed is null || (agreed == Current.State && Current.Since is not null))
        {
            _candidate = null;
            Confirm(agreed, answer, captured);
            return default;
        }

        if (_candidate?.Value != agreed)
        {
            _candidate = (agreed, captured.Monotonic, captured.Utc);
        }

        var back = Current.Value is null && agreed == Current.LastKnown;
        return back || captured.Monotonic - _candidate.Value.Monotonic >= HoldTimeOf(agreed)
            ? Commit(agreed, _candidate.Value.Utc, answer, captured)
            : default;
    }

    private TimeSpan HoldTimeOf(string value) =>
        value == AnswerWords.No ? Rules.HoldNoFor ?? Rules.HoldFor : Rules.HoldFor;

    private void Confirm(string? agreed, ParsedAnswer answer, Instant captured)
    {
        if (agreed is not null && answer.Value == agreed)
        {
            Current = Current with { Score = answer.Score, LastKnownAt = captured.Utc };
            _scorer = Question.Taught?.Identity;
        }
        else if (Current.Value is null && answer.Unclear is { } unclear)
        {
            Current = Current with { Reason = unclear };
        }
    }

    private Evaluation Commit(string value, DateTimeOffset since, ParsedAnswer answer, Instant captured)
    {
        _candidate = null;
        var before = Current.LastKnown;
        if (value == AnswerWords.Unknown && answer.Value != AnswerWords.Unknown)
        {
            // A clear answer may complete the hold time of the unclear ones before it.
            Current = Current with { Value = null, Reason = answer.Unclear ?? _lastUnclear, Since = since, Score = answer.Score };
            return Publish(captured.Monotonic, default);
        }

        Current = new QuestionState
        {
            Value = value,
            Reason = null,
            Since = since,
            Score = answer.Score,
            LastKnown = value,
            LastKnownAt = captured.Utc,
        };
        // The first known value, also of another scorer, or the same value after a gap, is not a change and raises no event.
        var change = before is null || before == value || HasOtherScorer
            ? default
            : new Evaluation(false, false, Event(before, value, answer, since, captured));
        _scorer = Question.Taught?.Identity;
        return Publish(captured.Monotonic, change);
    }

    private StateChange? Event(string from, string to, ParsedAnswer answer, DateTimeOffset since, Instant captured)
    {
        if (!(Events switch
        {
            EventRule.Changes => true,
            EventRule.Yes => to == AnswerWords.Yes,
            EventRule.No => to == AnswerWords.No,
            EventRule.Never => false,
            _ => throw new InvalidOperationException($"The rule {Events} is not known."),
        }))
        {
            return null;
        }

        if (IsMuted)
        {
            return null;
        }

        if (_eventAt is { } last && captured.Monotonic - last < Rules.CoolDown)
        {
            _suppressedChanges++;
            return null;
        }

        var change = new StateChange(from, to, answer.Score, since, _suppressedChanges) { ScoredBy = answer.ScoredBy };
        (_eventAt, _eventUtc, _suppressedChanges) = (captured.Monotonic, captured.Utc, 0);
        return change;
    }

    private Evaluation BecomeUnknown(UnknownReason reason, Instant now)
    {
        ClearHistory();
        if (Current.Value is null && Current.Since is not null)
        {
            var other = Current.Reason != reason;
            Current = Current with { Reason = reason };
            var due = _publishedAt is { } published && Rules.Heartbeat > TimeSpan.Zero && now.Monotonic - published >= Rules.Heartbeat;
            return due ? Publish(now.Monotonic, default) : new Evaluation(false, other, null);
        }

        Current = Current with { Value = null, Reason = reason, Since = now.Utc, Score = null };
        return Publish(now.Monotonic, default);
    }

    private Evaluation Publish(TimeSpan now, Evaluation evaluation)
    {
        (_publishedAt, _mustPublish) = (now, false);
        return evaluation with { PublishesState = true, PublishesAnswer = true };
    }

    private void ClearHistory()
    {
        _window.Clear();
        _candidate = null;
    }
}
