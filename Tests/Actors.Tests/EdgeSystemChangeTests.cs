using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Tests;

/// <summary>Other cameras and questions while the service runs.</summary>
public sealed class EdgeSystemChangeTests
{
    [Fact]
    public async Task A_camera_that_stays_keeps_its_stream_its_pace_and_its_state()
    {
        var gate = EdgeRig.Plan("gate", EdgeRig.Once);
        await using var rig = await new EdgeRig(gate, EdgeRig.Plan("hall", EdgeRig.Always)).StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        // The same content in another object, as a file that is read again gives it.
        rig.Edge.Change([EdgeRig.Plan("gate", EdgeRig.Once), EdgeRig.Plan("hall", EdgeRig.Once)], []);
        rig.Camera.Push();
        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(2);

        Assert.Equal(["gate", "hall"], rig.Answers.Items.Select(answer => answer.Camera.Value));
        Assert.All(rig.Cameras, camera => Assert.Single(camera.Attempts.Items));
        Assert.Equal(1, rig.Stats.Cameras["gate"].FramesIdle);
    }

    [Fact]
    public async Task A_question_that_is_new_is_asked_and_one_that_is_gone_is_forgotten_by_the_broker()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=frame 1"), "the state");

        rig.Edge.Change([rig.Settings.Cameras[0] with { Questions = [Question("dog")] }], []);
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state="), "the end of the old one");
        rig.Camera.Push();

        var published = await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/dog/state=frame 2"), "the new one");
        Assert.Contains("mobilevlm/box/gate/person/answer=", published);
        Assert.Equal(["dog"], rig.Stats.Cameras["gate"].Questions.Keys);
        Assert.Single(rig.Camera.Attempts.Items);
    }

    [Fact]
    public async Task A_camera_that_is_removed_ends_and_is_forgotten_while_the_others_continue()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always), EdgeRig.Plan("hall", EdgeRig.Always)).StartAsync();
        rig.Cameras[0].Push();
        await rig.Answers.UntilCountAsync(1);

        rig.Edge.Change([rig.Settings.Cameras[1]], []);

        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/availability="), "the end of the camera");
        await Eventually.TrueAsync(() => rig.Cameras[0].Push() == 0, "the end of its stream");
        rig.Cameras[1].Push();
        await rig.Answers.UntilAsync(answers => answers.Any(answer => answer.Camera.Value == "hall"), "the other camera");
        Assert.Equal(["hall"], rig.Stats.Cameras.Keys);
        Assert.Equal("mobilevlm/box/gate/availability=", rig.Link.Published.Items.Last(
            line => line.StartsWith("mobilevlm/box/gate/availability", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_new_camera_joins_and_a_camera_with_another_source_is_reopened_after_the_old_one_ended()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        using var other = new Standby(rig, "gate");
        using var yard = new Standby(rig, "yard");

        rig.Edge.Change([rig.Settings.Cameras[0], EdgeRig.Plan("yard", EdgeRig.Always)], [other.Camera, yard.Camera]);
        await other.Camera.Attempts.UntilCountAsync(1);
        await yard.Camera.Attempts.UntilCountAsync(1);

        Assert.Equal(0, rig.Camera.Push());
        yard.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        other.Camera.Push();
        await rig.Answers.UntilCountAsync(2);
        Assert.Equal(["yard", "gate"], rig.Answers.Items.Select(answer => answer.Camera.Value));
    }

    [Fact]
    public async Task All_cameras_may_be_replaced_at_once_without_ending_the_system()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        using var yard = new Standby(rig, "yard");

        rig.Edge.Change([EdgeRig.Plan("yard", EdgeRig.Always)], [yard.Camera]);
        await yard.Camera.Attempts.UntilCountAsync(1);
        yard.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        Assert.False(rig.Edge.Completion.IsCompleted);
    }

    [Fact]
    public async Task A_new_camera_without_a_source_is_refused_and_nothing_changes()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        Assert.Throws<ArgumentException>(() => rig.Edge.Change([EdgeRig.Plan("yard", EdgeRig.Always)], []));

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
    }

    private static StandingQuestion Question(string id) => new(id, id, QuestionKind.YesNo, EdgeRig.Always);

    /// <summary>A camera that the service did not start with.</summary>
    private sealed class Standby(EdgeRig rig, string id) : IDisposable
    {
        public FakeCamera Camera { get; } = new(id, rig.Pool, rig.Time);

        public void Dispose() => Camera.End(CaptureEndKind.Cancelled);
    }
}
