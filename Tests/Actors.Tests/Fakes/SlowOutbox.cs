using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>An outbox whose disk takes nothing before <see cref="Open"/>, at the latest at its end.</summary>
internal sealed class SlowOutbox(TimeProvider time) : IEventOutbox
{
    private readonly TaskCompletionSource _disk = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly MemoryOutbox _outbox = new(time);

    public OutboxStats Stats => _outbox.Stats;

    public async Task<StoreOutcome> StoreAsync(OutboxEvent happened)
    {
        await _disk.Task;
        return await _outbox.StoreAsync(happened);
    }

    public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics) => _outbox.OldestAsync(exceptTopics);

    public Task RemoveAsync(string id) => _outbox.RemoveAsync(id);

    public void Open() => _disk.TrySetResult();

    public ValueTask DisposeAsync()
    {
        Open();
        return _outbox.DisposeAsync();
    }
}
