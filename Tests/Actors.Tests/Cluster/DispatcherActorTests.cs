using Akka.Actor;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class DispatcherActorTests : WireSpec
{
    private readonly ActorBench _bench = new(
        ClusterRig.Plan("gate", EdgeRig.Always) with { Gate = new SceneGateSettings { Threshold = 1 } });
    private readonly Recording<FrameAnswered> _answers = new();
    private readonly ClusterCounters _counters;
    private readonly Dispatcher _dispatcher;
    private readonly IActorRef _actor;

    public DispatcherActorTests()
    {
        _counters = new ClusterCounters(Settings, Members);
        var context = new DispatcherContext(
            Settings,
            new FramePicker(_bench.Intakes, _bench.Uploads),
            _bench.Wake,
            new ModelChoice(null),
            _bench.Counters.Pipeline,
            new FailingQuestions(_bench.Time),
            _counters,
            _answers.Add,
            _ => [],
            ProtocolVersion.Current);
        _dispatcher = new Dispatcher(context, _bench.Time, _bench.Rig.Log);
        _actor = Sys.ActorOf(Props.Create(() => new DispatcherActor(_dispatcher, Members, _counters, _bench.Time)));
        Meet();
        _dispatcher.Reachable(Probe);
    }

    private protected override async Task CleanUpAsync()
    {
        await _dispatcher.StopAsync();
        await _bench.DisposeAsync();
    }

    private ClusterNodeStats Node => _counters.Snapshot(_dispatcher.UnusedState).Nodes[Probe];

    private void Present(long instance = 1, int capacity = 1, ClusterModel? model = null) =>
        _actor.Tell(new HostPresent(instance, 1, 1, model ?? Model, capacity), TestActor);

    private async Task<FrameToAnswer> FrameAsync(long ticket, long sequence)
    {
        _bench.Intake.Offer(_bench.Frame(sequence));
        await ExpectMsgAsync<FrameAvailable>();
        _actor.Tell(new FrameRequest(ticket), TestActor);
        return await ExpectMsgAsync<FrameToAnswer>();
    }

    private void Answer(FrameToAnswer frame, string text)
    {
        var answer = new RemoteAnswer { Value = text, Text = text, Finish = FinishReason.Stopped };
        _actor.Tell(new AnswerGiven(frame.Request, 0, answer, TimeSpan.FromMilliseconds(3)), TestActor);
        _actor.Tell(new RequestEnded(frame.Request, ""), TestActor);
    }

    [Fact]
    public async Task The_newest_frame_goes_to_the_host_that_asks_and_its_answer_is_evaluated()
    {
        Present();
        var frame = await FrameAsync(ticket: 9, sequence: 7);
        Assert.Equal((9, FakeFrame.SquareSize, false), (frame.Ticket, frame.Size, frame.HasMore));
        Assert.Equal(7, FakeFrame.SequenceIn(frame.Pixels.Span));
        Answer(frame, "a dog");
        var answered = (await _answers.UntilCountAsync(1))[0];
        Assert.Equal((7, "a dog", Probe), (answered.Sequence.Value, answered.Answers[0].Answer.Text, answered.Answers[0].Host));
        await Eventually.TrueAsync(() => Node is { Answered: 1, Lost: 0, Late: 0, State: ClusterNodeStats.Up }, "it is counted");
    }

    [Fact]
    public async Task A_reused_answer_names_the_host_of_the_answer_that_it_repeats()
    {
        Present();
        Answer(await FrameAsync(ticket: 1, sequence: 1), "a dog");
        await _answers.UntilCountAsync(1);

        // Hardly another picture.
        _bench.Time.Advance(TimeSpan.FromMilliseconds(100));
        _bench.Intake.Offer(_bench.Frame(2));
        await ExpectMsgAsync<FrameAvailable>();
        _actor.Tell(new FrameRequest(2), TestActor);
        Assert.Equal(2, (await ExpectMsgAsync<NoFrame>()).Ticket);
        var reused = (await _answers.UntilCountAsync(2))[1].Answers[0];
        Assert.Equal((true, "a dog", Probe), (reused.Reused, reused.Answer.Text, reused.Host));
    }

    [Fact]
    public async Task A_host_gets_no_more_frames_than_its_capacity()
    {
        Present();
        await FrameAsync(ticket: 1, sequence: 1);
        _bench.Intake.Offer(_bench.Frame(2));
        _actor.Tell(new FrameRequest(2), TestActor);
        Assert.Equal(2, (await ExpectMsgAsync<NoFrame>()).Ticket);
    }

    [Fact]
    public async Task The_frame_of_a_host_that_becomes_unreachable_is_given_back_at_once_and_its_answer_is_late()
    {
        Present();
        var frame = await FrameAsync(ticket: 1, sequence: 1);
        _dispatcher.Unreachable(Probe);
        await Eventually.TrueAsync(() => Node.Lost == 1 && _dispatcher.IsIdle, "it is given back");
        Answer(frame, "too late");
        await Eventually.TrueAsync(() => Node.Late == 1, "it is counted");
        Assert.Empty(_answers.Items);
    }

    [Fact]
    public async Task A_frame_without_an_answer_is_given_up_at_the_deadline()
    {
        Present();
        await FrameAsync(ticket: 1, sequence: 1);
        _bench.Time.Advance(Settings.AnswerWithin);
        await Eventually.TrueAsync(() => Node.Lost == 1, "it is given up");
    }

    [Fact]
    public async Task A_host_that_was_started_again_before_membership_noticed_has_lost_its_frame()
    {
        Present();
        await FrameAsync(ticket: 1, sequence: 1);
        Present(instance: 2);
        await Eventually.TrueAsync(() => Node.Lost == 1, "it is given back");
    }

    [Fact]
    public async Task An_answer_of_nobody_s_question_and_a_message_of_a_stranger_are_ignored_and_counted()
    {
        Present();
        var frame = await FrameAsync(ticket: 1, sequence: 1);
        _actor.Tell(
            new AnswerGiven(frame.Request, 3, new RemoteAnswer { Value = "x", Text = "x", Finish = FinishReason.Stopped }, TimeSpan.Zero), TestActor);
        await Eventually.TrueAsync(() => _counters.Snapshot(_ => null).Ignored == 1, "the answer is counted");
        Members.Clear();
        _actor.Tell(new RequestEnded(frame.Request, ""), TestActor);
        await Eventually.TrueAsync(() => _counters.Snapshot(_ => null).Ignored == 2, "the message is counted");
        Assert.Empty(_answers.Items);
    }

    [Fact]
    public async Task A_host_with_another_model_gets_no_frame()
    {
        Present();
        await FrameAsync(ticket: 1, sequence: 1);
        _dispatcher.Receive("other:1", new HostPresent(1, 1, 1, new ClusterModel("other", "another", 4, 0), 1), _ => { });
        await Eventually.TrueAsync(() => _dispatcher.UnusedState("other:1") == ClusterNodeStats.OtherModel, "it is named");
    }
}
