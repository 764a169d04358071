using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Capture;

public sealed class CameraIntakeTests
{
    private readonly FramePool _pool = new();
    private readonly FakeTime _time = new();
    private int _rung;

    [Fact]
    public void Only_a_sleeper_hears_the_bell_and_only_once()
    {
        var (lane, bell) = Lane();

        lane.Offer(Take(1));
        Assert.Equal(0, _rung);
        bell.Arm(() => _rung++);
        lane.Offer(Take(2));
        lane.Offer(Take(3));

        Assert.Equal(1, _rung);
        lane.Close();
    }

    [Fact]
    public void A_frame_offered_after_the_close_goes_back_to_the_pool()
    {
        var (lane, _) = Lane();
        lane.Offer(Take(1));

        lane.Close();
        lane.Offer(Take(2));

        Assert.True(lane.IsDone);
        Assert.Null(lane.Pick());
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void The_last_frame_of_an_ended_camera_is_still_picked()
    {
        var (lane, _) = Lane();
        lane.Offer(Take(1));

        lane.End();

        Assert.False(lane.IsDone);
        var picked = lane.Pick();
        Assert.NotNull(picked);
        picked.Frame.Dispose();
        Assert.True(lane.IsDone);
    }

    [Fact]
    public void A_frame_whose_questions_went_with_the_one_before_is_idle()
    {
        var (lane, _) = Lane(EdgeRig.Once);
        lane.Offer(Take(1));
        var first = lane.Pick();
        first!.Frame.Dispose();

        lane.Offer(Take(2));

        Assert.Null(lane.Pick());
        Assert.Equal(1, lane.Counters.Idle.Value);
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Frames_offered_from_many_threads_while_others_pick_are_all_given_back()
    {
        var (lane, _) = Lane();
        Parallel.For(1, 20_000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, sequence =>
        {
            lane.Offer(Take(sequence));
            if (sequence % 3 == 0 && lane.IsWaiting)
            {
                lock (_pool)
                {
                    lane.Pick()?.Frame.Dispose();
                }
            }
        });

        lane.Close();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void What_is_asked_once_gets_a_whole_picture_even_where_every_frame_is_wanted_for_a_region()
    {
        var left = new FrameRegion(RegionPolygon.Parse("0,0 0.5,0 0.5,1 0,1"), []);
        var plan = EdgeRig.Plan("gate", EdgeRig.Always);
        plan = plan with { Questions = [plan.Questions[0] with { Region = left }] };
        var lane = Intakes.Of(plan, _time);
        lane.Ask(new AdHocQuestion(new Question("once", AnswerKind.Text), _ => { }));

        var picks = Enumerable.Range(1, 4).Select(sequence =>
        {
            lane.Offer(Take(sequence));
            var picked = lane.Pick()!;
            picked.Frame.Dispose();
            return (picked.Due.Count, picked.AdHoc.Count);
        }).ToList();

        Assert.Equal([(1, 0), (0, 1), (1, 0), (1, 0)], picks);
        lane.Close();
        Assert.Equal(0, _pool.Outstanding);
    }

    [Fact]
    public void Of_many_that_are_asked_once_two_go_with_each_frame_and_those_withdrawn_with_none()
    {
        var (lane, _) = Lane(EdgeRig.Once);
        var asked = Enumerable.Range(0, 6).Select(i => new AdHocQuestion(new Question($"{i}", AnswerKind.Text), _ => { })).ToList();
        asked.ForEach(lane.Ask);
        lane.Withdraw(asked[1]);

        var picks = Enumerable.Range(1, 3).Select(sequence =>
        {
            lane.Offer(Take(sequence));
            var picked = lane.Pick()!;
            picked.Frame.Dispose();
            return $"{picked.Due.Count}: {string.Join(' ', picked.AdHoc.Select(ask => ask.Question.Text))}";
        }).ToList();

        Assert.Equal(["1: 0 2", "0: 3 4", "0: 5"], picks);
        lane.Offer(Take(9));
        Assert.Equal(1, lane.Counters.Idle.Value);
        lane.Close();
    }

    private (CameraIntake Lane, WakeSignal Bell) Lane(TimeSpan? every = null)
    {
        var bell = new WakeSignal();
        return (Intakes.Of(EdgeRig.Plan("gate", every ?? EdgeRig.Always), _time, bell), bell);
    }

    private Frame Take(long sequence) => FakeFrame.Take(_pool, new CameraId("gate"), sequence, _time);
}
