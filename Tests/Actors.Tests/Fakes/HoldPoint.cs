namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Holds each caller until it is opened, and reports that one has arrived.</summary>
internal sealed class HoldPoint
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task.WaitAsync(Eventually.Patience);

    public void Open() => _open.TrySetResult();

    public void Pass() => PassUnlessCancelled(CancellationToken.None);

    /// <exception cref="OperationCanceledException">It was cancelled before it was opened.</exception>
    public void PassUnlessCancelled(CancellationToken cancel)
    {
        _reached.TrySetResult();
        _open.Task.Wait(cancel);
    }
}
