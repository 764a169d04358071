using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>Who subscribes to a topic learns how many of its events were given up.</summary>
public sealed class LostEventsTests : IAsyncDisposable
{
    private readonly OutboxRig _rig = new();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Events_dropped_for_space_are_reported_once_with_the_next_event_of_their_topic()
    {
        _rig.Settings = _rig.Settings with { MaxRows = 10 };
        _rig.Open();
        await _rig.StoreAsync("alarm", 1, 1);
        await _rig.StoreAsync("flapping", 1, 30);
        Assert.Equal([("alarm-1", 0), ("flapping-22", 21), ("flapping-23", 0)], (await TakeAsync(10)).Take(3));
    }

    [Fact]
    public async Task Events_dropped_for_their_age_are_reported_with_the_next_one_that_happens()
    {
        _rig.Settings = _rig.Settings with { MaxAge = TimeSpan.FromHours(1) };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 3);
        _rig.Time.Advance(TimeSpan.FromHours(2));
        await _rig.StoreAsync("yard", 1, 1);
        Assert.Equal([("yard-1", 0)], await TakeAsync(5));
        await _rig.StoreAsync("gate", 4, 1);
        Assert.Equal([("gate-4", 3)], await TakeAsync(5));
    }

    [Fact]
    public async Task The_count_survives_a_restart_and_is_reported_again_until_it_is_acknowledged()
    {
        _rig.Settings = _rig.Settings with { MaxRows = 10 };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 15);
        Assert.Equal(5, (await _rig.Outbox.OldestAsync(OutboxRig.All))!.LostBefore);
        await _rig.OpenAgainAsync();
        Assert.Equal(5, (await _rig.Outbox.OldestAsync(OutboxRig.All))!.LostBefore);
        await _rig.Outbox.RemoveAsync("gate-6");
        await _rig.OpenAgainAsync();
        Assert.Equal(("gate-7", 0), (await TakeAsync(1))[0]);
    }

    [Fact]
    public async Task An_event_on_its_way_to_the_broker_is_not_given_up()
    {
        _rig.Settings = _rig.Settings with { MaxRows = 3, MaxAge = TimeSpan.FromHours(1) };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        await _rig.StoreAsync("gate", 2, 9);
        _rig.Time.Advance(TimeSpan.FromHours(2));
        await _rig.StoreAsync("gate", 11, 1);
        await _rig.Outbox.RemoveAsync("gate-1");
        Assert.Equal([("gate-11", 9)], await TakeAsync(5));
    }

    [Fact]
    public async Task Each_event_arrives_or_is_reported_as_lost()
    {
        _rig.Settings = _rig.Settings with { MaxRows = 20 };
        _rig.Open();
        var random = new Random(7);
        var (stored, taken) = (0, new List<(string Id, long Lost)>());
        for (var round = 0; round < 60; round++)
        {
            var count = random.Next(1, 15);
            await _rig.StoreAsync($"topic{round % 3}", stored, count);
            stored += count;
            taken.AddRange(await TakeAsync(random.Next(6)));
            if (round % 10 == 9)
            {
                await _rig.OpenAgainAsync();
            }
        }

        // One more of each, because events lost at the end are reported with the next one.
        for (var topic = 0; topic < 3; topic++)
        {
            taken.AddRange(await TakeAsync(100));
            await _rig.StoreAsync($"topic{topic}", stored++, 1);
        }

        taken.AddRange(await TakeAsync(100));
        Assert.True(taken.Sum(it => it.Lost) > 100, "Nothing was lost.");
        Assert.Equal(stored, taken.Count + taken.Sum(it => it.Lost));
    }

    [Fact]
    public async Task An_outbox_in_memory_reports_lost_events_too()
    {
        var outbox = new MemoryOutbox(_rig.Time, limit: 3);
        await outbox.StoreAsync(OutboxRig.Event("gate", 1));
        Assert.Equal("gate-1", (await outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        foreach (var number in Enumerable.Range(2, 5))
        {
            await outbox.StoreAsync(OutboxRig.Event("gate", number));
        }

        await outbox.RemoveAsync("gate-1");
        var next = (await outbox.OldestAsync(OutboxRig.All))!;
        Assert.Equal(("gate-5", 3), (next.Event.Id, next.LostBefore));
    }

    [Theory]
    [InlineData(400)]
    [InlineData(-400)]
    public async Task A_clock_that_is_set_makes_no_event_too_old_and_none_immortal(int days)
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 2);
        _rig.Time.Advance(TimeSpan.FromDays(3));
        _rig.Time.JumpWallClock(TimeSpan.FromDays(days));
        await _rig.StoreAsync("yard", 1, 1);
        Assert.Equal(3, _rig.Outbox.Stats.Rows);
        Assert.Equal(_rig.Time.GetUtcNow() - TimeSpan.FromDays(3), _rig.Outbox.Stats.OldestAt);

        _rig.Time.Advance(TimeSpan.FromDays(5));
        await _rig.StoreAsync("hall", 1, 1);
        Assert.Equal([("yard-1", 0), ("hall-1", 0)], await TakeAsync(5));
    }

    /// <summary>As a broker that acknowledges would.</summary>
    private async Task<List<(string Id, long Lost)>> TakeAsync(int most)
    {
        var taken = new List<(string, long)>();
        while (taken.Count < most && await _rig.Outbox.OldestAsync(OutboxRig.All) is { } waiting)
        {
            taken.Add((waiting.Event.Id, waiting.LostBefore));
            await _rig.Outbox.RemoveAsync(waiting.Event.Id);
        }

        return taken;
    }
}
