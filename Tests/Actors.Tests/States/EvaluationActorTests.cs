using Akka.Actor;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.States;

public sealed class EvaluationActorTests : ActorSpec
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-evaluation-").FullName;
    private readonly ActorBench _bench;

    public EvaluationActorTests() => _bench = new ActorBench(_folder, EdgeRig.Plan("gate", EdgeRig.Always));

    [Fact]
    public async Task A_state_is_saved_behind_the_event_that_it_made()
    {
        var actor = await StartAsync();
        actor.Tell(_bench.Answered(1, "no"));
        await ExpectMsgAsync<StateUpdates>();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await ExpectMsgAsync<PendingSave>();

        _bench.Time.Advance(TimeSpan.FromMilliseconds(999));
        _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        actor.Tell(_bench.Answered(2, "yes"));

        var evaluated = await ExpectMsgAsync<StateUpdates>();
        Assert.Equal("no", Assert.Single(evaluated.Updates).Evaluation.Event?.From);
        Assert.Equal("yes", (await ExpectMsgAsync<PendingSave>()).State.States["gate/person"].State.Value);
    }

    [Fact]
    public async Task A_question_without_answers_becomes_unknown_as_time_passes()
    {
        await StartAsync();

        _bench.Time.Advance(TimeSpan.FromSeconds(31));

        var update = Assert.Single((await ExpectMsgAsync<StateUpdates>()).Updates);
        Assert.Equal((null, UnknownReason.NoPicture), (update.Current.Value, update.Current.Reason));
    }

    [Fact]
    public async Task Changed_questions_reach_the_publisher_before_answers_to_them()
    {
        var actor = await StartAsync();
        var changed = new CamerasReconfigured([_bench.Intake.Configuration], []);

        actor.Tell(changed);
        actor.Tell(_bench.Answered(1, "no"));

        Assert.Same(changed, await ExpectMsgAsync<CamerasReconfigured>());
        await ExpectMsgAsync<StateUpdates>();
    }

    [Fact]
    public async Task A_stop_hands_over_the_last_state_and_then_ends()
    {
        var actor = await StartAsync();
        await WatchAsync(actor);

        actor.Tell(_bench.Answered(1, "yes"));
        actor.Tell(StopEvaluating.Instance);

        await ExpectMsgAsync<StateUpdates>();
        Assert.Equal("yes", (await ExpectMsgAsync<PendingSave>()).State.States["gate/person"].State.Value);
        await ExpectTerminatedAsync(actor);
    }

    [Fact]
    public async Task A_restarted_actor_keeps_the_states()
    {
        var actor = RestartedChild(Props(), CreateTestProbe());
        actor.Tell(_bench.Answered(1, "no"));
        await ExpectMsgAsync<StateUpdates>();

        Crash(actor);
        actor.Tell(_bench.Answered(2, "yes"));

        Assert.Equal("no", Assert.Single((await ExpectMsgAsync<StateUpdates>()).Updates).Evaluation.Event?.From);
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<IActorRef> StartAsync()
    {
        var actor = Sys.ActorOf(Props());

        // Ticks are armed when it has started.
        await _bench.Time.Waits.UntilCountAsync(1);
        return actor;
    }

    private Props Props() => Akka.Actor.Props.Create(() => new EvaluationActor(
        _bench.Evaluators, _bench.Store, TestActor, _bench.Time, _bench.Logger<EvaluationActor>()));
}
