using Akka.Actor;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Tests.Capture;

public sealed class CameraActorTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));

    private FakeCamera Camera => _bench.Rig.Camera;

    [Fact]
    public async Task Only_the_first_frame_of_an_attempt_announces_the_camera()
    {
        Start();
        await Camera.Attempts.UntilCountAsync(1);

        Camera.Push();
        Camera.Push();
        Camera.End(CaptureEndKind.Lost);

        await ExpectMsgAsync(new CameraAvailability(Camera.Id, true));
        await ExpectMsgAsync(new CameraAvailability(Camera.Id, false));
        Assert.False(_bench.Intake.Counters.Online);
    }

    [Fact]
    public async Task A_source_that_throws_is_opened_again_after_its_wait_and_not_before()
    {
        Camera.Broken = () => throw new InvalidOperationException("as the test wants");
        Start();

        var waits = await _bench.Time.Waits.UntilCountAsync(1);
        Assert.Single(Camera.Attempts.Items);
        _bench.Time.Advance(waits[0]);

        await Camera.Attempts.UntilCountAsync(2);
    }

    [Fact]
    public async Task A_file_that_was_played_to_its_end_is_reported_to_the_parent_and_not_opened_again()
    {
        var parent = CreateTestProbe();
        Start(parent);
        await Camera.Attempts.UntilCountAsync(1);

        Camera.End(CaptureEndKind.Finished);

        await parent.ExpectMsgAsync(new CameraFinished(Camera.Id));
        Assert.True(_bench.Intake.IsDone);
        Assert.Empty(_bench.Time.Waits.Items);
    }

    [Fact]
    public async Task A_stop_ends_the_attempt_first_and_then_the_actor()
    {
        var actor = Start();
        await Camera.Attempts.UntilCountAsync(1);
        await WatchAsync(actor);

        actor.Tell(StopCamera.Instance);

        await ExpectMsgAsync(new CameraAvailability(Camera.Id, false));
        await ExpectTerminatedAsync(actor);
        Assert.Equal(0, Camera.Push());
    }

    [Fact]
    public async Task A_restarted_actor_continues_with_the_attempt_that_runs()
    {
        var actor = RestartedChild(Props(), CreateTestProbe());
        await Camera.Attempts.UntilCountAsync(1);

        Crash(actor);
        Camera.Push();

        await ExpectMsgAsync(new CameraAvailability(Camera.Id, true));
        Assert.Single(Camera.Attempts.Items);
    }

    private protected override async Task CleanUpAsync()
    {
        Camera.End(CaptureEndKind.Cancelled);
        await _bench.DisposeAsync();
    }

    private IActorRef Start(Akka.TestKit.TestProbe? parent = null) => ChildOf(parent ?? CreateTestProbe(), Props());

    private Props Props()
    {
        var run = new CaptureState(Camera, _bench.Intake, _bench.Rig.Settings.CameraReconnect, () => 0);
        return Akka.Actor.Props.Create(() => new CameraActor(run, TestActor, _bench.Time, _bench.Logger<CameraActor>()));
    }
}
