namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Ad-hoc questions that wait for the next frame of one camera, oldest first. How many there may
/// be is bounded by the caller. Thread-safe.</summary>
internal sealed class AdHocQueue
{
    private readonly Lock _lock = new();
    private readonly List<AdHocQuestion> _waiting = [];
    private volatile bool _isWaiting;

    /// <summary>Cheap, for capture threads.</summary>
    public bool IsWaiting => _isWaiting;

    public void Add(AdHocQuestion question)
    {
        lock (_lock)
        {
            _waiting.Add(question);
            _isWaiting = true;
        }
    }

    /// <summary>Removes it, if it still waits.</summary>
    public void Remove(AdHocQuestion question)
    {
        lock (_lock)
        {
            _waiting.Remove(question);
            _isWaiting = _waiting.Count > 0;
        }
    }

    /// <summary>The oldest questions, at most this many.</summary>
    public IReadOnlyList<AdHocQuestion> Take(int most)
    {
        if (!_isWaiting)
        {
            return [];
        }

        lock (_lock)
        {
            AdHocQuestion[] taken = [.. _waiting.Take(most)];
            _waiting.RemoveRange(0, taken.Length);
            _isWaiting = _waiting.Count > 0;
            return taken;
        }
    }
}
