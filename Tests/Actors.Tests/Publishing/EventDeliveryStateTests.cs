using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class EventDeliveryStateTests : IAsyncDisposable
{
    private readonly FakeTime _time = new();
    private readonly MemoryOutbox _outbox;
    private readonly EventDeliveryState _delivery;

    public EventDeliveryStateTests()
    {
        _outbox = new MemoryOutbox(_time);
        _delivery = new EventDeliveryState(_outbox, new ClockMonitor(_time, NullLogger<ClockMonitor>.Instance), _time);
        _delivery.Connected();
    }

    public ValueTask DisposeAsync() => _outbox.DisposeAsync();

    [Fact]
    public async Task An_event_published_at_once_is_not_historical()
    {
        await HappenAsync("a");
        Assert.Equal("a", _delivery.Ready!.Id);
        Assert.False(_delivery.Ready.Historical);
        Assert.False(_delivery.IsBusy);
    }

    [Fact]
    public async Task An_event_stays_in_the_outbox_until_it_is_acknowledged_and_then_the_next_comes()
    {
        await HappenAsync("a");
        await HappenAsync("b");
        Assert.Equal(2, _outbox.Stats.Rows);
        Assert.Equal("a", _delivery.Ready!.Id);
        await TakeAsync(_delivery.AcknowledgedAsync());
        Assert.Equal("b", _delivery.Ready!.Id);
        Assert.Equal(1, _outbox.Stats.Rows);
    }

    [Fact]
    public async Task An_event_carries_how_many_before_it_were_given_up()
    {
        for (var number = 0; number < MemoryOutbox.DefaultLimit + 4; number++)
        {
            await KeepAsync($"{number}");
        }

        await FetchAsync();
        Assert.Equal(("4", 4L), (_delivery.Ready!.Id, _delivery.Ready.LostBefore));
        await TakeAsync(_delivery.AcknowledgedAsync());
        Assert.Equal(("5", 0L), (_delivery.Ready!.Id, _delivery.Ready.LostBefore));
    }

    [Fact]
    public async Task What_happened_before_the_broker_was_back_is_late()
    {
        await KeepAsync("a");
        _time.Advance(TimeSpan.FromSeconds(1));
        _delivery.Connected();
        await FetchAsync();
        Assert.True(_delivery.Ready!.Historical);
    }

    [Fact]
    public async Task What_was_not_acknowledged_is_first_again_under_its_id_and_historical()
    {
        await HappenAsync("a");
        await HappenAsync("b");
        _delivery.MarkUnacknowledged();
        _delivery.Connected();
        Assert.Equal("a", _delivery.Ready!.Id);
        Assert.True(_delivery.Ready.Historical);
    }

    [Fact]
    public async Task What_had_to_wait_for_long_is_late_although_the_broker_was_there()
    {
        _time.Advance(TimeSpan.FromMinutes(5));
        await HappenAsync("a");
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(_delivery.Ready!.Historical);
    }

    [Fact]
    public async Task A_refused_topic_waits_and_the_others_continue()
    {
        await HappenAsync("a", "gate");
        await HappenAsync("b", "gate");
        await HappenAsync("c", "yard");
        _delivery.Refused();
        await FetchAsync();
        Assert.Equal("c", _delivery.Ready!.Id);
        await TakeAsync(_delivery.AcknowledgedAsync());
        Assert.Null(_delivery.Ready);

        _delivery.RetryRefused();
        await FetchAsync();
        Assert.Equal("a", _delivery.Ready!.Id);
    }

    [Fact]
    public async Task An_event_of_another_version_is_known_as_such()
    {
        await _outbox.StoreAsync(new OutboxEvent("x", "gate", "{\"w\":1}"u8.ToArray()));
        await FetchAsync();
        Assert.True(_delivery.IsUnpublishable);
        Assert.Null(_delivery.Ready);
        await TakeAsync(_delivery.AcknowledgedAsync());
        Assert.Equal(0, _outbox.Stats.Rows);
    }

    [Fact]
    public async Task An_event_that_comes_during_a_fetch_is_not_missed()
    {
        // Fetched while it was empty; the answer arrives after the event was stored.
        var fetching = _delivery.FetchAsync()!;
        await KeepAsync("a");
        Assert.Null(_delivery.FetchAsync());
        await TakeAsync(fetching);
        Assert.Equal("a", _delivery.Ready!.Id);
    }

    private async Task HappenAsync(string id, string topic = "gate")
    {
        await KeepAsync(id, topic);
        await FetchAsync();
    }

    private async Task KeepAsync(string id, string topic = "gate") => _delivery.Complete(await _delivery.StoreAsync(Event(id), topic));

    private async Task FetchAsync()
    {
        if (_delivery.FetchAsync() is { } fetch)
        {
            await TakeAsync(fetch);
        }
    }

    // As the actor does: what comes back is taken, and fetching follows where it is due.
    private async Task TakeAsync(Task<OutboxCompleted> work)
    {
        if (_delivery.Complete(await work))
        {
            await FetchAsync();
        }
    }

    private static EventPayload Event(string id) => EventPayloads.Of(id);
}
