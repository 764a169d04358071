namespace MobileVlm.Edge.Actors.States;

/// <summary>Notices when the pictures that a taught question is asked about are no longer like those from which it was taught: another light, a
/// moved camera. Compares a picture every few minutes, and says so when most of the last ones are unlike all labelled ones. Uses only the moments
/// that it is given. One caller at a time.</summary>
/// <remarks>Pictures of the same minute are nearly the same one, so that many of them would count as evidence that is not there: a van that parks
/// for half an hour is not drift.</remarks>
internal sealed class DriftMonitor
{
    /// <summary>Pictures are at least so far apart.</summary>
    public static readonly TimeSpan SampleEvery = TimeSpan.FromMinutes(4);

    /// <summary>Pictures that count: those of four hours.</summary>
    public const int Window = 60;

    /// <summary>Share of a whole window above which the pictures have drifted.</summary>
    public const double Limit = 0.5;

    private readonly Queue<bool> _samples = new(Window);
    private TimeSpan? _sampledAt;
    private int _unlike;

    /// <summary>Whether most of the pictures are unlike the labelled ones. Ends when half as many are.</summary>
    public bool HasDrifted { get; private set; }

    /// <summary>Pictures that were compared, at most <see cref="Window"/>.</summary>
    public int Samples => _samples.Count;

    /// <summary>Share of them that is unlike; 0 before the first.</summary>
    public double Share => _samples.Count == 0 ? 0 : (double)_unlike / _samples.Count;

    /// <summary>Adds an answer. Counts it when the last one that counted is old enough.</summary>
    /// <param name="isUnlike">Whether its picture is unlike the labelled ones.</param>
    /// <param name="at">When the picture was taken, on a clock that never jumps.</param>
    /// <returns>Whether <see cref="HasDrifted"/> changed.</returns>
    public bool Add(bool isUnlike, TimeSpan at)
    {
        if (_sampledAt is { } last && at - last < SampleEvery)
        {
            return false;
        }

        _sampledAt = at;
        if (_samples.Count == Window && _samples.Dequeue())
        {
            _unlike--;
        }

        _samples.Enqueue(isUnlike);
        _unlike += isUnlike ? 1 : 0;

        // Of a whole window also before it is full, so that the first pictures after a start decide nothing.
        var before = HasDrifted;
        HasDrifted = _unlike > Limit * Window * (HasDrifted ? 0.5 : 1);
        return HasDrifted != before;
    }
}
