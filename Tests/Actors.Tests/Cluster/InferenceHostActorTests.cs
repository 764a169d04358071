using Akka.Actor;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Cluster.Inference;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class InferenceHostActorTests : WireSpec
{
    private readonly ActorBench _bench = new();
    private readonly EngineAccess _engine = new();
    private readonly InferenceHostState _state = new(capacity: 1);
    private readonly ClusterCounters _counters;
    private ModelSessions? _sessions;

    public InferenceHostActorTests() => _counters = new ClusterCounters(Settings, Members);

    private protected override async Task CleanUpAsync()
    {
        if (_sessions is not null)
        {
            await _sessions.CloseAsync();
        }

        await _bench.DisposeAsync();
    }

    private async Task<IActorRef> StartAsync()
    {
        Meet();
        _sessions = await ModelSessions.OpenAsync(_bench.Rig.Parts, overlap: false);
        _engine.Opened(_sessions, _ => { });
        var context = new InferenceHostContext(
            Settings, Model, ProtocolVersion.Current, _state, new RemoteFrameRunner(_engine, _bench.Time), Members, _counters, CancellationToken.None);
        return Sys.ActorOf(Props.Create(() => new InferenceHostActor(context, _bench.Time)));
    }

    private async Task<long> TicketAsync(IActorRef host)
    {
        host.Tell(new FrameAvailable(), TestActor);
        return (await ExpectMsgAsync<FrameRequest>()).Ticket;
    }

    [Fact]
    public async Task A_frame_that_was_asked_for_is_answered()
    {
        var host = await StartAsync();
        host.Tell(Frame(await TicketAsync(host), request: 5), TestActor);
        var given = await ExpectMsgAsync<AnswerGiven>();
        Assert.Equal((5, 0, "frame 0"), (given.Request, given.Index, given.Answer.Text));
        Assert.Equal(new RequestEnded(5, ""), await ExpectMsgAsync<RequestEnded>());
        await Eventually.TrueAsync(() => _counters[Probe].Read(stats => stats.Served) == 1, "it is counted");
    }

    [Fact]
    public async Task A_frame_without_an_open_ticket_is_refused_and_the_limit_holds()
    {
        var answering = _bench.Rig.HoldAnswers();
        var host = await StartAsync();
        var ticket = await TicketAsync(host);
        host.Tell(Frame(ticket, request: 5), TestActor);
        host.Tell(Frame(ticket, request: 6), TestActor);
        host.Tell(Frame(ticket + 1, request: 7), TestActor);
        foreach (var request in (long[])[6, 7])
        {
            var refused = await ExpectMsgAsync<RequestEnded>();
            Assert.Equal(request, refused.Request);
            Assert.Contains("did not ask", refused.Failure, StringComparison.Ordinal);
        }

        // It asks for no more while its engine is busy.
        host.Tell(new FrameAvailable(), TestActor);
        answering.Open();
        Assert.Equal(5, (await ExpectMsgAsync<AnswerGiven>()).Request);
        Assert.Equal(5, (await ExpectMsgAsync<RequestEnded>()).Request);
        Assert.NotEqual(ticket, (await ExpectMsgAsync<FrameRequest>()).Ticket);
        Assert.Equal(1, _bench.Rig.Engine.MostAtWork);
    }

    [Fact]
    public async Task A_late_frame_beyond_the_capacity_is_refused()
    {
        var answering = _bench.Rig.HoldAnswers();
        var host = await StartAsync();
        var slow = await TicketAsync(host);

        // The first frame takes long on its way, so another one is asked for.
        _bench.Time.Advance(TimeSpan.FromSeconds(2));
        var second = await TicketAsync(host);
        host.Tell(Frame(second, request: 2), TestActor);
        host.Tell(Frame(slow, request: 1), TestActor);
        var refused = await ExpectMsgAsync<RequestEnded>();
        Assert.Equal(1, refused.Request);
        Assert.Contains("capacity", refused.Failure, StringComparison.Ordinal);
        answering.Open();
        Assert.Equal(2, (await ExpectMsgAsync<AnswerGiven>()).Request);
    }

    [Fact]
    public async Task A_host_that_has_no_frame_frees_the_place_and_one_that_is_no_member_is_not_heard()
    {
        var host = await StartAsync();
        host.Tell(new NoFrame(await TicketAsync(host)), TestActor);
        Assert.NotEqual(0, await TicketAsync(host));
        Members.Clear();
        host.Tell(new FrameAvailable(), TestActor);
        await Eventually.TrueAsync(() => _counters.Snapshot(_ => null).Ignored == 1, "it is counted");
    }

    [Fact]
    public async Task A_host_that_stops_asks_for_nothing_and_refuses()
    {
        var host = await StartAsync();
        var ticket = await TicketAsync(host);
        await _state.StopAsync();
        host.Tell(Frame(ticket, request: 5), TestActor);
        Assert.Equal(new RequestEnded(5, "the host stops"), await ExpectMsgAsync<RequestEnded>());
    }
}
