namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>Result of checking one frame of a source that claims to be live.</summary>
internal enum FreezeDecision
{
    None,

    /// <summary>The frame has been the same for too long: open the source again, once.</summary>
    OpenAgain,

    /// <summary>The new connection shows the same: the scene is still.</summary>
    StillScene,

    /// <summary>The new connection shows another frame: the old connection was frozen.</summary>
    WasFrozen,
}

/// <summary>Finds connections that repeat one frame although their source claims to be live, and distinguishes them from scenes in
/// which nothing moves. Decides by the moments that it is given. One caller at a time.</summary>
/// <remarks>A new connection begins with a key frame, which a lossy encoder renders slightly differently from the last
/// frame of the old connection. So the frames are compared in two ways: bit by bit with all that the old connection
/// repeated, and by the brightness of 192 blocks. What is different in the blocks is another frame. What is alike in the
/// blocks but never repeats itself comes from a live sensor in front of a still scene, which the old connection no longer
/// showed.</remarks>
internal sealed class FreezeMonitor
{
    /// <summary>Least time between finding a still scene and opening the source again.</summary>
    public static readonly TimeSpan NextTryAfter = TimeSpan.FromHours(1);

    /// <summary>How long a new connection is observed before it counts as a still scene.</summary>
    public static readonly TimeSpan LongestWatch = TimeSpan.FromSeconds(10);

    // Block means in levels of 0..255: coding errors of one frame stay below, a person in a block does not.
    private const float MaxBlockDifference = 8;
    private const float MaxMeanDifference = 2;

    /// <summary>Frames of a new connection before anything is decided. The first may be damaged.</summary>
    private const int MinFrames = 3;

    /// <summary>Number of new frames in a row that show a moving scene, regardless of earlier results.</summary>
    private const int MovingAfter = 30;

    private readonly FrameHashes _hashes = new();

    // What the connection has shown since the last new frame: at most as many as the hashes that are known.
    private readonly HashSet<ulong> _repeated = [];
    private readonly float[] _blocks = new float[GrayImage.BlockCount];
    private TimeSpan? _newAt;
    private TimeSpan _lastAt;
    private TimeSpan? _sameSince;
    private TimeSpan? _notBefore;
    private int _newInARow;
    private bool _isWaiting;
    private bool _isWatching;
    private TimeSpan _observedSince;
    private int _observed;
    private int _otherInARow;

    /// <summary>How long no new frame came, at the time of the last frame.</summary>
    public TimeSpan SameFor => _sameSince is { } since ? _lastAt - since : TimeSpan.Zero;

    /// <summary>A connection was opened: the source's own doing or <see cref="FreezeDecision.OpenAgain"/>.</summary>
    /// <param name="frozenAfter">As configured; zero is off.</param>
    public void Opened(TimeSpan frozenAfter)
    {
        // A connection that was lost after a long time without a new frame serves the same purpose.
        _isWatching = _isWaiting || (frozenAfter > TimeSpan.Zero && SameFor >= frozenAfter);
        (_isWaiting, _observed, _otherInARow) = (false, 0, 0);
    }

    /// <summary>Adds a frame.</summary>
    /// <param name="hash">Of all its pixels.</param>
    /// <param name="blocks">Mean brightness of its blocks.</param>
    /// <param name="now">A clock that never jumps.</param>
    /// <param name="frozenAfter">As configured; zero is off.</param>
    public FreezeDecision Take(ulong hash, ReadOnlySpan<float> blocks, TimeSpan now, TimeSpan frozenAfter)
    {
        _lastAt = now;
        var isNew = _hashes.Add(hash);
        if (_isWatching)
        {
            return Watch(hash, blocks, now, frozenAfter);
        }

        if (isNew)
        {
            _repeated.Clear();
        }

        _repeated.Add(hash);

        if (isNew)
        {
            _newInARow++;
            (_newAt, _sameSince) = (now, now);
            blocks.CopyTo(_blocks);
            if (_newInARow >= MovingAfter)
            {
                _notBefore = null;
            }

            return FreezeDecision.None;
        }

        _newInARow = 0;
        if (frozenAfter == TimeSpan.Zero || _isWaiting || SameFor < frozenAfter || now < _notBefore)
        {
            return FreezeDecision.None;
        }

        _isWaiting = true;
        return FreezeDecision.OpenAgain;
    }

    private FreezeDecision Watch(ulong hash, ReadOnlySpan<float> blocks, TimeSpan now, TimeSpan frozenAfter)
    {
        if (_observed++ == 0)
        {
            (_observedSince, _newAt) = (now, null);
        }

        var isNew = !_repeated.Contains(hash);
        var isOther = isNew && !IsAlike(blocks);
        _newAt = isNew ? now : _newAt;
        _otherInARow = isOther ? _otherInARow + 1 : 0;
        if (!isOther)
        {
            _repeated.Add(hash);
        }

        if (_otherInARow >= MinFrames - 1)
        {
            return Decide(FreezeDecision.WasFrozen, blocks, now);
        }

        var observeFor = frozenAfter > TimeSpan.Zero && frozenAfter < LongestWatch ? frozenAfter : LongestWatch;
        if (_observed < MinFrames || now - _observedSince < observeFor)
        {
            return FreezeDecision.None;
        }

        // The frames of a still scene settle within that time; those of a sensor never do.
        var isStill = _newAt is not { } lastNew || now - lastNew > observeFor / 2;
        return Decide(isStill ? FreezeDecision.StillScene : FreezeDecision.WasFrozen, blocks, now);
    }

    private FreezeDecision Decide(FreezeDecision state, ReadOnlySpan<float> blocks, TimeSpan now)
    {
        _isWatching = false;
        _newInARow = 0;
        _repeated.Clear();
        blocks.CopyTo(_blocks);
        if (state == FreezeDecision.WasFrozen)
        {
            (_sameSince, _notBefore) = (now, null);
        }
        else
        {
            _notBefore = now + NextTryAfter;
        }

        return state;
    }

    private bool IsAlike(ReadOnlySpan<float> blocks)
    {
        var (most, sum) = (0f, 0f);
        for (var i = 0; i < blocks.Length; i++)
        {
            var difference = Math.Abs(blocks[i] - _blocks[i]);
            most = Math.Max(most, difference);
            sum += difference;
        }

        return most <= MaxBlockDifference && sum / blocks.Length <= MaxMeanDifference;
    }
}
