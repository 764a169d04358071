namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>What happened, in order, and a way to wait until it did.</summary>
internal sealed class Recording<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _items = [];
    private readonly List<(Func<IReadOnlyList<T>, bool> Condition, TaskCompletionSource Seen)> _waiting = [];

    public IReadOnlyList<T> Items
    {
        get
        {
            lock (_lock)
            {
                return [.. _items];
            }
        }
    }

    public void Add(T item)
    {
        lock (_lock)
        {
            _items.Add(item);
            foreach (var waiter in _waiting.Where(waiter => waiter.Condition(_items)))
            {
                waiter.Seen.TrySetResult();
            }
        }
    }

    public async Task<IReadOnlyList<T>> UntilAsync(Func<IReadOnlyList<T>, bool> condition, string what)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (condition(_items))
            {
                return [.. _items];
            }

            _waiting.Add((condition, seen));
        }

        try
        {
            await seen.Task.WaitAsync(Eventually.Patience);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"This did not happen in time: {what}. So far: {string.Join(" | ", Items)}");
        }

        return Items;
    }

    public Task<IReadOnlyList<T>> UntilCountAsync(int count) =>
        UntilAsync(items => items.Count >= count, $"{count} items");
}
