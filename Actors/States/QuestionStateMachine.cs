using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The rules of one question, and what they remember: readings come in, a state that does not flap and events
/// come out. Decides by the moments that it is given and touches nothing else. One caller at a time.</summary>
internal sealed class QuestionStateMachine
{
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(30);

    private readonly List<string> _window = [];
    private readonly TimeSpan _startedAt;
    private TimeSpan? _heardAt;
    private TimeSpan? _saidAt;
    private bool _mustSay;
    private TimeSpan? _eventAt;
    private DateTimeOffset? _eventWall;
    private int _heldBack;
    private (string Value, TimeSpan Steady, DateTimeOffset Wall)? _candidate;

    /// <param name="question">Whose rules.</param>
    /// <param name="saved">From the last run; null when nothing is known of it.</param>
    /// <param name="now">Patience begins.</param>
    public QuestionStateMachine(StandingQuestion question, SavedQuestionState? saved, Instant now)
    {
        Question = question;
        _startedAt = now.Monotonic;
        if (saved?.Kind == question.Kind)
        {
            Restore(saved, now);
        }
    }

    public StandingQuestion Question { get; private set; }

    public QuestionState Standing { get; private set; } = QuestionState.Nothing;

    public SavedQuestionState Saved => new(Question.Kind, Standing, _eventWall);

    /// <summary>How long a state outlives its last reading.</summary>
    public TimeSpan Patience => Rules.UnknownAfter
        ?? (Question.Every * 3 > LeastPatience ? Question.Every * 3 : LeastPatience);

    private AnswerRules Rules => Question.Rules;

    private EventRule Events => Rules.Events ?? AnswerHandler.Of(Question.Kind).DefaultEvents;

    private UnsureRule WhenUnsure => Rules.WhenUnsure ?? AnswerHandler.Of(Question.Kind).DefaultUnsure;

    /// <summary>Goes on by other rules. What was known stays known, unless the kind is another one.</summary>
    public void Change(StandingQuestion question)
    {
        if (question.Kind != Question.Kind)
        {
            Forget();
            Standing = QuestionState.Nothing;
        }

        Question = question;
    }

    /// <summary>A picture was answered.</summary>
    /// <param name="reading">What it says.</param>
    /// <param name="captured">When it was taken: what is measured is what happened before the camera, however long the
    /// model takes.</param>
    public Evaluation Apply(ParsedAnswer reading, Instant captured)
    {
        if (reading is { IsFailure: true, Unclear: { } failure })
        {
            var unknown = BecomeUnknown(failure, captured);
            return unknown with { SayAnswer = unknown.SayAnswer || Rules.Answers == AnswerRule.Each };
        }

        if (_heardAt is { } before && captured.Monotonic - before > Patience)
        {
            // What was seen before a gap does not agree with what is seen after it.
            Forget();
        }

        _heardAt = captured.Monotonic;
        var change = reading.Value is null && WhenUnsure == UnsureRule.Keep
            ? Unsure(reading)
            : Weigh(reading, captured);
        return change with { SayAnswer = change.SayState || Rules.Answers == AnswerRule.Each };
    }

    /// <summary>Time passed.</summary>
    /// <param name="wait">What the question waits for; null when it is asked as it should be.</param>
    /// <param name="now">This moment.</param>
    public Evaluation Tick(UnknownReason? wait, Instant now)
    {
        if (wait is { } meant && meant.IsDeliberate())
        {
            return BecomeUnknown(meant, now);
        }

        if (now.Monotonic - (_heardAt ?? _startedAt) > Patience || Standing.Reason is { } reason && reason.IsDeliberate())
        {
            return BecomeUnknown(wait ?? UnknownReason.NotYet, now);
        }

        var due = _saidAt is { } said && Rules.Heartbeat > TimeSpan.Zero && now.Monotonic - said >= Rules.Heartbeat;
        return due || _mustSay ? Settle(now.Monotonic, default) : default;
    }

    /// <summary>The clock was set: times that were read before become what it would have shown, and are published.</summary>
    public void CorrectTimes(ClockMonitor clock)
    {
        var corrected = Standing with { Since = Known(Standing.Since), LastKnownAt = Known(Standing.LastKnownAt) };
        _mustSay |= corrected != Standing && _saidAt is not null;
        Standing = corrected;
        _eventWall = Known(_eventWall);
        if (_candidate is { } candidate)
        {
            _candidate = candidate with { Wall = Known(candidate.Wall) ?? candidate.Wall };
        }

        DateTimeOffset? Known(DateTimeOffset? read) => clock.Known(read) ?? read;
    }

    private void Restore(SavedQuestionState saved, Instant now)
    {
        // When the elapsed time is unknown, because the clock was set back or is not set, it counts as zero: the cool-down
        // may be too long but never too short.
        if (saved.LastEventAt is { } last)
        {
            _eventWall = last;
            _eventAt = now.Monotonic - (IsKnown(last) && IsKnown(now.Utc) && now.Utc > last ? now.Utc - last : TimeSpan.Zero);
        }

        // A state is taken over only if it is certain that it was confirmed a moment ago.
        var confirmed = saved.Standing.LastKnownAt is { } at && IsKnown(at) ? at : (DateTimeOffset?)null;
        if (saved.Standing.Value is not null && IsKnown(now.Utc) && confirmed is { } when && (now.Utc - when).Duration() <= Patience)
        {
            Standing = saved.Standing;
            _mustSay = true;
        }
        else
        {
            Standing = saved.Standing with
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

    private Evaluation Unsure(ParsedAnswer reading)
    {
        if (Standing.Value is null)
        {
            Standing = Standing with { Reason = reading.Unclear };
        }

        return default;
    }

    private Evaluation Weigh(ParsedAnswer reading, Instant captured)
    {
        var value = reading.Value ?? AnswerWords.Unknown;
        _window.Add(value);
        if (_window.Count > Rules.OutOf)
        {
            _window.RemoveRange(0, _window.Count - Rules.OutOf);
        }

        // The agreement is of more than half, so there is at most one.
        var agreed = _window.Find(it => _window.Count(other => other == it) >= Rules.Agree);
        if (agreed is null || (agreed == Standing.State && Standing.Since is not null))
        {
            _candidate = null;
            Confirm(agreed, reading, captured);
            return default;
        }

        if (_candidate?.Value != agreed)
        {
            _candidate = (agreed, captured.Monotonic, captured.Utc);
        }

        var back = Standing.Value is null && agreed == Standing.LastKnown;
        return back || captured.Monotonic - _candidate.Value.Steady >= HoldOf(agreed)
            ? Settle(agreed, _candidate.Value.Wall, reading, captured)
            : default;
    }

    private TimeSpan HoldOf(string value) =>
        value == AnswerWords.No ? Rules.HoldNoFor ?? Rules.HoldFor : Rules.HoldFor;

    private void Confirm(string? agreed, ParsedAnswer reading, Instant captured)
    {
        if (agreed is not null && reading.Value == agreed)
        {
            Standing = Standing with { Score = reading.Score, LastKnownAt = captured.Utc };
        }
        else if (Standing.Value is null && reading.Unclear is { } unclear)
        {
            Standing = Standing with { Reason = unclear };
        }
    }

    private Evaluation Settle(string value, DateTimeOffset since, ParsedAnswer reading, Instant captured)
    {
        _candidate = null;
        var before = Standing.LastKnown;
        if (value == AnswerWords.Unknown && reading.Value is null)
        {
            Standing = Standing with { Value = null, Reason = reading.Unclear, Since = since, Score = reading.Score };
            return Settle(captured.Monotonic, default);
        }

        Standing = new QuestionState
        {
            Value = value,
            Reason = null,
            Since = since,
            Score = reading.Score,
            LastKnown = value,
            LastKnownAt = captured.Utc,
        };
        // What was so before anybody looked, and what is as it was before a gap, did not happen.
        var change = before is null || before == value
            ? default
            : new Evaluation(false, false, Event(before, value, reading, since, captured));
        return Settle(captured.Monotonic, change);
    }

    private StateChange? Event(string from, string to, ParsedAnswer reading, DateTimeOffset since, Instant captured)
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

        if (_eventAt is { } last && captured.Monotonic - last < Rules.CoolDown)
        {
            _heldBack++;
            return null;
        }

        var change = new StateChange(from, to, reading.Score, since, _heldBack);
        (_eventAt, _eventWall, _heldBack) = (captured.Monotonic, captured.Utc, 0);
        return change;
    }

    private Evaluation BecomeUnknown(UnknownReason reason, Instant now)
    {
        Forget();
        if (Standing.Value is null && Standing.Since is not null)
        {
            var other = Standing.Reason != reason;
            Standing = Standing with { Reason = reason };
            var due = _saidAt is { } said && Rules.Heartbeat > TimeSpan.Zero && now.Monotonic - said >= Rules.Heartbeat;
            return due ? Settle(now.Monotonic, default) : new Evaluation(false, other, null);
        }

        Standing = Standing with { Value = null, Reason = reason, Since = now.Utc, Score = null };
        return Settle(now.Monotonic, default);
    }

    private Evaluation Settle(TimeSpan now, Evaluation verdict)
    {
        (_saidAt, _mustSay) = (now, false);
        return verdict with { SayState = true, SayAnswer = true };
    }

    private void Forget()
    {
        _window.Clear();
        _candidate = null;
    }
}
