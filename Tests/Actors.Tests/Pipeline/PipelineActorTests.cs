using Akka.Actor;
using Akka.TestKit;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

public sealed class PipelineActorTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly TestProbe _parent;

    public PipelineActorTests() => _parent = CreateTestProbe();

    [Fact]
    public async Task Listeners_see_an_answer_before_it_is_evaluated()
    {
        var seen = new List<FrameAnswered>();
        Start(onAnswered: seen.Add);
        await _parent.ExpectMsgAsync<PipelineStarted>();

        _bench.Intake.Offer(_bench.Frame(7));

        var answered = await ExpectMsgAsync<FrameAnswered>();
        Assert.Equal(7, answered.Sequence.Value);
        Assert.Same(answered, Assert.Single(seen));
    }

    [Fact]
    public async Task An_engine_that_fails_is_replaced_and_the_start_is_reported_once()
    {
        var isBroken = true;
        _bench.Rig.Engine.OnEncode = _ =>
        {
            if (isBroken)
            {
                isBroken = false;
                throw new InvalidOperationException("as the test wants");
            }
        };
        Start();
        await _parent.ExpectMsgAsync<PipelineStarted>();

        _bench.Intake.Offer(_bench.Frame(1));
        await _bench.Rig.Engine.Done.UntilAsync(done => done.Count(it => it == "open answerer") == 2, "the second engine");
        _bench.Intake.Offer(_bench.Frame(2));
        Assert.Equal(2, (await ExpectMsgAsync<FrameAnswered>()).Sequence.Value);
        _bench.Intake.End();

        await _parent.ExpectMsgAsync<PipelineDrained>();
        Assert.Equal(1, _bench.Counters.Pipeline.Read(pipeline => pipeline.Restarts));
        Assert.Equal(0, _bench.Rig.Pool.Outstanding);
    }

    [Fact]
    public async Task An_engine_that_fails_beyond_its_budget_is_reported()
    {
        _bench.Rig.Engine.OnEncode = _ => throw new InvalidOperationException("as the test wants");
        Start(new PipelineSettings { RestartBudget = new RestartBudget(0, TimeSpan.FromHours(1)) });
        await _parent.ExpectMsgAsync<PipelineStarted>();

        _bench.Intake.Offer(_bench.Frame());

        Assert.Equal("as the test wants", (await _parent.ExpectMsgAsync<PipelineFailed>()).Fault.GetBaseException().Message);
    }

    [Fact]
    public async Task Closing_disposes_both_sessions_before_the_actor_ends()
    {
        var actor = Start();
        await _parent.ExpectMsgAsync<PipelineStarted>();
        await WatchAsync(actor);

        actor.Tell(CloseEngine.Instance);

        await ExpectTerminatedAsync(actor);
        Assert.Equal(["dispose answerer", "dispose encoder"], _bench.Rig.Engine.Done.Items.TakeLast(2));
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private IActorRef Start(PipelineSettings? settings = null, Action<FrameAnswered>? onAnswered = null)
    {
        var context = _bench.Pipeline(settings, onAnswered);
        return ChildOf(_parent, Props.Create(() => new PipelineActor(context, TestActor)));
    }
}
