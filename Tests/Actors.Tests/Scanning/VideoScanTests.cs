using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scanning;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Videos;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Scanning;

/// <summary>How a video is scanned: what is encoded and asked, what is reused, in which order, and what is left when it ends early.</summary>
public sealed class VideoScanTests
{
    private static readonly StandingQuestion Person = new("0", "person", QuestionKind.YesNo, TimeSpan.Zero);
    private static readonly StandingQuestion Car = new("1", "car", QuestionKind.YesNo, TimeSpan.Zero);

    private readonly FramePool _frames = new();
    private readonly FakeEngine _engine = new() { OnAnswer = (frame, _) => frame >= 4 ? "0.9" : "0.1" };

    [Fact]
    public void Each_new_scene_is_encoded_once_for_all_questions_and_the_others_reuse_its_answers()
    {
        var scanned = Scan([0, 0, 0, 200, 200, 0], [Person, Car]);
        Assert.Equal([false, true, true, false, true, false], scanned.Select(frame => frame.Reused));
        Assert.Equal(["encode 1", "encode 4", "encode 6"], _engine.Done.Items.Where(it => it.StartsWith("encode ", StringComparison.Ordinal)));
        Assert.Equal(
            ["ask 1 person", "ask 1 car", "ask 4 person", "ask 4 car", "ask 6 person", "ask 6 car"],
            _engine.Done.Items.Where(it => it.StartsWith("ask ", StringComparison.Ordinal)));
        Assert.Equal(["no", "no", "no", "yes", "yes", "yes"], scanned.Select(frame => frame.Answers[1].Value));
        Assert.Equal(Enumerable.Range(0, 6).Select(second => TimeSpan.FromSeconds(second)), scanned.Select(frame => frame.Time));
        Assert.Equal(0, _frames.Outstanding);
        Assert.True(_engine.HoldsNoTokens);
    }

    [Fact]
    public void Without_the_gate_every_sample_is_asked() =>
        Assert.All(Scan([0, 0, 0], [Person], gate: null), frame => Assert.False(frame.Reused));

    [Fact]
    public void Answers_grow_old_in_the_time_of_the_video()
    {
        _engine.OnAnswer = (_, _) => "0.1";

        // The first refresh after 30 s, and after the same value the next one after 60 s.
        var scanned = Scan(new byte[13], [Person], every: TimeSpan.FromSeconds(10));
        Assert.Equal([0, 30, 90], scanned.Where(frame => !frame.Reused).Select(frame => frame.Time.TotalSeconds));
    }

    [Fact]
    public void The_next_scene_is_encoded_while_one_is_answered()
    {
        using var encoded = new ManualResetEventSlim();
        _engine.OnEncode = frame =>
        {
            if (frame == 2)
            {
                encoded.Set();
            }
        };
        _engine.OnAsk = (frame, _, cancel) =>
        {
            Assert.True(frame != 1 || encoded.Wait(TimeSpan.FromSeconds(30), cancel), "The second scene waits for the answer about the first one.");
            return FinishReason.Stopped;
        };
        Assert.Equal(2, Scan([0, 200], [Person]).Count);
    }

    [Fact]
    public void A_region_that_leaves_nothing_gives_no_answer_and_asks_nothing()
    {
        var whole = RegionPolygon.Parse("0,0 1,0 1,1 0,1");
        var scanned = Scan([0, 0], [Person], region: new FrameRegion(null, [whole]));
        Assert.All(scanned, frame => Assert.Equal((null, UnknownReason.EmptyRegion), (frame.Answers[0].Value, frame.Answers[0].Unclear)));
        Assert.DoesNotContain(_engine.Done.Items, it => it.StartsWith("ask ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_was_answered_before_the_end_of_a_damaged_video_is_kept()
    {
        var scanned = new List<ScannedFrame>();
        Assert.Throws<VideoException>(() => Run(Damaged(), [Person], scanned));
        Assert.Equal(2, scanned.Count);
        Assert.Equal(0, _frames.Outstanding);

        IEnumerable<VideoFrame> Damaged()
        {
            yield return Sample(1, 0, TimeSpan.FromSeconds(1));
            yield return Sample(2, 200, TimeSpan.FromSeconds(1));
            throw new VideoException("ends here.");
        }
    }

    [Fact]
    public void A_cancelled_scan_keeps_what_it_has_and_gives_everything_back()
    {
        using var cancel = new CancellationTokenSource();
        var scanned = new List<ScannedFrame>();
        Assert.Throws<OperationCanceledException>(() => Run(
            Samples(new byte[100], TimeSpan.FromSeconds(1)), [Person], scanned, gate: null,
            onFrame: _ =>
            {
                if (scanned.Count == 3)
                {
                    cancel.Cancel();
                }
            },
            cancel: cancel.Token));
        Assert.Equal(3, scanned.Count);
        Assert.Equal(0, _frames.Outstanding);
        Assert.True(_engine.HoldsNoTokens);
    }

    private static SceneGateSettings Gate => new() { Threshold = 100 };

    private List<ScannedFrame> Scan(byte[] scenes, StandingQuestion[] questions, TimeSpan? every = null, FrameRegion? region = null)
    {
        var scanned = new List<ScannedFrame>();
        Run(Samples(scenes, every ?? TimeSpan.FromSeconds(1)), questions, scanned, Gate, region);
        return scanned;
    }

    private List<ScannedFrame> Scan(byte[] scenes, StandingQuestion[] questions, SceneGateSettings? gate)
    {
        var scanned = new List<ScannedFrame>();
        Run(Samples(scenes, TimeSpan.FromSeconds(1)), questions, scanned, gate);
        return scanned;
    }

    private void Run(
        IEnumerable<VideoFrame> samples,
        StandingQuestion[] questions,
        List<ScannedFrame> scanned,
        SceneGateSettings? gate = null,
        FrameRegion? region = null,
        Action<ScannedFrame>? onFrame = null,
        CancellationToken cancel = default)
    {
        using var encoder = _engine.OpenEncoder();
        using var answerer = _engine.OpenAnswerer();
        new VideoScan(encoder, answerer, new ScanSettings(questions) { Gate = gate, Region = region }).Run(
            samples,
            (frame, _) =>
            {
                scanned.Add(frame);
                onFrame?.Invoke(frame);
            },
            cancel);
    }

    private IEnumerable<VideoFrame> Samples(byte[] scenes, TimeSpan every) =>
        scenes.Select((scene, index) => Sample(index + 1, scene, every));

    private VideoFrame Sample(int number, byte scene, TimeSpan every)
    {
        var frame = FakeFrame.Take(_frames, new CameraId("video"), number, TimeProvider.System);
        frame.Pixels[8..].Fill(scene);
        return new VideoFrame((number - 1) * every, frame);
    }
}
