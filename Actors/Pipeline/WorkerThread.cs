using System.Collections.Concurrent;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>One thread of the operating system on which blocking work runs, piece after piece. Native sessions live
/// here, so that they never starve the actors, and a session is never disposed under a running call.</summary>
internal sealed class WorkerThread
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ending;

    /// <param name="name">At most 15 characters arrive in the operating system's list of threads.</param>
    public WorkerThread(string name) =>
        // In the background: a native call that hangs must not keep a stopped process alive.
        new Thread(Serve) { Name = name, IsBackground = true }.Start();

    /// <summary>Runs behind what was given before; continuations run elsewhere.</summary>
    /// <exception cref="InvalidOperationException">The thread was ended.</exception>
    public Task<T> RunAsync<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception fault)
            {
                done.SetException(fault);
            }
        });
        return done.Task;
    }

    /// <summary>Takes no more work; done when the thread has finished what it had. May be called again.</summary>
    public Task EndAsync()
    {
        if (Interlocked.Exchange(ref _ending, 1) == 0)
        {
            _work.CompleteAdding();
        }

        return _ended.Task;
    }

    private void Serve()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }

        _work.Dispose();
        _ended.SetResult();
    }
}
