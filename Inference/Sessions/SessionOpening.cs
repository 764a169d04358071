namespace MobileVlm.Edge.Inference.Sessions;

/// <summary>Opens sessions on a thread of its own while the caller opens or uses others, because opening is mostly packing
/// weights, which takes one processor. On devices other than the CPU they are opened when they are taken, one after the
/// other, because each needs most of the device's memory while it opens. One caller at a time; what is not taken is disposed with this.</summary>
/// <typeparam name="T">What owns the sessions.</typeparam>
public sealed class SessionOpening<T> : IDisposable
    where T : class, IDisposable
{
    private readonly List<SessionPlacement> _placements = [];
    private readonly Action<SessionPlacement>? _onSessionOpened;
    private readonly Lazy<Task<T>> _opened;
    private bool _isTaken;

    /// <param name="settings">Settings of the sessions. Their <see cref="ExecutionSettings.OnSessionOpened"/> is called by
    /// <see cref="Take"/>, so that the order of its calls does not depend on which session is open first.</param>
    /// <param name="open">Opens them with the given settings.</param>
    public SessionOpening(ExecutionSettings settings, Func<ExecutionSettings, T> open)
    {
        _onSessionOpened = settings.OnSessionOpened;
        var deferred = settings with { OnSessionOpened = _onSessionOpened is null ? null : _placements.Add };
        var isConcurrent = settings.Target.Kind == TargetKind.Cpu;
        _opened = new Lazy<Task<T>>(() => isConcurrent
            ? Task.Factory.StartNew(() => open(deferred), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            : Opened(open, deferred));
        if (isConcurrent)
        {
            _ = _opened.Value;
        }
    }

    /// <summary>Waits until they are open and hands them over, once.</summary>
    /// <exception cref="Exception">What opening them threw.</exception>
    public T Take()
    {
        ObjectDisposedException.ThrowIf(_isTaken, this);
        var opened = _opened.Value.GetAwaiter().GetResult();
        _isTaken = true;
        foreach (var placement in _placements)
        {
            _onSessionOpened?.Invoke(placement);
        }

        return opened;
    }

    /// <summary>Waits until they are open, and closes them unless they were taken.</summary>
    public void Dispose()
    {
        if (_isTaken || !_opened.IsValueCreated)
        {
            return;
        }

        _isTaken = true;
        try
        {
            _opened.Value.GetAwaiter().GetResult().Dispose();
        }
        catch (Exception) when (_opened.Value.IsFaulted)
        {
            // The caller has another exception to report, and nothing is open.
            return;
        }
    }

    private static Task<T> Opened(Func<ExecutionSettings, T> open, ExecutionSettings settings)
    {
        try
        {
            return Task.FromResult(open(settings));
        }
        catch (Exception fault)
        {
            return Task.FromException<T>(fault);
        }
    }
}
