
namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Schedules the questions of one camera. A question keeps its phase: it is due at the first frame and
/// then on a fixed grid from there, so it neither drifts by the time an answer takes nor catches up in a burst after
/// a gap. Thread-safe.</summary>
internal sealed class QuestionSchedule
{
    // Questions that fall due just after a frame go with it, because encoding is what takes time.
    private static readonly TimeSpan MaxEarly = TimeSpan.FromMilliseconds(100);

    // Whether a question may be asked at all is not checked at each frame.
    private static readonly TimeSpan RecheckInterval = TimeSpan.FromMilliseconds(250);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Func<StandingQuestion, bool> _mayAsk;
    private readonly long _recheckTicks;
    private readonly bool _isExclusive;
    private readonly Func<double> _pace;
    private double _paceOfNextDue = 1;
    private Entry[] _entries = [];
    private long _nextDue;

    /// <param name="questions">What is asked.</param>
    /// <param name="mayAsk">False while a question is not to be asked although its time has come.</param>
    /// <param name="time">Its timestamps.</param>
    /// <param name="isExclusive">A question that is in flight is not taken again before <see cref="End"/>, so that its answers never
    /// overtake each other where several engines answer.</param>
    /// <param name="pace">How often questions are asked, as a share of what they are configured for, above 0; null for 1. Cheap, because it is
    /// called for each frame. A change counts at once for the questions that wait.</param>
    public QuestionSchedule(
        IReadOnlyList<StandingQuestion> questions,
        Func<StandingQuestion, bool> mayAsk,
        TimeProvider time,
        bool isExclusive = false,
        Func<double>? pace = null)
    {
        _pace = pace ?? (() => 1);
        _mayAsk = mayAsk;
        _time = time;
        _isExclusive = isExclusive;
        _recheckTicks = ToTicks(RecheckInterval);
        Change(questions);
    }

    /// <summary>Replaces the questions. An unchanged one keeps its phase.</summary>
    public void Change(IReadOnlyList<StandingQuestion> questions)
    {
        lock (_lock)
        {
            _entries = [.. questions.Select(question =>
                Array.Find(_entries, entry => entry.Question == question)
                ?? new Entry(question, ToTicks(question.Every), ToTicks(Early(question))))];
            RecomputeNextDue();
        }
    }

    /// <summary>Is anything due at this <see cref="TimeProvider.GetTimestamp"/>? Cheap, for capture threads.</summary>
    public bool IsDue(long now)
    {
        if (_pace() != Volatile.Read(ref _paceOfNextDue))
        {
            lock (_lock)
            {
                RecomputeNextDue();
            }
        }

        return now >= Volatile.Read(ref _nextDue);
    }

    /// <summary>Whether a frame has to wait, because questions are in flight and no other one is due at this timestamp.</summary>
    public bool MustWait(long now)
    {
        if (!_isExclusive)
        {
            return false;
        }

        lock (_lock)
        {
            return Array.Exists(_entries, entry => entry.IsInFlight)
                && !Array.Exists(_entries, entry => !entry.IsInFlight && now >= entry.DueFrom);
        }
    }

    /// <summary>Questions that were taken are in flight no more.</summary>
    /// <param name="questions">As they were taken.</param>
    /// <param name="isLost">They have no answer because their engine was lost: they are due again at the next frame.</param>
    public void End(IReadOnlyList<StandingQuestion> questions, bool isLost)
    {
        lock (_lock)
        {
            foreach (var entry in _entries.Where(entry => questions.Contains(entry.Question)))
            {
                entry.End(isLost);
            }

            RecomputeNextDue();
        }
    }

    /// <summary>The questions that are due now about one region of the frame: the one that waits longest. Their next time is
    /// set as if they were asked now.</summary>
    /// <param name="now">A timestamp.</param>
    /// <param name="asked">Regions of this frame that were asked about already.</param>
    /// <param name="more">Questions of another region are due as well.</param>
    public IReadOnlyList<StandingQuestion> TakeDue(long now, IReadOnlyCollection<FrameRegion?> asked, out bool more)
    {
        more = false;
        if (!IsDue(now))
        {
            return [];
        }

        lock (_lock)
        {
            var due = Array.FindAll(
                _entries, entry => !entry.IsInFlight && now >= entry.DueFrom && !asked.Contains(entry.Question.Region));
            foreach (var closed in due.Where(entry => !_mayAsk(entry.Question)))
            {
                closed.NotBefore(now + _recheckTicks);
            }

            due = Array.FindAll(due, entry => now >= entry.DueFrom);
            var first = due.MinBy(entry => entry.DueFrom);
            var taken = Array.FindAll(due, entry => entry.Question.Region == first?.Question.Region);
            foreach (var entry in taken)
            {
                entry.Take(now, _isExclusive);
            }

            more = taken.Length < due.Length;
            RecomputeNextDue();
            return [.. taken.Select(entry => entry.Question)];
        }
    }

    private void RecomputeNextDue()
    {
        var pace = _pace();
        foreach (var entry in _entries)
        {
            entry.SetPace(pace);
        }

        Volatile.Write(ref _paceOfNextDue, pace);
        Volatile.Write(ref _nextDue, _entries.Length == 0 ? long.MaxValue : _entries.Min(entry => entry.DueFrom));
    }

    private static TimeSpan Early(StandingQuestion question)
    {
        var tenth = question.Every / 10;
        return tenth < MaxEarly ? tenth : MaxEarly;
    }

    private long ToTicks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    private sealed class Entry(StandingQuestion question, long every, long early)
    {
        /// <summary>The slot for which it was taken last; null before the first time.</summary>
        private long? _slot;
        private long _notBefore = long.MinValue;
        private long? _slotBefore;
        private double _pace = 1;

        public StandingQuestion Question => question;

        /// <summary>The timestamp from which a frame may carry this question.</summary>
        public long DueFrom => Math.Max(_notBefore, Due is { } due ? due - early : long.MinValue);

        /// <summary>Taken, and not ended yet.</summary>
        public bool IsInFlight { get; private set; }

        private long? Due => _slot + Interval;

        private long Interval => _pace < 1 ? (long)(every / _pace) : every;

        /// <summary>Sets how often it is asked, as a share of what is configured.</summary>
        public void SetPace(double pace) => _pace = pace;

        public void NotBefore(long timestamp) => _notBefore = timestamp;

        public void Take(long now, bool isExclusive)
        {
            _slotBefore = _slot;
            _slot = SlotOf(Due ?? now, now);
            IsInFlight = isExclusive;
        }

        public void End(bool isLost)
        {
            if (IsInFlight && isLost)
            {
                // Due since then, and still on the same grid.
                _slot = _slotBefore;
            }

            IsInFlight = false;
        }

        private long SlotOf(long due, long now)
        {
            var interval = Interval;
            if (interval == 0)
            {
                return now;
            }

            // Asked a little early counts for the slot that is about to come; slots missed in a gap are skipped.
            var missed = Math.Max(0, now - due) / interval;
            return due + (missed * interval);
        }
    }
}
