namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Questions at which the engine failed. One that was in flight when an engine was lost is asked alone next time;
/// one that the engine failed at alone is not asked for a while, so that an error that always comes with the same question
/// affects that question only. Outlives each engine. Thread-safe.</summary>
internal sealed class FailingQuestions(TimeProvider time)
{
    /// <summary>Largest number of questions, more than any device has; the limit is for ad-hoc questions, which anybody may send.</summary>
    private const int MaxQuestions = 1024;

    /// <summary>First pause after a failure that the engine survived, doubling up to <see cref="LongestPause"/>.</summary>
    private static readonly TimeSpan ShortPause = TimeSpan.FromSeconds(30);

    /// <summary>First pause where the engine was lost: as long as the usual window of <c>Pipeline:RestartWindow</c>, so that
    /// one question cannot spend the budget of restarts.</summary>
    private static readonly TimeSpan LongPause = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<object, Fault> _faults = [];

    /// <param name="question">Compared by content: a question that was changed is another one.</param>
    /// <returns>How much longer it is not asked; null when it may be asked.</returns>
    public TimeSpan? PauseOf(object question)
    {
        lock (_lock)
        {
            return _faults.GetValueOrDefault(question) is { Pause: var pause, Since: { } since }
                && pause - time.GetElapsedTime(since) is { Ticks: > 0 } left
                    ? left
                    : null;
        }
    }

    /// <summary>Whether it is to be asked alone, so that the cause is known when the engine fails again.</summary>
    public bool IsSuspect(object question)
    {
        lock (_lock)
        {
            return _faults.ContainsKey(question);
        }
    }

    /// <summary>The engine was lost while this one, among others, was asked.</summary>
    public void Suspect(object question)
    {
        lock (_lock)
        {
            DropAllIfFull();
            _faults.TryAdd(question, new Fault(TimeSpan.Zero, null));
        }
    }

    /// <summary>The engine failed at this one, asked alone, and answers others.</summary>
    /// <param name="question">The question that was asked.</param>
    /// <param name="engineLost">The engine has to be replaced.</param>
    /// <returns>How long it is not asked now.</returns>
    public TimeSpan Blame(object question, bool engineLost)
    {
        lock (_lock)
        {
            DropAllIfFull();
            var doubled = _faults.GetValueOrDefault(question).Pause * 2;
            var first = engineLost ? LongPause : ShortPause;
            var pause = doubled < first ? first : doubled > LongestPause ? LongestPause : doubled;
            _faults[question] = new Fault(pause, time.GetTimestamp());
            return pause;
        }
    }

    /// <summary>Records that the question was answered.</summary>
    public void Clear(object question)
    {
        lock (_lock)
        {
            _faults.Remove(question);
        }
    }

    private void DropAllIfFull()
    {
        if (_faults.Count >= MaxQuestions)
        {
            _faults.Clear();
        }
    }

    private readonly record struct Fault(TimeSpan Pause, long? Since);
}
