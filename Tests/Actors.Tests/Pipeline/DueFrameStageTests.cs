using Akka.Streams;
using Akka.Streams.Dsl;
using Akka.Streams.TestKit;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.Tests.Pipeline;

public sealed class DueFrameStageTests : ActorSpec
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always), EdgeRig.Plan("yard", EdgeRig.Always));
    private readonly IMaterializer _materializer;

    public DueFrameStageTests() => _materializer = Sys.Materializer();

    [Fact]
    public async Task A_frame_that_waits_is_emitted_on_demand_and_not_before()
    {
        _bench.Intake.Offer(_bench.Frame(1));
        var probe = Run();
        _bench.Intake.Offer(_bench.Frame(2));
        Assert.True(_bench.Intake.HasFrame);

        probe.Request(1);

        Assert.Equal(2, (await NextAsync(probe)).Frame.Sequence.Value);
    }

    [Fact]
    public async Task Demand_that_waits_is_served_by_the_next_frame()
    {
        var probe = Run();
        probe.Request(1);

        _bench.Intake.Offer(_bench.Frame(1));

        Assert.Equal(1, (await NextAsync(probe)).Frame.Sequence.Value);
    }

    [Fact]
    public async Task Neither_a_frame_nor_a_demand_is_missed_when_they_meet()
    {
        var probe = Run();
        for (var sequence = 1; sequence <= 500; sequence++)
        {
            var frame = _bench.Frame(sequence);
            var offering = Task.Run(() => _bench.Intake.Offer(frame));
            probe.Request(1);
            using (var next = await probe.ExpectNextAsync())
            {
                Assert.Equal(sequence, next.Frame.Sequence.Value);
            }

            await offering;
        }
    }

    [Fact]
    public async Task Beyond_the_limit_the_next_frame_waits_until_one_is_disposed()
    {
        var probe = Run();
        probe.Request(2);
        _bench.Intake.Offer(_bench.Frame(1));
        var first = await probe.ExpectNextAsync();
        _bench.Intakes.Current[1].Offer(_bench.Frame(2));
        Assert.False(_bench.Limit.HasCapacity);

        first.Dispose();

        Assert.Equal("yard", (await NextAsync(probe)).Intake.Configuration.Id.Value);
    }

    [Fact]
    public async Task A_camera_that_was_served_comes_last_next_time()
    {
        var probe = Run();
        var served = new List<string>();
        for (var turn = 0; turn < 4; turn++)
        {
            foreach (var intake in _bench.Intakes.Current)
            {
                intake.Offer(_bench.Frame(turn + 1));
            }

            probe.Request(1);
            using var frame = await probe.ExpectNextAsync();
            served.Add(frame.Intake.Configuration.Id.Value);
        }

        Assert.Equal(["gate", "yard", "gate", "yard"], served);
    }

    [Fact]
    public async Task It_completes_without_demand_when_every_camera_has_ended()
    {
        var probe = Run();
        _bench.Intakes.Current[0].End();
        _bench.Intakes.Current[1].End();

        await probe.ExpectSubscriptionAndCompleteAsync();
    }

    [Fact]
    public async Task It_completes_behind_the_last_frame_of_a_camera_that_has_ended()
    {
        _bench.Intake.Offer(_bench.Frame(1));
        var probe = Run();
        _bench.Intakes.Current[0].End();
        _bench.Intakes.Current[1].End();

        probe.Request(2);

        await NextAsync(probe);
        await probe.ExpectCompleteAsync();
    }

    [Fact]
    public async Task After_a_cancel_frames_stay_where_they_are()
    {
        var (ended, probe) = Stage().WatchTermination((_, ended) => ended).ToMaterialized(this.SinkProbe<InFlightFrame>(), Keep.Both).Run(_materializer);
        probe.Request(1);
        probe.Cancel();
        await ended.WaitAsync(Eventually.Patience);

        _bench.Intake.Offer(_bench.Frame(1));

        Assert.True(_bench.Intake.HasFrame);
        Assert.True(_bench.Limit.HasCapacity);
    }

    [Fact]
    public async Task When_the_steps_behind_it_fail_its_frame_stays_admitted_until_it_is_abandoned()
    {
        var ended = Stage().RunForeach(_ => throw new InvalidOperationException("as the test wants"), _materializer);

        _bench.Intake.Offer(_bench.Frame(1));

        await Assert.ThrowsAnyAsync<Exception>(() => ended.WaitAsync(Eventually.Patience));
        Assert.False(_bench.Limit.HasCapacity);
        Assert.Single(_bench.Limit.AbandonAll());
        Assert.Equal(0, _bench.Rig.Pool.Outstanding);
    }

    [Fact]
    public async Task A_camera_that_cannot_be_picked_from_fails_the_stream()
    {
        var crashes = new Crashes();
        var probe = Run();
        probe.Request(1);
        var failing = new CameraIntake(
            EdgeRig.Plan("hall", EdgeRig.Always),
            _bench.Counters[new CameraId("hall")],
            _bench.States,
            _bench.Wake,
            TimeSpan.FromSeconds(5),
            new CrashingTime(_bench.Time, crashes));
        _bench.Intakes.Change([failing]);
        crashes.ShouldFail = actor => !actor.StartsWith("testActor", StringComparison.Ordinal);

        failing.Offer(FakeFrame.Take(new FramePool(), failing.Configuration.Id, 1, _bench.Time));

        Assert.Equal("as the test wants", (await probe.ExpectErrorAsync()).Message);
    }

    [Fact]
    public async Task A_nudge_is_acknowledged_while_no_frame_comes()
    {
        var probe = Run();
        probe.Request(1);

        _bench.Limit.Nudge();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));

        await Eventually.TrueAsync(() => _bench.Limit.StuckFor == TimeSpan.Zero, "the stage reacts");
    }

    private protected override async Task CleanUpAsync()
    {
        _bench.Limit.AbandonAll();
        await _bench.DisposeAsync();
    }

    private Source<InFlightFrame, Akka.NotUsed> Stage() =>
        Source.FromGraph(new DueFrameStage(new FramePicker(_bench.Intakes, _bench.Uploads), _bench.Limit, _bench.Wake));

    private TestSubscriber.Probe<InFlightFrame> Run() => Stage().RunWith(this.SinkProbe<InFlightFrame>(), _materializer);

    /// <summary>The next frame, which is given back at once.</summary>
    private static async Task<InFlightFrame> NextAsync(TestSubscriber.Probe<InFlightFrame> probe)
    {
        var frame = await probe.ExpectNextAsync();
        frame.Dispose();
        return frame;
    }
}
