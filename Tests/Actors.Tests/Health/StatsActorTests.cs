using System.Text.Json;
using Akka.Actor;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Health;

public sealed class StatsActorTests : ActorSpec
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly StatsActorState _state = new();
    private int _taken;
    private bool _fails;

    [Fact]
    public async Task Statistics_are_taken_at_each_interval_and_not_before()
    {
        Sys.ActorOf(Props());
        await _bench.Time.Waits.UntilCountAsync(1);

        _bench.Time.Advance(Interval - TimeSpan.FromTicks(1));
        Assert.Equal(0, Volatile.Read(ref _taken));
        _bench.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal("1", await NextAsync());
        _bench.Time.Advance(Interval);
        Assert.Equal("2", await NextAsync());
    }

    [Fact]
    public async Task Statistics_that_cannot_be_taken_are_logged_and_the_next_ones_published()
    {
        Sys.ActorOf(Props());
        await _bench.Time.Waits.UntilCountAsync(1);

        Volatile.Write(ref _fails, true);
        _bench.Time.Advance(Interval);
        await Eventually.TrueAsync(() => Volatile.Read(ref _taken) == 1, "the failure");
        Volatile.Write(ref _fails, false);
        _bench.Time.Advance(Interval);

        Assert.Equal("2", await NextAsync());
        Assert.Single(_bench.Rig.Log.Logged(Microsoft.Extensions.Logging.LogLevel.Error, "The statistics could not be published"));
    }

    [Fact]
    public async Task A_restarted_actor_keeps_the_pace()
    {
        var actor = RestartedChild(Props(), CreateTestProbe());
        await _bench.Time.Waits.UntilCountAsync(1);

        Crash(actor);
        _bench.Time.Advance(Interval);

        Assert.Equal("1", await NextAsync());
        Assert.Single(_bench.Time.Waits.Items);
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private async Task<string> NextAsync()
    {
        using var stats = JsonDocument.Parse((await ExpectMsgAsync<PublishStats>()).Body);
        return stats.RootElement.GetProperty("uptimeS").GetRawText();
    }

    private Props Props() => Akka.Actor.Props.Create(() => new StatsActor(
        _state, () => Take(), TestActor, Interval, _bench.Time, _bench.Logger<StatsActor>()));

    private StatsPayload Take()
    {
        var taken = Interlocked.Increment(ref _taken);
        return Volatile.Read(ref _fails)
            ? throw new InvalidOperationException("as the test wants")
            : _bench.Rig.Stats with { UptimeS = taken };
    }
}
