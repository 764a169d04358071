using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Pipeline;

namespace MobileVlm.Edge.Actors.Background;

/// <summary>Runs pieces of work on the engine when no question of a camera needs it: no frame is in flight and none waits. On a device that is
/// never idle, pieces run anyway, but only for a small part of its time, however many callers there are. A question that falls due during a
/// piece waits for the rest of that piece, never for a second one. An engine that rests is not idle, and where it may work for a share of the time
/// only, pieces take only that share of their part. Thread-safe; one piece runs at a time.</summary>
/// <param name="limit">The frames in flight.</param>
/// <param name="picker">The frames that wait.</param>
/// <param name="duty">The rests of the engine.</param>
/// <param name="time">The clock.</param>
internal sealed class LowPriorityTurns(InFlightLimit limit, FramePicker picker, EngineDuty duty, TimeProvider time)
{
    /// <summary>Whether the engine is idle is checked this often.</summary>
    public static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>The shortest wait on a device that is never idle.</summary>
    public static readonly TimeSpan LeastWait = TimeSpan.FromSeconds(1);

    /// <summary>On a device that is never idle, a piece runs after this many times the duration of the last one.</summary>
    public const int BusyFactor = 4;

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private TimeSpan _lastPiece;

    /// <summary>Runs a piece of work in its turn.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled before its turn.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> piece, CancellationToken cancel)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_lock)
        {
            (before, _last) = (_last, turn.Task);
        }

        try
        {
            await before.WaitAsync(cancel);
            await WaitAsync(cancel);
            var started = time.GetTimestamp();
            try
            {
                return await piece();
            }
            finally
            {
                _lastPiece = time.GetElapsedTime(started);
            }
        }
        finally
        {
            // Who gave up before its turn leaves it to the next, once it comes.
            _ = before.ContinueWith(_ => turn.SetResult(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task WaitAsync(CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        var began = time.GetTimestamp();
        var longest = (_lastPiece * BusyFactor > LeastWait ? _lastPiece * BusyFactor : LeastWait) / duty.Limit;
        while (!IsIdle() && time.GetElapsedTime(began) < longest)
        {
            await Task.Delay(CheckEvery, time, cancel);
        }
    }

    // In this order: a frame that waits no longer is being selected or in flight.
    private bool IsIdle() => !duty.IsResting && !picker.HasFrame && !limit.IsSelecting && limit.IsEmpty;
}
