namespace MobileVlm.Edge.Actors.Questions;

/// <summary>When each question of one camera is due. A question keeps its phase: it is due at the first frame and
/// then on a fixed grid from there, so it neither drifts by the time an answer takes nor catches up in a burst after
/// a gap. <see cref="IsDue"/> may be called from any thread, the rest from one at a time.</summary>
internal sealed class QuestionSchedule
{
    // Questions that fall due just after a frame go with it, since encoding one picture twice is what costs.
    private static readonly TimeSpan MostEarly = TimeSpan.FromMilliseconds(100);

    private readonly Entry[] _entries;
    private readonly TimeProvider _time;
    private long _nextDue;

    public QuestionSchedule(IReadOnlyList<StandingQuestion> questions, TimeProvider time)
    {
        _time = time;
        _entries = [.. questions.Select(question =>
            new Entry(question, ToTicks(question.Every), ToTicks(Early(question))))];
        _nextDue = _entries.Length == 0 ? long.MaxValue : long.MinValue;
    }

    /// <summary>Is anything due at this <see cref="TimeProvider.GetTimestamp"/>? Cheap, for capture threads.</summary>
    public bool IsDue(long now) => now >= Volatile.Read(ref _nextDue);

    /// <summary>The questions that are due now; their next time is set as if they were asked now.</summary>
    public IReadOnlyList<StandingQuestion> TakeDue(long now)
    {
        if (!IsDue(now))
        {
            return [];
        }

        var due = new List<StandingQuestion>(_entries.Length);
        var next = long.MaxValue;
        foreach (var entry in _entries)
        {
            if (entry.TryTake(now))
            {
                due.Add(entry.Question);
            }

            next = Math.Min(next, entry.DueFrom);
        }

        Volatile.Write(ref _nextDue, next);
        return due;
    }

    private static TimeSpan Early(StandingQuestion question)
    {
        var tenth = question.Every / 10;
        return tenth < MostEarly ? tenth : MostEarly;
    }

    private long ToTicks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private sealed class Entry(StandingQuestion question, long every, long early)
    {
        private long? _due;

        public StandingQuestion Question => question;

        /// <summary>The timestamp from which a frame may carry this question.</summary>
        public long DueFrom => _due is { } due ? due - early : long.MinValue;

        public bool TryTake(long now)
        {
            if (now < DueFrom)
            {
                return false;
            }

            _due = Following(_due ?? now, now);
            return true;
        }

        private long Following(long due, long now)
        {
            if (every == 0)
            {
                return now;
            }

            // Asked a little early counts for the slot that is about to come; slots missed in a gap are skipped.
            var missed = Math.Max(0, now - due) / every;
            return due + ((missed + 1) * every);
        }
    }
}
