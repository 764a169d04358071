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

    /// <summary>The oldest question; null when none waits.</summary>
    public AdHocQuestion? Oldest
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count == 0 ? null : _waiting[0];
            }
        }
    }

    /// <summary>Takes the oldest questions about one part of the frame.</summary>
    /// <param name="region">The part; null for the whole frame.</param>
    /// <param name="most">At most this many.</param>
    public IReadOnlyList<AdHocQuestion> Take(FrameRegion? region, int most) =>
        Take(_waiting.Where(question => question.Region == region).Take(most));

    /// <summary>Takes all questions.</summary>
    public IReadOnlyList<AdHocQuestion> TakeAll() => Take(_waiting);

    private AdHocQuestion[] Take(IEnumerable<AdHocQuestion> questions)
    {
        if (!_isWaiting)
        {
            return [];
        }

        lock (_lock)
        {
            AdHocQuestion[] taken = [.. questions];
            _waiting.RemoveAll(taken.Contains);
            _isWaiting = _waiting.Count > 0;
            return taken;
        }
    }
}
