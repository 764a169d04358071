using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class BrokerConnectorTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly BrokerConnector _connector;
    private int _prepared;

    public BrokerConnectorTests() => _connector = new BrokerConnector(
        Session, _bench.Link, new PublisherCallbacks(TestActor, _bench.Time), _bench.Counters.Mqtt, _bench.Time, _bench.Log);

    private BrokerConnection Session => _bench.Publisher.Connection;

    [Fact]
    public async Task What_a_connection_needs_is_prepared_before_it_counts_as_one()
    {
        _connector.Connect();
        var ended = await ExpectMsgAsync<ConnectEnded>();

        var wasConnected = true;
        Assert.True(_connector.ConnectEnded(ended, () => wasConnected = Session.IsConnected));

        Assert.False(wasConnected);
        Assert.True(Session.IsConnected);
    }

    [Fact]
    public async Task The_end_of_an_attempt_counts_once_and_an_older_one_not_at_all()
    {
        _connector.Connect();
        var ended = await ExpectMsgAsync<ConnectEnded>();

        Assert.False(_connector.ConnectEnded(ended with { Attempt = new object() }, Prepare));
        Assert.True(_connector.ConnectEnded(ended, Prepare));
        Assert.False(_connector.ConnectEnded(ended, Prepare));

        Assert.Equal(1, _prepared);
    }

    [Fact]
    public async Task An_outage_is_logged_once_for_each_kind_and_tried_again_after_its_wait()
    {
        ConnectOutcomeKind[] outcomes = [ConnectOutcomeKind.Unreachable, ConnectOutcomeKind.Unreachable, ConnectOutcomeKind.Refused];
        foreach (var kind in outcomes)
        {
            _bench.Link.OnConnect = () => kind;
            _connector.Connect();
            Assert.False(_connector.ConnectEnded(await ExpectMsgAsync<ConnectEnded>(), Prepare));
            _bench.Time.Advance(_bench.Time.Waits.Items[^1]);
            await ExpectMsgAsync<TryConnect>();
        }

        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Warning, "No connection to"));
        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Error, "No connection to"));
        Assert.Equal(0, _prepared);
    }

    [Fact]
    public async Task A_connection_that_ends_while_a_new_one_stands_is_not_lost()
    {
        _connector.Connect();
        _connector.ConnectEnded(await ExpectMsgAsync<ConnectEnded>(), Prepare);

        _connector.Disconnected("the older one");
        Assert.True(Session.IsConnected);
        _bench.Link.Drop();
        _connector.Disconnected("this one");

        Assert.Equal(BrokerConnectionState.Waiting, Session.State);
        Assert.NotNull(Session.ConnectTimer);
    }

    [Fact]
    public async Task During_a_stop_a_lost_connection_is_not_tried_again()
    {
        _connector.Connect();
        _connector.ConnectEnded(await ExpectMsgAsync<ConnectEnded>(), Prepare);
        Session.Stop = StopPhase.SendingRemaining;

        _connector.Lost("as the test wants");

        Assert.Equal(BrokerConnectionState.Waiting, Session.State);
        Assert.Null(Session.ConnectTimer);
        Assert.False(_connector.Connect());
        Assert.Empty(_bench.Rig.Log.Logged(LogLevel.Warning, "The connection to"));
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private void Prepare() => _prepared++;
}
