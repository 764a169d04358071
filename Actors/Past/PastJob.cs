using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Past;

/// <summary>Work on the past that takes a while, runs once and has partial results. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal abstract class PastJob(TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _cancel = new();
    private readonly long _startedAt = time.GetTimestamp();
    private readonly Lock _lock = new();
    private PastJobState _state;
    private string? _reason;
    private TimeSpan? _took;
    private int _done;

    /// <summary>Cannot be guessed and is never used again.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _state == PastJobState.Running;
            }
        }
    }

    /// <summary>How far it is.</summary>
    public PastProgress Progress
    {
        get
        {
            lock (_lock)
            {
                var elapsed = _took ?? time.GetElapsedTime(_startedAt);
                var remaining = _took is null && _done > 0 ? elapsed / _done * (Total - _done) : (TimeSpan?)null;
                return new PastProgress(Id, _state, _reason, Total, _done, elapsed, remaining);
            }
        }
    }

    /// <summary>Steps that it takes.</summary>
    protected abstract int Total { get; }

    /// <summary>Cancels it, if it runs; what is known by then stays.</summary>
    public void Cancel()
    {
        lock (_lock)
        {
            if (_state == PastJobState.Running)
            {
                _cancel.Cancel();
            }
        }
    }

    /// <summary>It has ended. What is known stays.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _cancel.Dispose();
        }
    }

    /// <summary>Runs it to its end. Called once; throws nothing.</summary>
    /// <returns>What nobody expected; null otherwise.</returns>
    public async Task<Exception?> RunAsync()
    {
        try
        {
            await WorkAsync(_cancel.Token);
            End(PastJobState.Done, null);
        }
        catch (Exception) when (_cancel.IsCancellationRequested)
        {
            // Whatever a stop or a cancellation breaks off.
            End(PastJobState.Cancelled, null);
        }
        catch (HistoryUnavailableException fault)
        {
            End(PastJobState.Failed, $"the history cannot be used now: {fault.Message}");
        }
        catch (EngineUnavailableException fault)
        {
            End(PastJobState.Failed, $"the model cannot be used: {fault.Message}");
        }
        catch (Exception fault)
        {
            End(PastJobState.Failed, $"the model failed at this: {fault.Message}");
            return fault;
        }

        return null;
    }

    /// <summary>A step is done.</summary>
    protected void Step() => Interlocked.Increment(ref _done);

    /// <summary>Does the work.</summary>
    /// <param name="cancel">Ends it.</param>
    protected abstract Task WorkAsync(CancellationToken cancel);

    private void End(PastJobState state, string? reason)
    {
        lock (_lock)
        {
            (_state, _reason, _took) = (state, reason, time.GetElapsedTime(_startedAt));
        }
    }
}
