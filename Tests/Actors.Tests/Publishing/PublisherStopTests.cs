using System.Text;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class PublisherStopTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly PublisherStop _stop;
    private Func<byte[]> _stats = () => "numbers"u8.ToArray();

    public PublisherStopTests()
    {
        _stop = new PublisherStop(
            _bench.Publisher, _bench.Link, _bench.Messages, _bench.Composer, () => _stats(), new PublisherCallbacks(TestActor, _bench.Time), _bench.Log);
        Session.State = BrokerConnectionState.Connected;
    }

    private BrokerConnection Session => _bench.Publisher.Connection;

    [Fact]
    public async Task The_phases_follow_each_other_and_the_last_message_is_stopped()
    {
        Assert.Empty(_stop.Advance());

        _stop.Begin(new StopPublishing(TimeSpan.FromSeconds(5)));
        Assert.Equal(
            ["stats=numbers", "gate/availability=offline", "availability=stopped"], _stop.Advance().Select(Text));
        Assert.True(_bench.Publisher.Outgoing.OnlyRetained);
        Assert.Empty(_stop.Advance());

        Assert.Null((await ExpectMsgAsync<DisconnectEnded>()).Fault);
        Assert.Equal(StopPhase.Disconnecting, Session.Stop);
        Assert.Empty(_stop.Advance());
    }

    [Fact]
    public async Task Beyond_the_limit_the_rest_is_left_out_and_stopped_comes_first()
    {
        _bench.Publisher.Outgoing.Retained.Set(new OutboundMessage("a", "b"u8.ToArray(), Retain: true));
        _stop.Begin(new StopPublishing(TimeSpan.FromSeconds(5)));
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        await ExpectMsgAsync<RemainingLimitReached>();

        var published = new List<string>();
        Assert.True(_stop.SkipRemaining(last => published.AddRange(last.Select(Text))));

        Assert.Equal(["availability=stopped", "gate/availability=offline", "stats=numbers"], published);
        Assert.Equal(0, _bench.Publisher.Outgoing.Retained.WaitingCount);
        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Warning, "There was no time to send everything"));
    }

    [Fact]
    public void Statistics_that_cannot_be_taken_are_left_out()
    {
        _stats = () => throw new InvalidOperationException("as the test wants");
        _stop.Begin(new StopPublishing(TimeSpan.FromSeconds(5)));

        Assert.Equal(["gate/availability=offline", "availability=stopped"], _stop.Advance().Select(Text));
        Assert.Equal(2, _bench.Counters.Mqtt.Read(mqtt => mqtt.Failed));
    }

    [Fact]
    public void Without_a_connection_a_stop_is_over_and_nothing_is_skipped()
    {
        Assert.False(_stop.IsOver);
        Session.State = BrokerConnectionState.Connecting;
        _stop.Begin(new StopPublishing(TimeSpan.FromSeconds(5)));
        Assert.False(_stop.IsOver);
        Assert.False(_stop.SkipRemaining(_ => Assert.Fail("Nothing can be published.")));

        Session.State = BrokerConnectionState.Waiting;

        Assert.True(_stop.IsOver);
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private static string Text(OutboundMessage message) =>
        $"{message.Topic["mobilevlm/box/".Length..]}={Encoding.UTF8.GetString(message.Payload.Span)}";
}
