using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

public sealed class FreshnessTests
{
    private static readonly TimeSpan EncodeTime = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan FrameTime = TimeSpan.FromMilliseconds(10);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_slow_decoder_skips_frames_and_answers_none_that_is_older_than_a_cycle(bool overlap)
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time }
            .With(pipeline => pipeline with { Overlap = overlap });
        // Only answering moves the clock, so that overlapping stages cannot make the test depend on the machine.
        rig.Engine.OnAsk = (_, _, _) =>
        {
            for (var i = 0; i < 10; i++)
            {
                time.Advance(FrameTime);
                rig.Camera.Push();
            }

            return FinishReason.Stopped;
        };
        await rig.StartAsync();

        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(20);

        // In turns a picture waits for nobody; overlapping it waits for the one before it.
        var oldest = 10 * FrameTime * (overlap ? 2 : 1);
        Assert.All(answers, answer => Assert.InRange(answer.Age, TimeSpan.Zero, oldest));
        Assert.True(rig.Stats.Cameras["gate"].FramesReplaced >= (overlap ? 50 : 9 * 18), $"{rig.Stats.Cameras["gate"]}");
    }

    [Fact]
    public async Task In_turns_the_newest_frame_is_chosen_only_when_the_decoder_is_free()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        rig.Engine.OnEncode = _ => time.Advance(EncodeTime);
        rig.Engine.OnAsk = (_, _, _) =>
        {
            for (var i = 0; i < 10; i++)
            {
                time.Advance(FrameTime);
                rig.Camera.Push();
            }

            return FinishReason.Stopped;
        };
        await rig.StartAsync();

        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(5);

        Assert.Equal([1, 11, 21, 31, 41], answers.Take(5).Select(answer => answer.Sequence.Value));
        Assert.All(answers, answer => Assert.Equal(EncodeTime + (10 * FrameTime), answer.Age));
        Assert.Equal(1, rig.Engine.MostAtWork);
    }

    [Fact]
    public async Task The_last_of_many_frames_is_the_one_that_is_answered_next()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var answering = rig.HoldAnswers();
        await rig.StartAsync();

        rig.Camera.Push();
        await answering.Reached;
        for (var i = 0; i < 500; i++)
        {
            // Returns although nothing downstream moves: capture never waits for the pipeline.
            rig.Camera.Push();
        }

        // The one that waits; the pixels of the one being answered were returned after encoding.
        Assert.Equal(1, rig.Pool.Outstanding);
        answering.Open();
        var answers = await rig.Answers.UntilCountAsync(2);

        Assert.Equal([1, 501], answers.Select(answer => answer.Sequence.Value));
        Assert.Equal(499, rig.Stats.Cameras["gate"].FramesReplaced);
    }

    [Fact]
    public async Task A_camera_ten_times_as_fast_gets_no_more_answers()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("fast", EdgeRig.Always), EdgeRig.Plan("slow", EdgeRig.Always));
        rig.Engine.OnAsk = (_, _, _) =>
        {
            for (var i = 0; i < 10; i++)
            {
                rig.Cameras[0].Push();
            }

            rig.Cameras[1].Push();
            return FinishReason.Stopped;
        };
        await rig.StartAsync();

        rig.Cameras[0].Push();
        var answers = await rig.Answers.UntilCountAsync(21);

        var turns = answers.Take(21).Select(answer => answer.Camera.Value).ToList();
        Assert.Equal(11, turns.Count(camera => camera == "fast"));
        Assert.Equal(10, turns.Count(camera => camera == "slow"));
    }

    [Fact]
    public async Task A_frame_that_grew_too_old_while_waiting_is_dropped_and_counted()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        var answering = rig.HoldAnswers();
        await rig.StartAsync();

        rig.Camera.Push();
        await answering.Reached;
        rig.Camera.Push();
        time.Advance(TimeSpan.FromSeconds(6));
        answering.Open();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].FramesStale == 1, "the stale frame");
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(2);

        Assert.Equal([1, 3], answers.Select(answer => answer.Sequence.Value));
        Assert.DoesNotContain("encode 2", rig.Engine.Done.Items);
    }

    [Fact]
    public async Task A_frame_with_nothing_due_is_counted_idle_and_never_encoded()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", TimeSpan.FromSeconds(2))) { Time = time };
        await rig.StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(200));
            rig.Camera.Push();
        }

        Assert.Equal(5, rig.Stats.Cameras["gate"].FramesIdle);
        Assert.Equal(0, rig.Pool.Outstanding);
        time.Advance(TimeSpan.FromSeconds(1));
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(2);

        Assert.Equal(["encode 1", "encode 7"], rig.Engine.Done.Items.Where(done => done.Split(' ')[0] == "encode"));
    }

    [Fact]
    public async Task A_camera_without_questions_only_idles()
    {
        var none = EdgeRig.Plan("gate", EdgeRig.Always) with { Questions = [] };
        await using var rig = await new EdgeRig(none, EdgeRig.Plan("yard", EdgeRig.Always)).StartAsync();

        rig.Cameras[0].Push();
        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(1);

        Assert.Equal(1, rig.Stats.Cameras["gate"].FramesIdle);
        Assert.Equal("yard", Assert.Single(rig.Answers.Items).Camera.Value);
    }
}
