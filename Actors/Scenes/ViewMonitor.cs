namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>Compares each frame of one camera with the view that is usual for it and keeps the view's state. Three frames
/// in a row that agree make a state. Decides by the moments that it is given. One caller at a time.</summary>
internal sealed class ViewMonitor
{
    /// <summary>Frames in a row that make a state.</summary>
    public const int FramesToDecide = 3;

    private const double WellKept = 0.6;
    private const double HalfKept = 0.35;
    private const double HasStructure = 0.5;

    // Mean difference of the 192 blocks, in levels of 0..255: two frames of a camera or cover that moves are not alike.
    private const double MaxUnrest = 12;

    private static readonly TimeSpan LearnEvery = TimeSpan.FromSeconds(1);

    /// <summary>A change that takes longer than this to hide the view is fog, snow or dusk.</summary>
    private static readonly TimeSpan Sudden = TimeSpan.FromSeconds(30);

    private readonly ViewFeatures _features = new();
    private readonly ViewClassifier _classifier = new();
    private readonly float[] _blocksBefore = new float[GrayImage.BlockCount];
    private readonly List<ViewEvidence> _run = [];
    private ViewReference _usual = new();
    private ViewReference _next = new();
    private TimeSpan? _learntAt;
    private TimeSpan? _nextLearntAt;
    private TimeSpan _nextSince;
    private int _nextMissed;
    private TimeSpan _structureAt;
    private int _framesSinceStructure;
    private double _foundBefore = 1;

    /// <summary>The state after the last frame.</summary>
    public ViewState State { get; private set; } = ViewState.Unknown;

    /// <summary>The last frame shows the usual view without doubt.</summary>
    public bool IsPlainlyNormal { get; private set; }

    /// <summary>The usual view was taken over from a view that had become steady.</summary>
    public bool HasSettled { get; private set; }

    /// <summary>Forgets the usual view; the next frame begins a new one.</summary>
    public void Reset()
    {
        _usual.Clear();
        _next.Clear();
        _run.Clear();
        (_learntAt, _nextLearntAt) = (null, null);
        (State, IsPlainlyNormal, HasSettled) = (ViewState.Unknown, false, false);
    }

    /// <summary>Adds a frame.</summary>
    /// <param name="image">Its luminance.</param>
    /// <param name="now">A clock that never jumps.</param>
    /// <param name="settlesAfter">A changed view that holds this long becomes the usual one; zero never.</param>
    /// <returns>True when <see cref="State"/> became another one.</returns>
    public bool Examine(GrayImage image, TimeSpan now, TimeSpan settlesAfter)
    {
        _features.Read(image);
        var before = State;
        HasSettled = false;
        Weigh(Find(now), now);
        if (State == ViewState.Changed)
        {
            Settle(now, settlesAfter);
        }

        return State != before;
    }

    private ViewEvidence Find(TimeSpan now)
    {
        IsPlainlyNormal = false;
        if (ViewClassifier.IsDark(_features))
        {
            _framesSinceStructure++;
            return ViewEvidence.Dark;
        }

        if (ViewClassifier.IsOverexposed(_features))
        {
            return ViewEvidence.None;
        }

        if (!_usual.IsUsable)
        {
            // A view without structure can only be distinguished from darkness; the first one that has structure replaces it.
            _usual.Clear();
            Learn(_usual, ref _learntAt, now, forget: true, always: true);
            (_structureAt, _framesSinceStructure) = (now, 0);
            IsPlainlyNormal = _usual.IsUsable;
            return ViewEvidence.Normal;
        }

        var match = _usual.Compare(_features);
        _framesSinceStructure++;
        var isSudden = _framesSinceStructure <= FramesToDecide || now - _structureAt <= Sudden;
        if (match.Kept >= HasStructure)
        {
            (_structureAt, _framesSinceStructure) = (now, 0);
        }

        var evidence = _classifier.Classify(
            _features,
            _usual,
            match,
            _foundBefore,
            isSudden || State == ViewState.Covered,
            State == ViewState.Changed,
            now);
        return evidence == ViewEvidence.Normal ? Normal(match, now) : evidence;
    }

    /// <summary>Returning to normal needs stronger evidence than leaving it, so that the state does not flap.</summary>
    private ViewEvidence Normal(ViewMatch match, TimeSpan now)
    {
        IsPlainlyNormal = match.Kept >= WellKept;
        if (State == ViewState.Changed && match.Kept < WellKept)
        {
            return ViewEvidence.Changed;
        }

        if (State is ViewState.Covered or ViewState.Dark or ViewState.Blurred && match.Kept < HalfKept)
        {
            return match.EdgeRatio >= HalfKept ? ViewEvidence.Changed : ViewEvidence.None;
        }

        if (State is ViewState.Normal or ViewState.Unknown)
        {
            // What darkness or fog hides stays usual.
            Learn(_usual, ref _learntAt, now, forget: match.EdgeRatio >= HasStructure, always: false);
            _foundBefore = match.Found;
        }

        return ViewEvidence.Normal;
    }

    private void Weigh(ViewEvidence evidence, TimeSpan now)
    {
        if (evidence == ViewEvidence.None)
        {
            return;
        }

        var state = ToState(evidence);
        if (state == State)
        {
            _run.Clear();
            KeepBlocks();
            return;
        }

        // Towards normal, only normal frames count; away from it, any other evidence counts and the state is taken from the
        // run.
        if (_run.Count > 0 && (_run[^1] == ViewEvidence.Normal) != (evidence == ViewEvidence.Normal))
        {
            _run.Clear();
        }

        if (evidence is ViewEvidence.Changed or ViewEvidence.Covered && _run.Count > 0 && Unrest() > MaxUnrest)
        {
            _run.Clear();
        }

        KeepBlocks();
        _run.Add(evidence);
        var isFirst = State == ViewState.Unknown && evidence == ViewEvidence.Normal;
        if (isFirst || _run.Count >= FramesToDecide)
        {
            Become(ToState(MostFrequent()), now);
        }
    }

    private void Become(ViewState state, TimeSpan now)
    {
        _run.Clear();
        State = state;
        if (state == ViewState.Changed)
        {
            StartNext(now);
        }
    }

    /// <summary>Watches whether a changed view stays as it is.</summary>
    private void Settle(TimeSpan now, TimeSpan settlesAfter)
    {
        if (ViewClassifier.IsDark(_features) || ViewClassifier.IsOverexposed(_features))
        {
            return;
        }

        if (_next.IsUsable && _next.Compare(_features).Kept < HasStructure)
        {
            if (++_nextMissed >= FramesToDecide)
            {
                StartNext(now);
            }

            return;
        }

        _nextMissed = 0;
        Learn(_next, ref _nextLearntAt, now, forget: true, always: false);
        if (settlesAfter > TimeSpan.Zero && now - _nextSince >= settlesAfter && _next.IsUsable)
        {
            (_usual, _next) = (_next, _usual);
            (_learntAt, _foundBefore) = (now, 1);
            (_structureAt, _framesSinceStructure) = (now, 0);
            _run.Clear();
            (State, HasSettled) = (ViewState.Normal, true);
        }
    }

    private void StartNext(TimeSpan now)
    {
        _next.Clear();
        (_nextLearntAt, _nextSince, _nextMissed) = (null, now, 0);
        Learn(_next, ref _nextLearntAt, now, forget: true, always: true);
    }

    private void Learn(ViewReference view, ref TimeSpan? learntAt, TimeSpan now, bool forget, bool always)
    {
        var elapsed = now - (learntAt ?? now);
        if (always || learntAt is null || elapsed >= LearnEvery)
        {
            view.Learn(_features, elapsed, forget);
            learntAt = now;
        }
    }

    private double Unrest()
    {
        var sum = 0.0;
        for (var i = 0; i < _blocksBefore.Length; i++)
        {
            sum += Math.Abs(_blocksBefore[i] - _features.Image.Blocks[i]);
        }

        return sum / _blocksBefore.Length;
    }

    private void KeepBlocks() => _features.Image.Blocks.CopyTo(_blocksBefore, 0);

    /// <summary>The most frequent evidence of the run; the latest of those that are equally frequent.</summary>
    private ViewEvidence MostFrequent() =>
        _run.AsEnumerable().Reverse().GroupBy(it => it).MaxBy(group => group.Count())!.Key;

    private static ViewState ToState(ViewEvidence evidence) => evidence switch
    {
        ViewEvidence.Normal => ViewState.Normal,
        ViewEvidence.Changed => ViewState.Changed,
        ViewEvidence.Covered => ViewState.Covered,
        ViewEvidence.Dark => ViewState.Dark,
        ViewEvidence.Blurred => ViewState.Blurred,
        _ => throw new ArgumentOutOfRangeException(nameof(evidence), evidence, "This evidence makes no state."),
    };
}
