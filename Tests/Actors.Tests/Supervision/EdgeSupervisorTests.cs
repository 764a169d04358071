using Akka.Actor;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

public sealed class EdgeSupervisorTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly EdgeSignals _signals = new();
    private readonly EdgeContext _context;

    public EdgeSupervisorTests() => _context = _bench.Edge(_signals);

    private ChildActors Children => _context.Surviving.Children;

    [Fact]
    public async Task Cameras_are_opened_only_when_the_engine_is()
    {
        var opening = new HoldPoint();
        _bench.Rig.Engine.OnOpen = opening.Pass;
        Start();
        await opening.Reached;
        Assert.Empty(_bench.Rig.Camera.Attempts.Items);
        Assert.False(_signals.Started.Task.IsCompleted);

        opening.Open();

        await _bench.Rig.Camera.Attempts.UntilCountAsync(1);
        await _signals.Started.Task.WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task A_child_that_ends_unexpectedly_fails_the_system()
    {
        Start();
        await _signals.Started.Task.WaitAsync(Eventually.Patience);

        Children.Stats.Tell(PoisonPill.Instance);

        var fault = await _signals.Failed.Task.WaitAsync(Eventually.Patience);
        Assert.Equal("The actor 'stats' stopped unexpectedly.", fault.Message);
    }

    [Fact]
    public async Task During_a_stop_children_may_end()
    {
        var supervisor = Start();
        await _signals.Started.Task.WaitAsync(Eventually.Patience);

        supervisor.Tell(BeginStop.Instance, TestActor);
        await ExpectMsgAsync<StopBegun>();
        await WatchAsync(Children.Stats);
        Children.Stats.Tell(PoisonPill.Instance);
        await ExpectTerminatedAsync(Children.Stats);

        // The supervisor handles the end of its child before this question.
        supervisor.Tell(BeginStop.Instance, TestActor);
        await ExpectMsgAsync<StopBegun>();
        Assert.False(_signals.Failed.Task.IsCompleted);
    }

    [Fact]
    public async Task A_camera_whose_actor_ends_unexpectedly_gets_another_one()
    {
        Start();
        await _bench.Rig.Camera.Attempts.UntilCountAsync(1);

        Children.Cameras.Single().Tell(PoisonPill.Instance);

        await _bench.Rig.Camera.Attempts.UntilCountAsync(2);
        Assert.False(_signals.Failed.Task.IsCompleted);
    }

    [Fact]
    public async Task References_stay_the_same_when_a_child_is_restarted()
    {
        Start();
        await _signals.Started.Task.WaitAsync(Eventually.Patience);
        var before = Children.Evaluation;

        Crash(before);
        before.Tell(_bench.Answered(1, "yes"));

        await _bench.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=yes"), "the state");
        Assert.Same(before, Children.Evaluation);
    }

    [Fact]
    public async Task The_end_of_the_supervisor_is_a_failure_unless_a_stop_has_begun()
    {
        var supervisor = Start();
        await _signals.Started.Task.WaitAsync(Eventually.Patience);

        Sys.Stop(supervisor);

        await _signals.SupervisorGone.Task.WaitAsync(Eventually.Patience);
        Assert.Equal("The supervisor of all actors stopped.", (await _signals.Failed.Task).Message);
    }

    private protected override async Task CleanUpAsync()
    {
        foreach (var intake in _bench.Intakes.Current)
        {
            intake.Close();
        }

        _bench.Rig.Camera.End(Connectors.Cameras.CaptureEndKind.Cancelled);
        await _bench.DisposeAsync();
    }

    private IActorRef Start() => Sys.ActorOf(Props.Create(() => new EdgeSupervisor(_context)));
}
