using Akka.Actor;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class ClusterTests
{
    private readonly int _camera = ClusterRig.FreePort();
    private readonly int _inference = ClusterRig.FreePort();

    private EdgeRig CameraHost(TimeSpan? every = null) => ClusterRig.CameraHost(ClusterRig.Settings(_camera, _inference), every);

    private EdgeRig InferenceHost(ClusterModel? model = null) => ClusterRig.InferenceHost(ClusterRig.Settings(_inference, _inference), model);

    [Fact]
    public async Task Frames_are_answered_by_another_host_which_each_answer_names()
    {
        await using var inference = await InferenceHost().StartAsync();
        await using var camera = await CameraHost().StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        Assert.Equal("fake", camera.Stats.Model);
        camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));

        var answers = await camera.Answers.UntilCountAsync(20);
        Assert.All(answers, answered =>
        {
            var answer = Assert.Single(answered.Answers);
            Assert.Equal($"frame {answered.Sequence.Value}", answer.Answer.Text);
            Assert.Equal($"127.0.0.1:{_inference}", answer.Host);
        });
        Assert.Equal(answers.Select(answered => answered.Sequence.Value).Order(), answers.Select(answered => answered.Sequence.Value));
        Assert.True(camera.Node(_inference)!.Answered >= 19);
        Assert.Equal(0, camera.Node(_inference)!.Lost);
        Assert.Equal(1, inference.Engine.MostAtWork);
        Assert.True(inference.Node(_camera)!.Served >= 19);
    }

    [Fact]
    public async Task Frames_of_a_host_that_stops_answering_are_given_back_at_the_deadline_and_counted()
    {
        await using var inference = InferenceHost();
        var answering = inference.HoldAnswers();
        await inference.StartAsync();
        await using var camera = CameraHost();
        camera.Settings = camera.Settings with { Cluster = camera.Settings.Cluster! with { AnswerWithin = TimeSpan.FromSeconds(1) } };
        await camera.StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));

        await Eventually.TrueAsync(() => camera.Node(_inference)!.Lost >= 1, "the frame is given up", ClusterRig.Patience);
        answering.Open();
        await camera.Answers.UntilCountAsync(3);
        await Eventually.TrueAsync(() => camera.Node(_inference)!.Late >= 1, "the late answer is counted", ClusterRig.Patience);

        // Whatever is asked again, the host works on one frame.
        Assert.Equal(1, inference.Engine.MostAtWork);
    }

    [Fact]
    public async Task Hosts_find_each_other_without_the_first_of_the_nodes()
    {
        var dead = ClusterRig.FreePort();
        await using var inference = await ClusterRig.InferenceHost(ClusterRig.Settings(_inference, dead, _inference)).StartAsync();
        await using var camera = await ClusterRig.CameraHost(ClusterRig.Settings(_camera, dead, _inference)).StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        Assert.Equal(ClusterNodeStats.Unreachable, camera.Node(dead)!.State);
    }

    [Fact]
    public async Task Every_actor_of_the_cluster_may_fail_and_answers_continue()
    {
        await using var inference = await InferenceHost().StartAsync();
        await using var camera = await CameraHost().StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));
        await camera.Answers.UntilCountAsync(5);
        foreach (var (rig, actor) in ((EdgeRig, string)[])[(camera, "dispatcher"), (camera, "membership"), (inference, "inference"), (inference, "membership")])
        {
            rig.Edge.Cluster!.System!.ActorSelection($"/user/{actor}").Tell(Kill.Instance);
            var before = camera.Answers.Items.Count;
            await Eventually.TrueAsync(() => camera.Answers.Items.Count >= before + 10, $"answers continue after {actor} failed", ClusterRig.Patience);
        }
    }

    [Fact]
    public async Task A_cluster_system_that_ends_is_started_again_and_the_cameras_never_notice()
    {
        await using var inference = await InferenceHost().StartAsync();
        await using var camera = await CameraHost().StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        var first = camera.Edge.Cluster!.System!;
        await first.Terminate();
        await Eventually.TrueAsync(() => camera.Edge.Cluster!.System is { } now && now != first, "a new system starts", ClusterRig.Patience);
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));
        await camera.Answers.UntilCountAsync(5);
        Assert.Single(camera.Camera.Attempts.Items);
    }

    [Fact]
    public async Task A_host_with_another_model_is_named_and_not_used_beside_the_own_model()
    {
        await using var other = await InferenceHost(new ClusterModel("other", "another", FakeFrame.SquareSize, 0)).StartAsync();
        await using var both = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { ExpectsQuietAkka = false, IsJson = true }
            .With(ClusterRig.Settings(_camera, _inference));
        await both.StartAsync();
        await both.UntilStateAsync(_inference, ClusterNodeStats.OtherModel);
        both.Play(both.Camera, TimeSpan.FromMilliseconds(20));
        var answers = await both.Answers.UntilCountAsync(5);
        Assert.All(answers, answered => Assert.Equal($"127.0.0.1:{_camera}", answered.Answers[0].Host));
        Assert.DoesNotContain(other.Engine.Done.Items, done => done.StartsWith("encode", StringComparison.Ordinal));
        Assert.Equal("other", both.Node(_inference)!.Model);
    }

    [Theory]
    [InlineData(1, 2, ClusterNodeStats.Up)]
    [InlineData(2, 3, ClusterNodeStats.OtherVersion)]
    public async Task Hosts_of_two_builds_speak_the_newest_version_that_both_know(int oldest, int newest, string state)
    {
        var cluster = ClusterRig.Settings(_inference, _inference);
        await using var newer = new EdgeRig
        {
            ExpectsQuietAkka = false,
            Prepare = edge => edge.ProtocolVersion = new ProtocolVersion(oldest, newest),
        }.With(cluster);
        await newer.StartAsync();
        await using var camera = await CameraHost().StartAsync();
        await camera.UntilStateAsync(_inference, state);
        if (state == ClusterNodeStats.Up)
        {
            camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));
            await camera.Answers.UntilCountAsync(3);
        }
    }

    [Fact]
    public async Task A_port_that_another_process_has_is_reported_and_taken_when_it_is_free()
    {
        var first = await InferenceHost().StartAsync();
        await Eventually.TrueAsync(() => first.Edge.Cluster!.System is not null, "the first one listens", ClusterRig.Patience);
        await using var second = await ClusterRig.CameraHost(ClusterRig.Settings(_inference, _inference)).StartAsync();
        await Eventually.TrueAsync(
            () => second.Log.Lines.Items.Any(line => line.Text.Contains("cannot listen at", StringComparison.Ordinal)),
            "the second one reports it",
            ClusterRig.Patience);
        Assert.Null(second.Edge.Cluster!.System);
        await first.DisposeAsync();
        await Eventually.TrueAsync(() => second.Edge.Cluster!.System is not null, "the second one listens", ClusterRig.Patience);
    }

    [Fact]
    public async Task Without_a_cluster_nothing_of_it_exists()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        Assert.Null(rig.Edge.Cluster);
        Assert.Null(rig.Stats.Cluster);
        rig.Camera.Push();
        Assert.Null((await rig.Answers.UntilCountAsync(1))[0].Answers[0].Host);
    }
}
