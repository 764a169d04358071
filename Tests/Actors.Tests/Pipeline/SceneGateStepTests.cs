using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

/// <summary>A still scene in the whole pipeline. The fake pictures differ by their number in one colour of one area.</summary>
public sealed class SceneGateStepTests
{
    [Fact]
    public async Task A_still_scene_reuses_its_answer_without_the_engine_and_reports_it()
    {
        await using var rig = await new EdgeRig(Gated(new SceneGateSettings { Threshold = 1 })).StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(2);
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(3);
        await rig.StopAsync();

        Assert.Equal(["1 False frame 1", "2 True frame 1", "3 False frame 3"], answers.Select(answer =>
            $"{answer.Sequence} {answer.Answers[0].Reused} {answer.Answers[0].Answer.Value}"));
        Assert.Equal([1, 2, 3], answers.Select(answer => answer.Answers[0].Seq));
        Assert.Equal(["encode 1", "encode 3"], rig.Engine.Done.Items.Where(done => done.StartsWith("encode ", StringComparison.Ordinal)));
        var stats = rig.Stats.Cameras["gate"];
        Assert.Equal((3, 2, 1), (stats.FramesCaptured, stats.FramesUsed, stats.FramesGated));
    }

    [Fact]
    public async Task Without_a_gate_every_frame_is_answered()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(2);

        Assert.All(answers, answer => Assert.False(answer.Answers[0].Reused));
        Assert.Equal(0, rig.Stats.Cameras["gate"].FramesGated);
    }

    [Fact]
    public async Task Where_the_visual_tokens_are_unchanged_only_the_decoder_is_skipped()
    {
        // Each picture differs by more than nothing; the fake's tokens have the same direction for every frame.
        await using var rig = await new EdgeRig(Gated(new SceneGateSettings { Threshold = 0, TokenCosine = 0.99 })).StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(2);

        Assert.True(answers[1].Answers[0].Reused);
        Assert.Contains("encode 2", rig.Engine.Done.Items);
        Assert.DoesNotContain("prime 2", rig.Engine.Done.Items);
    }

    private static CameraConfiguration Gated(SceneGateSettings gate) => EdgeRig.Plan("gate", EdgeRig.Always) with { Gate = gate };
}
