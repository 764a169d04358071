using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.TestKit;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Cluster.Inference;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Pacing;

public sealed class EngineDutyTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly EngineDuty _duty;

    public EngineDutyTests() => _duty = new EngineDuty(_bench.Wake.Set, _bench.Time);

    [Fact]
    public void After_work_the_engine_rests_until_the_share_is_kept()
    {
        Work(1);
        Assert.False(_duty.IsResting);
        _duty.Limit = 0.25;
        Work(2);
        Assert.Equal(6, _duty.LastRest.TotalSeconds, 3);
        Pass(5.99);
        Assert.True(_duty.IsResting);
        Pass(0.02);
        Assert.False(_duty.IsResting);
    }

    [Fact]
    public void Work_that_nobody_delays_prolongs_the_rest_up_to_a_limit()
    {
        _duty.Limit = 0.5;
        Work(1);
        Work(1);
        Assert.Equal(2, _duty.LastRest.TotalSeconds, 3);
        Work(3600);
        Assert.Equal(EngineDuty.LongestRest, _duty.LastRest);
        _duty.Limit = 1;
        Assert.False(_duty.IsResting);
        Assert.Equal(TimeSpan.Zero, _duty.LastRest);
    }

    [Fact]
    public void The_share_of_work_is_measured()
    {
        for (var second = 0; second < 300; second++)
        {
            Work(0.3);
            Pass(0.7);
        }

        Assert.InRange(_duty.BusyShare, 0.28, 0.32);
    }

    [Fact]
    public async Task While_the_engine_rests_questions_of_people_are_asked_and_the_others_wait_for_the_end_without_a_further_frame()
    {
        var limit = new InFlightLimit(1, _bench.Wake, _bench.Time);
        var probe = Source.FromGraph(new DueFrameStage(new FramePicker(_bench.Intakes, _bench.Uploads), limit, _bench.Wake, _duty))
            .RunWith(this.SinkProbe<InFlightFrame>(), Sys.Materializer());
        probe.Request(2);
        _duty.Limit = 0.1;
        Work(1);
        var intake = new CameraIntake(
            EdgeRig.Plan("gate", EdgeRig.Always), new(), _bench.States, _bench.Wake, TimeSpan.FromSeconds(5), _bench.Time, duty: _duty);
        _bench.Intakes.Change([intake]);
        intake.Offer(_bench.Frame(1));
        await probe.ExpectNoMsgAsync(TimeSpan.FromMilliseconds(50));

        var question = new AdHocQuestion(new Inference.Answers.Question("Who?", Inference.Answers.AnswerKind.Text), _ => { });
        intake.Ask(question);
        intake.Offer(_bench.Frame(2));
        using (var asked = await probe.ExpectNextAsync())
        {
            Assert.Empty(asked.DueQuestions);
            Assert.Equal([question], asked.AdHocQuestions);
        }

        // The frame is kept for the standing question, although it is older than it could be without the rest.
        _bench.Time.Advance(TimeSpan.FromSeconds(9.5));
        using var due = await probe.ExpectNextAsync();
        Assert.Equal((2, "person"), (due.Frame.Sequence.Value, Assert.Single(due.DueQuestions).Id));
    }

    [Fact]
    public async Task A_host_asks_others_for_no_frame_while_it_rests()
    {
        var engine = new EngineAccess { Duty = _duty };
        var sessions = await ModelSessions.OpenAsync(_bench.Rig.Parts, overlap: false, _duty);
        engine.Opened(sessions, _ => { });
        var runner = new RemoteFrameRunner(engine, _bench.Time);
        Assert.True(runner.IsReady);
        _duty.Limit = 0.5;
        await sessions.EncodeAsync(_ =>
        {
            Pass(2);
            return 0;
        });
        Assert.False(runner.IsReady);
        Pass(2.1);
        Assert.True(runner.IsReady);
        await sessions.CloseAsync();
    }

    private protected override async Task CleanUpAsync()
    {
        _duty.Dispose();
        await _bench.DisposeAsync();
    }

    private void Pass(double seconds) => _bench.Time.Advance(TimeSpan.FromSeconds(seconds));

    private void Work(double seconds) => _duty.Measure(() =>
    {
        Pass(seconds);
        return 0;
    });
}
