using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>The rules of one question, and what they remember: readings come in, a state that does not flap and events
/// come out. Decides by the moments that it is given and touches nothing else. One caller at a time.</summary>
internal sealed class QuestionJudge
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
    public QuestionJudge(StandingQuestion question, SavedStanding? saved, Moment now)
    {
        Question = question;
        _startedAt = now.Steady;
        if (saved?.Kind == question.Kind)
        {
            Restore(saved, now);
        }
    }

    public StandingQuestion Question { get; private set; }

    public Standing Standing { get; private set; } = Standing.Nothing;

    public SavedStanding Saved => new(Question.Kind, Standing, _eventWall);

    /// <summary>How long a state outlives its last reading.</summary>
    public TimeSpan Patience => Rules.UnknownAfter
        ?? (Question.Every * 3 > LeastPatience ? Question.Every * 3 : LeastPatience);

    private AnswerRules Rules => Question.Rules;

    private EventRule Events => Rules.Events
        ?? (Question.Kind is QuestionKind.Text or QuestionKind.Json ? EventRule.Never : EventRule.Changes);

    private UnsureRule WhenUnsure => Rules.WhenUnsure
        ?? (Question.Kind == QuestionKind.YesNo ? UnsureRule.Keep : UnsureRule.Unknown);

    /// <summary>Goes on by other rules. What was known stays known, unless the kind is another one.</summary>
    public void Change(StandingQuestion question)
    {
        if (question.Kind != Question.Kind)
        {
            Forget();
            Standing = Standing.Nothing;
        }

        Question = question;
    }

    /// <summary>A picture was answered.</summary>
    /// <param name="reading">What it says.</param>
    /// <param name="captured">When it was taken: what is measured is what happened before the camera, however long the
    /// model takes.</param>
    public Verdict Hear(Reading reading, Moment captured)
    {
        if (reading is { IsFailure: true, Unclear: { } failure })
        {
            var unknown = BecomeUnknown(failure, captured);
            return unknown with { SayAnswer = unknown.SayAnswer || Rules.Answers == AnswerRule.Each };
        }

        if (_heardAt is { } before && captured.Steady - before > Patience)
        {
            // What was seen before a gap does not agree with what is seen after it.
            Forget();
        }

        _heardAt = captured.Steady;
        var change = reading.Value is null && WhenUnsure == UnsureRule.Keep
            ? Unsure(reading)
            : Weigh(reading, captured);
        return change with { SayAnswer = change.SayState || Rules.Answers == AnswerRule.Each };
    }

    /// <summary>Time passed.</summary>
    /// <param name="wait">What the question waits for; null when it is asked as it should be.</param>
    /// <param name="now">This moment.</param>
    public Verdict Look(UnknownReason? wait, Moment now)
    {
        if (wait is { } meant && meant.IsMeant())
        {
            return BecomeUnknown(meant, now);
        }

        if (now.Steady - (_heardAt ?? _startedAt) > Patience || Standing.Reason is { } reason && reason.IsMeant())
        {
            return BecomeUnknown(wait ?? UnknownReason.NotYet, now);
        }

        var due = _saidAt is { } said && Rules.Heartbeat > TimeSpan.Zero && now.Steady - said >= Rules.Heartbeat;
        return due || _mustSay ? Say(now.Steady, default) : default;
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

    private void Restore(SavedStanding saved, Moment now)
    {
        // When the elapsed time is unknown, because the clock was set back or is not set, it counts as zero: the cool-down
        // may be too long but never too short.
        if (saved.LastEventAt is { } last)
        {
            _eventWall = last;
            _eventAt = now.Steady - (IsKnown(last) && IsKnown(now.Wall) && now.Wall > last ? now.Wall - last : TimeSpan.Zero);
        }

        // A state is taken over only if it is certain that it was confirmed a moment ago.
        var confirmed = saved.Standing.LastKnownAt is { } at && IsKnown(at) ? at : (DateTimeOffset?)null;
        if (saved.Standing.Value is not null && IsKnown(now.Wall) && confirmed is { } when && (now.Wall - when).Duration() <= Patience)
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

    private Verdict Unsure(Reading reading)
    {
        if (Standing.Value is null)
        {
            Standing = Standing with { Reason = reading.Unclear };
        }

        return default;
    }

    private Verdict Weigh(Reading reading, Moment captured)
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
            _candidate = (agreed, captured.Steady, captured.Wall);
        }

        var back = Standing.Value is null && agreed == Standing.LastKnown;
        return back || captured.Steady - _candidate.Value.Steady >= HoldOf(agreed)
            ? Settle(agreed, _candidate.Value.Wall, reading, captured)
            : default;
    }

    private TimeSpan HoldOf(string value) =>
        value == AnswerWords.No ? Rules.HoldNoFor ?? Rules.HoldFor : Rules.HoldFor;

    private void Confirm(string? agreed, Reading reading, Moment captured)
    {
        if (agreed is not null && reading.Value == agreed)
        {
            Standing = Standing with { Score = reading.Score, LastKnownAt = captured.Wall };
        }
        else if (Standing.Value is null && reading.Unclear is { } unclear)
        {
            Standing = Standing with { Reason = unclear };
        }
    }

    private Verdict Settle(string value, DateTimeOffset since, Reading reading, Moment captured)
    {
        _candidate = null;
        var before = Standing.LastKnown;
        if (value == AnswerWords.Unknown && reading.Value is null)
        {
            Standing = Standing with { Value = null, Reason = reading.Unclear, Since = since, Score = reading.Score };
            return Say(captured.Steady, default);
        }

        Standing = new Standing
        {
            Value = value,
            Reason = null,
            Since = since,
            Score = reading.Score,
            LastKnown = value,
            LastKnownAt = captured.Wall,
        };
        // What was so before anybody looked, and what is as it was before a gap, did not happen.
        var change = before is null || before == value
            ? default
            : new Verdict(false, false, Event(before, value, reading, since, captured));
        return Say(captured.Steady, change);
    }

    private StateChange? Event(string from, string to, Reading reading, DateTimeOffset since, Moment captured)
    {
        if (!(Events switch
        {
            EventRule.Changes => true,
            EventRule.Yes => to == AnswerWords.Yes,
            EventRule.No => to == AnswerWords.No,
            _ => false,
        }))
        {
            return null;
        }

        if (_eventAt is { } last && captured.Steady - last < Rules.CoolDown)
        {
            _heldBack++;
            return null;
        }

        var change = new StateChange(from, to, reading.Score, since, _heldBack);
        (_eventAt, _eventWall, _heldBack) = (captured.Steady, captured.Wall, 0);
        return change;
    }

    private Verdict BecomeUnknown(UnknownReason reason, Moment now)
    {
        Forget();
        if (Standing.Value is null && Standing.Since is not null)
        {
            var other = Standing.Reason != reason;
            Standing = Standing with { Reason = reason };
            var due = _saidAt is { } said && Rules.Heartbeat > TimeSpan.Zero && now.Steady - said >= Rules.Heartbeat;
            return due ? Say(now.Steady, default) : new Verdict(false, other, null);
        }

        Standing = Standing with { Value = null, Reason = reason, Since = now.Wall, Score = null };
        return Say(now.Steady, default);
    }

    private Verdict Say(TimeSpan now, Verdict verdict)
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
