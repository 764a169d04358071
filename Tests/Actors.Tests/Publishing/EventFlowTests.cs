using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class EventFlowTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly EventFlow _flow;

    public EventFlowTests()
    {
        _flow = new EventFlow(
            _bench.Publisher, _bench.Messages, new PublisherCallbacks(TestActor, _bench.Time), _bench.Counters.Mqtt, _bench.Log);
        _bench.Publisher.Connection.State = BrokerConnectionState.Connected;
        _bench.Publisher.Outgoing.Events.Connected();
    }

    private EventDeliveryState Events => _bench.Publisher.Outgoing.Events;

    [Fact]
    public async Task An_event_is_stored_then_fetched_and_removed_when_it_is_acknowledged()
    {
        _flow.Store(EventPayloads.Of("a"));
        await CompleteAsync(2);
        Assert.Equal("a", Events.Ready?.Id);

        _flow.Acknowledged();
        await CompleteAsync(2);

        Assert.Null(Events.Ready);
        Assert.Equal(0, _bench.Outbox.Stats.Rows);
        Assert.False(Events.IsBusy);
    }

    [Fact]
    public async Task An_event_that_happens_without_a_connection_is_historical_and_waits_in_the_outbox()
    {
        _bench.Publisher.Connection.State = BrokerConnectionState.Waiting;
        _flow.Store(EventPayloads.Of("a"));
        await CompleteAsync(1);
        Assert.Null(Events.Ready);

        _bench.Publisher.Connection.State = BrokerConnectionState.Connected;
        _flow.Fetch();
        await CompleteAsync(1);

        Assert.True(Events.Ready?.Historical);
    }

    [Fact]
    public async Task A_refused_topic_is_tried_again_after_a_minute()
    {
        _flow.Store(EventPayloads.Of("a"));
        await CompleteAsync(2);

        _flow.Refused("mobilevlm/box/gate/person/event");
        await CompleteAsync(1);
        Assert.Null(Events.Ready);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await ExpectMsgAsync<RefusedTopicsMayTry>();
        _flow.RetryRefused();
        await CompleteAsync(1);

        Assert.Equal("a", Events.Ready?.Id);
    }

    [Fact]
    public async Task An_outbox_that_throws_is_tried_again_one_second_later_and_not_at_once()
    {
        await _bench.Outbox.DisposeAsync();

        _flow.Completed(new OutboxCompleted(IsFetch: false, null) { Fault = new InvalidOperationException("as the test wants") });

        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Error, "The outbox failed and is tried again."));
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectMsgAsync<OutboxMayTry>();
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private async Task CompleteAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _flow.Completed(await ExpectMsgAsync<OutboxCompleted>());
        }
    }
}
