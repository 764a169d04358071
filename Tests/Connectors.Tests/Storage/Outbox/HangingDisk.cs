using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>The real disk, which a test can stop: a write then waits until it is released, or throws an exception that no disk
/// throws.</summary>
internal sealed class HangingDisk(IOutboxFolder disk) : IOutboxFolder
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopped;
    private readonly TaskCompletionSource _hangs = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Throws instead of waiting.</summary>
    public bool Defect { get; init; }

    /// <summary>Completes when something waits.</summary>
    public Task Hangs => _hangs.Task;

    public void Hang() => _isStopped = true;

    public void Release()
    {
        _isStopped = false;
        _released.TrySetResult();
    }

    public IOutboxDatabase Open() => disk.Open();

    public string SetAside(DateTimeOffset now, string label) => disk.SetAside(now, label);

    public RescuedEvents Rescue(string? path) => disk.Rescue(path);

    public void ReleaseReserve() => disk.ReleaseReserve();

    // Called after each good write, and thus on the outbox's own thread.
    public void HoldReserve()
    {
        if (!_isStopped)
        {
            return;
        }

        _hangs.TrySetResult();
        if (Defect)
        {
            throw new InvalidOperationException("No disk throws this.");
        }

        _released.Task.Wait();
    }
}
