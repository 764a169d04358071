using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Capture;

public sealed class CameraIntakeTests
{
    private readonly FramePool _pool = new();
    private readonly FakeTime _time = new();
    private int _calls;

    [Fact]
    public void The_signal_runs_its_callback_once_for_each_time_that_it_was_armed()
    {
        var (intake, wake) = NewIntake();

        intake.Offer(Take(1));
        Assert.Equal(0, _calls);
        wake.Arm(() => _calls++);
        intake.Offer(Take(2));
        intake.Offer(Take(3));

        Assert.Equal(1, _calls);
        intake.Close();
    }

    [Fact]
    public void A_frame_offered_after_the_close_goes_back_to_the_pool()
    {
        var (intake, _) = NewIntake();
        intake.Offer(Take(1));

        intake.Close();
        intake.Offer(Take(2));

        Assert.True(intake.IsDone);
        Assert.Null(intake.Pick());
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void The_last_frame_of_an_ended_camera_is_still_picked()
    {
        var (intake, _) = NewIntake();
        intake.Offer(Take(1));

        intake.End();

        Assert.False(intake.IsDone);
        var picked = intake.Pick();
        Assert.NotNull(picked);
        picked.Frame.Dispose();
        Assert.True(intake.IsDone);
    }

    [Fact]
    public void A_frame_whose_questions_went_with_the_one_before_is_idle()
    {
        var (intake, _) = NewIntake(EdgeRig.Once);
        intake.Offer(Take(1));
        var first = intake.Pick();
        first!.Frame.Dispose();

        intake.Offer(Take(2));

        Assert.Null(intake.Pick());
        Assert.Equal(1, intake.Counters.Read(camera => camera.FramesIdle));
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Frames_offered_from_many_threads_while_others_pick_are_all_given_back()
    {
        var (intake, _) = NewIntake();
        Parallel.For(1, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, sequence =>
        {
            intake.Offer(Take(sequence));
            if (sequence % 3 == 0 && intake.HasFrame)
            {
                lock (_pool)
                {
                    intake.Pick()?.Frame.Dispose();
                }
            }
        });

        intake.Close();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void An_ad_hoc_question_gets_a_whole_frame_even_where_every_frame_is_due_for_a_region()
    {
        var left = new FrameRegion(RegionPolygon.Parse("0,0 0.5,0 0.5,1 0,1"), []);
        var plan = EdgeRig.Plan("gate", EdgeRig.Always);
        plan = plan with { Questions = [plan.Questions[0] with { Region = left }] };
        var intake = Intakes.Of(plan, _time);
        intake.Ask(new AdHocQuestion(new Question("once", AnswerKind.Text), _ => { }));

        var picks = Enumerable.Range(1, 4).Select(sequence =>
        {
            intake.Offer(Take(sequence));
            var picked = intake.Pick()!;
            picked.Frame.Dispose();
            return (picked.DueQuestions.Count, picked.AdHocQuestions.Count);
        }).ToList();

        Assert.Equal([(1, 0), (0, 1), (1, 0), (1, 0)], picks);
        intake.Close();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Two_ad_hoc_questions_go_with_each_frame_and_withdrawn_ones_with_none()
    {
        var (intake, _) = NewIntake(EdgeRig.Once);
        var asked = Enumerable.Range(0, 6).Select(i => new AdHocQuestion(new Question($"{i}", AnswerKind.Text), _ => { })).ToList();
        asked.ForEach(intake.Ask);
        intake.Withdraw(asked[1]);

        var picks = Enumerable.Range(1, 3).Select(sequence =>
        {
            intake.Offer(Take(sequence));
            var picked = intake.Pick()!;
            picked.Frame.Dispose();
            return $"{picked.DueQuestions.Count}: {string.Join(' ', picked.AdHocQuestions.Select(ask => ask.Question.Text))}";
        }).ToList();

        Assert.Equal(["1: 0 2", "0: 3 4", "0: 5"], picks);
        intake.Offer(Take(9));
        Assert.Equal(1, intake.Counters.Read(camera => camera.FramesIdle));
        intake.Close();
    }

    private (CameraIntake Intake, WakeSignal Wake) NewIntake(TimeSpan? every = null)
    {
        var wake = new WakeSignal();
        return (Intakes.Of(EdgeRig.Plan("gate", every ?? EdgeRig.Always), _time, wake), wake);
    }

    private Frame Take(long sequence) => FakeFrame.Take(_pool, new CameraId("gate"), sequence, _time);
}
