using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class RequestQueueTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Requests_that_somebody_watches_go_before_others_and_each_kind_in_the_order_of_arrival()
    {
        var queue = new RequestQueue(10, TimeSpan.FromSeconds(55), _time);
        var first = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        var order = new List<string>();
        Task[] waiting =
        [
            RunAsync("title", RequestPriority.Background),
            RunAsync("question", RequestPriority.Interactive),
            RunAsync("tags", RequestPriority.Background),
            RunAsync("picture", RequestPriority.Interactive),
        ];

        first.Dispose();
        await Task.WhenAll(waiting);

        Assert.Equal(["question", "picture", "title", "tags"], order);

        async Task RunAsync(string name, RequestPriority priority)
        {
            using var turn = await queue.EnterAsync(priority, CancellationToken.None);
            order.Add(name);
        }
    }

    [Fact]
    public async Task One_more_than_may_wait_is_refused_at_once()
    {
        var queue = new RequestQueue(1, TimeSpan.FromSeconds(55), _time);
        using var turn = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        var waiting = queue.EnterAsync(RequestPriority.Background, CancellationToken.None);

        var refused = await Assert.ThrowsAsync<HttpFailureException>(() => queue.EnterAsync(RequestPriority.Interactive, CancellationToken.None));

        Assert.Equal((503, "busy"), (refused.Status, refused.Code));
        Assert.NotNull(refused.RetryAfterSeconds);
        turn.Dispose();
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_wait_ends_at_its_limit_and_frees_its_place()
    {
        var queue = new RequestQueue(10, TimeSpan.FromSeconds(55), _time);
        using var turn = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        var waiting = queue.EnterAsync(RequestPriority.Interactive, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(56));

        var refused = await Assert.ThrowsAsync<HttpFailureException>(() => waiting);
        Assert.InRange(int.Parse(refused.RetryAfterSeconds!, System.Globalization.CultureInfo.InvariantCulture), 1, 120);
        Assert.Equal(0, queue.WaitingCount);
    }

    [Fact]
    public async Task A_client_that_leaves_gives_its_place_up()
    {
        var queue = new RequestQueue(10, TimeSpan.FromSeconds(55), _time);
        var turn = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        using var leaves = new CancellationTokenSource();
        var gone = queue.EnterAsync(RequestPriority.Interactive, leaves.Token);
        var stays = queue.EnterAsync(RequestPriority.Background, CancellationToken.None);

        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        turn.Dispose();

        (await stays).Dispose();
        using var next = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
    }

    [Fact]
    public async Task A_turn_that_is_given_back_twice_counts_once()
    {
        var queue = new RequestQueue(10, TimeSpan.FromSeconds(55), _time);
        var turn = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        turn.Dispose();
        using var second = await queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        turn.Dispose();

        var third = queue.EnterAsync(RequestPriority.Background, CancellationToken.None);
        Assert.False(third.IsCompleted);
        second.Dispose();
        (await third).Dispose();
    }
}
