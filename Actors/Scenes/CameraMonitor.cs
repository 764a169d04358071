using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Scenes;

/// <summary>A camera's view became another one.</summary>
/// <param name="From">Before.</param>
/// <param name="To">Now.</param>
/// <param name="HasSettled">The changed view held so long that it is the usual one now.</param>
/// <param name="Before">A small copy of the last frame that was plainly normal, and <paramref name="After"/> one of the frame
/// that decided; null when the view became normal. The receiver disposes both.</param>
/// <param name="After">See <paramref name="Before"/>.</param>
internal sealed record ViewChange(ViewState From, ViewState To, bool HasSettled, Frame? Before, Frame? After);

/// <summary>Result of checking one frame.</summary>
/// <param name="Freeze">About the connection.</param>
/// <param name="SameFor">How long the source had repeated its frames.</param>
/// <param name="View">About the view; null while it stays as it is.</param>
internal readonly record struct SceneReport(FreezeDecision Freeze, TimeSpan SameFor, ViewChange? View);

/// <summary>Watches the frames of one camera for connections that are frozen and for a view that changes. Outlives every
/// connection and the camera's actor. Thread-safe.</summary>
internal sealed class CameraMonitor
{
    /// <summary>Frames that come sooner after the last examined one are skipped: about ten per second are
    /// examined.</summary>
    public static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(0.09);

    private static readonly TimeSpan SnapshotEvery = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly CameraCounters _counters;
    private readonly TimeProvider _time;
    private readonly GrayImage _image = new();
    private readonly FreezeMonitor _freeze = new();
    private readonly ViewMonitor _view = new();
    private long? _sameFrameSeconds;
    private readonly ViewSnapshot _before = new();
    private readonly ViewSnapshot _after = new();
    private SceneSettings _settings;
    private TimeSpan? _examinedAt;
    private TimeSpan? _snapshotAt;
    private bool _isClosed;
    private volatile int _state;
    private volatile bool _isSuspended;

    public CameraMonitor(SceneSettings settings, CameraCounters counters, TimeProvider time)
    {
        _settings = settings;
        _counters = counters;
        _time = time;
        _counters.Update(camera => camera.View = ViewState.Unknown.ToText());
    }

    /// <summary>The state after the last frame.</summary>
    public ViewState State => (ViewState)_state;

    /// <summary>The camera's questions are suspended because its view is not normal.</summary>
    public bool IsSuspended => _isSuspended;

    /// <summary>Applies new settings. A view that is no longer checked is unknown.</summary>
    public void Change(SceneSettings settings)
    {
        lock (_lock)
        {
            _settings = settings;
            if (!settings.CheckView)
            {
                _view.Reset();
            }

            Post();
        }
    }

    /// <summary>A connection to the source is about to be opened.</summary>
    public void Opened()
    {
        lock (_lock)
        {
            _freeze.Opened(_settings.FrozenAfter);
        }
    }

    /// <summary>The camera is removed or replaced: frames that still come are ignored.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            _isSuspended = false;
        }
    }

    /// <summary>Examines a frame: about 1 ms, and 15 ms more at most twice per second while the view is suspicious.</summary>
    /// <param name="frame">Read only; stays the caller's.</param>
    /// <param name="isLive">Whether the source claims to show the present.</param>
    public SceneReport Examine(Frame frame, bool isLive)
    {
        var now = _time.GetElapsedTime(0, frame.CapturedTimestamp);
        lock (_lock)
        {
            if (_isClosed || now - _examinedAt < MinInterval)
            {
                return default;
            }

            _examinedAt = now;
            _image.Read(frame);
            var (state, sameFor) = isLive ? CheckFreeze(frame, now) : NotLive();
            return new SceneReport(state, sameFor, CheckView(frame, now));
        }
    }

    private (FreezeDecision State, TimeSpan SameFor) CheckFreeze(Frame frame, TimeSpan now)
    {
        var before = _freeze.SameFor;
        var state = _freeze.Take(FrameHashes.Of(frame.Pixels), _image.Blocks, now, _settings.FrozenAfter);
        CountSameFrame((long)_freeze.SameFor.TotalSeconds);
        _counters.RepeatsFor = _settings.FrozenAfter > TimeSpan.Zero && _freeze.SameFor >= _settings.FrozenAfter
            ? _freeze.SameFor
            : null;
        if (state == FreezeDecision.WasFrozen)
        {
            _counters.Update(camera => camera.FrozenConnections++);
            _counters.LastFrozen.Set(frame.CapturedTimestamp);
            return (state, before);
        }

        return (state, _freeze.SameFor);
    }

    // Only when the second changes: examining a frame allocates nothing otherwise.
    private void CountSameFrame(long? seconds)
    {
        if (seconds != _sameFrameSeconds)
        {
            _sameFrameSeconds = seconds;
            _counters.Update(camera => camera.SameFrameS = seconds);
        }
    }

    private (FreezeDecision State, TimeSpan SameFor) NotLive()
    {
        CountSameFrame(null);
        _counters.RepeatsFor = null;
        return default;
    }

    private ViewChange? CheckView(Frame frame, TimeSpan now)
    {
        if (!_settings.CheckView || !GrayImage.CanRead(frame))
        {
            return null;
        }

        var from = _view.State;
        var hasChanged = _view.Examine(_image, now, _settings.ViewSettlesAfter);
        if (_view.IsPlainlyNormal && _view.State == ViewState.Normal && !(now - _snapshotAt < SnapshotEvery))
        {
            _snapshotAt = now;
            _before.Take(frame);
        }

        if (!hasChanged)
        {
            return null;
        }

        Post();
        if (_view.State == ViewState.Normal)
        {
            return new ViewChange(from, _view.State, _view.HasSettled, null, null);
        }

        _counters.Update(camera => camera.ViewChanges++);
        _after.Take(frame);
        return new ViewChange(from, _view.State, false, _before.ToFrame(), _after.ToFrame());
    }

    private void Post()
    {
        _state = (int)_view.State;
        var view = _view.State.ToText();
        _counters.Update(camera => camera.View = view);
        _isSuspended = !_isClosed && _settings.SuspendOnViewChange && _view.State is not (ViewState.Unknown or ViewState.Normal);
    }
}
