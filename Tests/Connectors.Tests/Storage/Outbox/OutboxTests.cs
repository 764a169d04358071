using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

public sealed class OutboxTests : IAsyncDisposable
{
    private readonly OutboxRig _rig = new();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Events_leave_in_the_order_in_which_they_came()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 100);
        await _rig.StoreAsync("yard", 1, 100);
        Assert.Equal(
            [.. Enumerable.Range(1, 100).Select(n => $"gate-{n}"), .. Enumerable.Range(1, 100).Select(n => $"yard-{n}")],
            await _rig.DrainAsync());
        Assert.Equal(0, _rig.Outbox.Stats.Rows);
        Assert.Equal(0, _rig.Outbox.Stats.Bytes);
    }

    [Fact]
    public async Task An_event_stays_first_until_it_is_acknowledged()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 2);
        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        await _rig.Outbox.RemoveAsync("gate-1");
        Assert.Equal("gate-2", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
    }

    [Fact]
    public async Task What_was_stored_is_there_after_a_restart_byte_for_byte_and_what_was_acknowledged_is_not()
    {
        _rig.Open();
        var payload = Enumerable.Range(0, 300).Select(i => (byte)i).ToArray();
        await _rig.Outbox.StoreAsync(new OutboxEvent("one", "gate/person/event", payload));
        await _rig.StoreAsync("gate", 2, 1);
        await _rig.Outbox.RemoveAsync("gate-2");
        await _rig.OpenAgainAsync();

        var waiting = (await _rig.Outbox.OldestAsync(OutboxRig.All))!;
        Assert.Equal("gate/person/event", waiting.Event.Topic);
        Assert.Equal(payload, waiting.Event.Payload.ToArray());
        Assert.Equal(["one"], await _rig.DrainAsync());
    }

    [Fact]
    public async Task How_long_an_event_waits_is_measured_by_a_clock_that_never_jumps_and_unknown_across_runs()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        _rig.Time.Advance(TimeSpan.FromSeconds(30));
        _rig.Time.JumpWallClock(TimeSpan.FromDays(-400));
        Assert.Equal(TimeSpan.FromSeconds(30), (await _rig.Outbox.OldestAsync(OutboxRig.All))!.WaitedFor);
        await _rig.OpenAgainAsync();
        Assert.Null((await _rig.Outbox.OldestAsync(OutboxRig.All))!.WaitedFor);
    }

    [Fact]
    public async Task A_second_event_of_the_same_id_is_not_stored_again()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        Assert.Equal(StoreOutcome.AlreadyStored, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)));
        await _rig.OpenAgainAsync();
        Assert.Equal(StoreOutcome.AlreadyStored, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)));
        Assert.Equal(["gate-1"], await _rig.DrainAsync());
    }

    [Fact]
    public async Task A_topic_that_the_broker_refuses_does_not_hold_up_the_others()
    {
        _rig.Open();
        await _rig.StoreAsync("secret", 1, 3);
        await _rig.StoreAsync("gate", 1, 1);
        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(new HashSet<string> { "secret" }))!.Event.Id);
        Assert.Equal("secret-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
    }

    [Fact]
    public async Task Too_many_rows_push_out_the_oldest_of_the_topic_that_takes_most_space()
    {
        _rig.Settings = _rig.Settings with { MaxRows = 10 };
        _rig.Open();
        await _rig.StoreAsync("alarm", 1, 1);
        await _rig.StoreAsync("flapping", 1, 30);
        var left = await _rig.DrainAsync();
        Assert.Equal(["alarm-1", .. Enumerable.Range(22, 9).Select(n => $"flapping-{n}")], left);
        Assert.Equal(21, _rig.Outbox.Stats.DroppedForSpace);
    }

    [Fact]
    public async Task Too_many_bytes_push_out_the_oldest_too()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = 10_000 };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 40, bytes: 1000);
        Assert.InRange(_rig.Outbox.Stats.Bytes, 5_000, 10_000);
        var left = await _rig.DrainAsync();
        Assert.Equal(40 - left.Count, _rig.Outbox.Stats.DroppedForSpace);
        Assert.Equal(Enumerable.Range(41 - left.Count, left.Count).Select(n => $"gate-{n}"), left);
    }

    [Fact]
    public async Task What_has_waited_too_long_is_given_up_and_counted()
    {
        _rig.Settings = _rig.Settings with { MaxAge = TimeSpan.FromHours(1) };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 3);
        _rig.Time.Advance(TimeSpan.FromHours(2));
        await _rig.StoreAsync("gate", 4, 1);
        Assert.Equal(["gate-4"], await _rig.DrainAsync());
        Assert.Equal(3, _rig.Outbox.Stats.DroppedForAge);
    }

    [Fact]
    public async Task Produced_is_waiting_plus_acknowledged_plus_given_up()
    {
        const int Rounds = 20, InEach = 20;
        _rig.Settings = _rig.Settings with { MaxRows = 50 };
        _rig.Open();
        var acknowledged = 0;
        for (var round = 0; round < Rounds; round++)
        {
            await _rig.StoreAsync($"topic{round % 3}", round * InEach, InEach);
            for (var i = 0; i < 7 && await _rig.Outbox.OldestAsync(OutboxRig.All) is { } waiting; i++)
            {
                await _rig.Outbox.RemoveAsync(waiting.Event.Id);
                acknowledged++;
            }

            var stats = _rig.Outbox.Stats;
            Assert.Equal((round + 1) * InEach, stats.Rows + acknowledged + stats.DroppedForSpace);
        }

        var last = _rig.Outbox.Stats;
        Assert.Equal(Rounds * InEach, last.Stored);
        Assert.Equal(0, last.DroppedForAge);
        Assert.True(last is { Rows: > 0, DroppedForSpace: > 0 } && acknowledged > 0, $"{last}");
        Assert.Equal(last.Rows, (await _rig.DrainAsync()).Count);
        await _rig.OpenAgainAsync();
        Assert.Empty(await _rig.DrainAsync());
    }

    [Fact]
    public async Task An_event_larger_than_the_outbox_is_refused_by_name_of_the_setting()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = 4096 };
        _rig.Open();
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1, 5000)));
        Assert.Contains("Outbox:MaxMegabytes", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_twice_is_once_and_later_calls_complete_with_nothing_done()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        await _rig.Outbox.DisposeAsync();
        await _rig.Outbox.DisposeAsync();
        Assert.Equal(StoreOutcome.Dropped, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 2)));
        Assert.Null(await _rig.Outbox.OldestAsync(OutboxRig.All));
        await _rig.Outbox.RemoveAsync("gate-1");
        Assert.Equal(1, _rig.Outbox.Stats.DroppedForSpace);
        _rig.Open();
        Assert.Equal(["gate-1"], await _rig.DrainAsync());
    }
}
