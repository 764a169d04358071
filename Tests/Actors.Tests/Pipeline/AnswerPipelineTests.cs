using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

public sealed class AnswerPipelineTests
{
    [Fact]
    public async Task Overlapping_stages_encode_the_next_frame_while_answering_and_no_third()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).Overlapping();
        var answering = rig.HoldAnswers();
        await rig.StartAsync();

        rig.Camera.Push();
        await answering.Reached;
        rig.Camera.Push();
        await rig.Engine.Done.UntilAsync(done => done.Contains("encoded 2"), "the second encoding");
        rig.Camera.Push();
        rig.Camera.Push();
        answering.Open();
        var answers = await rig.Answers.UntilCountAsync(3);

        Assert.Equal([1, 2, 4], answers.Select(answer => answer.Sequence.Value));
        var done = rig.Engine.Done.Items.ToList();
        Assert.True(done.IndexOf("encode 4") > done.IndexOf("answered 1 person"), string.Join(" | ", done));
        Assert.Equal(["mvlm-encode", "mvlm-answer"], rig.Engine.ThreadNames);
        Assert.Equal(2, rig.Engine.MostAtWork);
    }

    [Fact]
    public async Task Stages_that_take_turns_share_one_thread_and_never_compute_at_once()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(1));
        await rig.Answers.UntilCountAsync(20);
        await rig.StopAsync();

        Assert.Equal(1, rig.Engine.MostAtWork);
        Assert.Equal("mvlm-engine", Assert.Single(rig.Engine.ThreadNames));
        // Each frame is answered before the next one is encoded.
        var steps = rig.Engine.Done.Items.Select(done => done.Split(' ')[0]).Where(step => step is "encode" or "answered");
        Assert.All(steps.Index(), step => Assert.Equal(step.Index % 2 == 0 ? "encode" : "answered", step.Item));
    }

    [Fact]
    public async Task The_last_answer_to_a_text_question_is_the_draft_of_the_next_one()
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Always) with
        {
            Questions =
            [
                new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Always),
                new StandingQuestion("scene", "scene", QuestionKind.Text, EdgeRig.Always),
            ],
        };
        await using var rig = new EdgeRig(plan);
        var drafts = new Recording<string>();
        rig.Engine.OnAsk = (frame, question, _) =>
        {
            drafts.Add($"{frame} {question.Text} {string.Join(',', question.Draft)}");
            return FinishReason.Stopped;
        };
        await rig.StartAsync();
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(2);

        Assert.Equal(["1 person ", "1 scene ", "2 person ", "2 scene 1,2"], drafts.Items);
    }

    [Fact]
    public async Task A_frame_is_primed_once_for_all_its_questions()
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Once) with
        {
            Questions =
            [
                new StandingQuestion("person", "person", QuestionKind.YesNo, EdgeRig.Once),
                new StandingQuestion("car", "car", QuestionKind.YesNo, EdgeRig.Once),
                new StandingQuestion("scene", "scene", QuestionKind.Text, EdgeRig.Once),
            ],
        };
        await using var rig = await new EdgeRig(plan).StartAsync();

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);

        Assert.Equal(
            [
                "encode 1", "encoded 1", "prime 1",
                "ask 1 person", "answered 1 person", "ask 1 car", "answered 1 car", "ask 1 scene", "answered 1 scene",
            ],
            rig.Engine.Done.Items.Skip(2));
        Assert.Equal(["person", "car", "scene"], rig.Answers.Items[0].Answers.Select(answer => answer.Question.Id));
    }

    [Fact]
    public async Task A_frame_that_the_encoder_refuses_is_skipped_and_counted()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Engine.OnEncode = sequence =>
        {
            if (sequence == 1)
            {
                throw new ArgumentException("not a picture");
            }
        };
        await rig.StartAsync();

        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].FramesFailed == 1, "the bad frame");
        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(1);

        Assert.Equal(2, answers[0].Sequence.Value);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
        Assert.Contains(rig.Log.Lines.Items, line => line.Text.Contains("not a picture", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_snapshot_is_made_once_for_each_answered_frame_on_its_own_thread()
    {
        var snapshots = new Recording<string>();
        await using var rig = new EdgeRig(
            EdgeRig.Plan("gate", EdgeRig.Always, snapshot: true), EdgeRig.Plan("yard", EdgeRig.Always));
        rig.Jpeg = frame =>
        {
            var sequence = FakeFrame.SequenceIn(frame.Pixels);
            snapshots.Add($"{frame.Camera} {sequence} {Thread.CurrentThread.Name}");
            return [(byte)sequence];
        };
        rig.Engine.OnEncode = sequence =>
        {
            if (sequence == 2)
            {
                throw new ArgumentException("not a picture");
            }
        };
        await rig.StartAsync();

        rig.Cameras[0].Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Cameras[1].Push();
        await rig.Answers.UntilCountAsync(2);
        rig.Cameras[0].Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].FramesFailed == 1, "the bad frame");
        rig.Cameras[0].Push();
        var answers = await rig.Answers.UntilCountAsync(3);

        Assert.Equal(["gate 1 mvlm-snapshot", "gate 3 mvlm-snapshot"], snapshots.Items);
        Assert.Equal([1, null, 3], answers.Select(answer => answer.Snapshot?.Span[0]));
    }

    [Fact]
    public async Task An_answer_is_published_without_its_snapshot_when_that_cannot_be_made()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always, snapshot: true));
        rig.Jpeg = _ => throw new InvalidOperationException("no codec");
        await rig.StartAsync();

        rig.Camera.Push();
        var answers = await rig.Answers.UntilCountAsync(1);

        Assert.Null(answers[0].Snapshot);
        Assert.Equal(0, rig.Stats.Pipeline.Restarts);
    }

    [Fact]
    public void A_frame_that_is_replaced_costs_no_memory()
    {
        var pool = new FramePool();
        var intake = Intakes.Of(EdgeRig.Plan("gate", EdgeRig.Always), TimeProvider.System);
        var frames = Enumerable.Range(1, 2000)
            .Select(sequence => FakeFrame.Take(pool, intake.Configuration.Id, sequence, TimeProvider.System)).ToArray();
        foreach (var frame in frames.AsSpan(0, 1000))
        {
            intake.Offer(frame);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var frame in frames.AsSpan(1000))
        {
            intake.Offer(frame);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1999, intake.Counters.Read(counted => counted.FramesReplaced));
        intake.Close();
        Assert.Equal(0, pool.Outstanding);
    }
}
