namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>The last seconds of one camera's video as it was received, in memory: segments that each begin with a key frame. One
/// writer, any number of readers. Thread-safe.</summary>
/// <remarks>Bounded by <see cref="ClipSettings.RingLength"/> and <see cref="ClipSettings.MaxRingBytes"/>: the oldest segments go first.</remarks>
public sealed class ClipRing
{
    private const string NoneForAWhile = "its camera has sent no video for a while";

    private static readonly TimeSpan DecodedWithin = TimeSpan.FromSeconds(1);

    private readonly ClipSettings _settings;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly LinkedList<ClipSegment> _segments = [];
    private string _missing = "its decoder has sent no video for them yet";
    private long _bytes;
    private int _attempt;
    private bool _reported;

    internal ClipRing(ClipSettings settings, TimeProvider time) => (_settings, _time) = (settings, time);

    /// <summary>Bytes of all segments.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Why there is no video; null while there is some.</summary>
    public string? MissingReason
    {
        get
        {
            lock (_lock)
            {
                Trim();
                return _segments.Count > 0 ? null : _missing;
            }
        }
    }

    /// <summary>Begins to record a stream whose time has nothing to do with those before it.</summary>
    /// <returns>Receives its bytes, on one thread at a time.</returns>
    internal TransportStreamWriter BeginStream() => new(this, Interlocked.Increment(ref _attempt));

    /// <summary>Says why the current attempt delivers no video.</summary>
    internal void SetMissing(string reason)
    {
        lock (_lock)
        {
            _missing = reason;
        }
    }

    /// <summary>Adds a segment with the first packet of its key frame.</summary>
    internal void Begin(ClipSegment segment, ReadOnlySpan<byte> packet)
    {
        lock (_lock)
        {
            _missing = NoneForAWhile;
            _segments.Last?.Value.Seal();
            segment.Append(packet, _time.GetTimestamp());
            _segments.AddLast(segment);
            _bytes += segment.Length;
            Trim();
        }
    }

    /// <summary>Adds the bytes of packets to the newest segment, which is this one.</summary>
    /// <returns>False when the segment was removed for its size, so that the stream has to wait for the next key frame.</returns>
    internal bool Append(ClipSegment segment, ReadOnlySpan<byte> packets, bool beginsFrame)
    {
        lock (_lock)
        {
            if (_segments.Last?.Value != segment)
            {
                return false;
            }

            segment.Append(packets, beginsFrame ? _time.GetTimestamp() : null);
            _bytes += packets.Length;
            Trim();
            return _segments.Last?.Value == segment;
        }
    }

    /// <summary>The video of a time: from the last key frame before it, or from the oldest one that is stored. Of several streams, it is the
    /// one that was running at <paramref name="at"/>, or began soonest after that.</summary>
    /// <param name="from">Beginning, a timestamp of the clock.</param>
    /// <param name="at">The moment that it is about.</param>
    /// <param name="to">End.</param>
    /// <returns>Null when nothing of that time is stored.</returns>
    internal CutClip? Cut(long from, long at, long to)
    {
        lock (_lock)
        {
            if (FindShown(from, at, to) is not { } shown)
            {
                return null;
            }

            var stream = _segments.Where(segment => segment.Attempt == shown.Attempt && segment.Began <= to).ToList();
            var first = Math.Max(0, stream.FindLastIndex(segment => segment.Began <= from));
            return new CutClip(shown.Codec, [shown.Header, .. stream[first..].Select(segment => segment.UpTo(to))]);
        }
    }

    /// <summary>Whether this is the first time that somebody reports that there is no video; true again after there was some.</summary>
    internal bool IsFirstReport(bool isMissing)
    {
        lock (_lock)
        {
            var first = isMissing && !_reported;
            _reported = isMissing;
            return first;
        }
    }

    /// <summary>Forgets all video, for a camera that is recorded no longer.</summary>
    internal void Clear()
    {
        lock (_lock)
        {
            _segments.Clear();
            _bytes = 0;
        }
    }

    /// <summary>A segment of the stream to cut from; null where none reaches into the time.</summary>
    private ClipSegment? FindShown(long from, long at, long to)
    {
        var before = _segments.LastOrDefault(segment => segment.Began <= at);

        // A frame is decoded, and gets its time, shortly after its packets came.
        var alive = at - (long)(DecodedWithin.TotalSeconds * _time.TimestampFrequency);
        if (before is not null && _segments.Last(segment => segment.Attempt == before.Attempt).LastFrame >= alive)
        {
            return before;
        }

        return _segments.FirstOrDefault(segment => segment.Began > at && segment.Began <= to) ?? (before?.LastFrame >= from ? before : null);
    }

    private void Trim()
    {
        var oldest = _time.GetTimestamp() - (long)(_settings.RingLength.TotalSeconds * _time.TimestampFrequency);
        while (_segments.First is { } first
            && (_bytes > _settings.MaxRingBytes || (first.Next?.Value.Began ?? first.Value.LastFrame) < oldest))
        {
            _bytes -= first.Value.Length;
            _segments.RemoveFirst();
        }
    }
}

/// <summary>The rings of all cameras that are recorded. Thread-safe.</summary>
/// <param name="settings">Length and size of each ring.</param>
/// <param name="time">The clock.</param>
public sealed class ClipRings(ClipSettings settings, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ClipRing> _rings = new(StringComparer.Ordinal);

    /// <summary>The ring of a camera, which is created where there is none.</summary>
    public ClipRing Of(string camera)
    {
        lock (_lock)
        {
            return _rings.TryGetValue(camera, out var ring) ? ring : _rings[camera] = new ClipRing(settings, time);
        }
    }

    /// <summary>The ring of a camera; null where it is not recorded.</summary>
    public ClipRing? Find(string camera)
    {
        lock (_lock)
        {
            return _rings.GetValueOrDefault(camera);
        }
    }

    /// <summary>Forgets the video of all other cameras.</summary>
    /// <param name="cameras">The cameras that are recorded from now on.</param>
    public void Keep(IReadOnlyCollection<string> cameras)
    {
        lock (_lock)
        {
            foreach (var gone in _rings.Keys.Except(cameras, StringComparer.Ordinal).ToList())
            {
                _rings[gone].Clear();
                _rings.Remove(gone);
            }
        }
    }
}
