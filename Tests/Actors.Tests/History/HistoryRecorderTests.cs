using System.Text;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Tests.History;

public sealed class HistoryRecorderTests : IAsyncDisposable
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly FakeHistory _history = new();
    private readonly HistoryRecorder _recorder;
    private readonly HistoryPictures _pictures;
    private long _sequence;

    public HistoryRecorderTests()
    {
        _pictures = new HistoryPictures(_bench.States, _bench.Time);
        _recorder = new HistoryRecorder(_history, _pictures, _bench.States, _bench.Messages.Events, path => $"https://edge.example{path}", _bench.Time);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public void An_answer_is_recorded_with_its_score_and_its_thresholds()
    {
        var recorded = Record(0.9);
        var answer = Assert.Single(recorded.Answers);
        Assert.Equal(("person", "yes", 0.9, true), (answer.Question, answer.Value, answer.Score, answer.IsWord));
        Assert.Equal(new HistoryThresholds(0.6, 0.4, null), answer.Thresholds);
        Assert.Equal([new HistoryState("person", "yes", null)], recorded.States);
    }

    [Fact]
    public void A_state_is_recorded_when_it_changes_and_not_with_each_answer()
    {
        Assert.Single(Record(0.9).States);
        Assert.Empty(Record(0.8).States);
        Assert.Equal([new HistoryState("person", "no", null)], Record(0.1).States);
    }

    [Fact]
    public void The_first_frame_and_one_per_minute_keep_their_snapshot()
    {
        Assert.NotNull(Record(0.9).Snapshot);
        for (var i = 0; i < 5; i++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(11));
            Assert.Null(Record(0.9).Snapshot);
        }

        _bench.Time.Advance(TimeSpan.FromSeconds(11));
        Assert.NotNull(Record(0.9).Snapshot);
    }

    [Fact]
    public void Each_event_keeps_its_snapshot_and_has_an_address()
    {
        Record(0.1);
        foreach (var score in (double[])[0.9, 0.1, 0.9])
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            var recorded = Record(score);
            var happened = Assert.Single(recorded.Events);
            Assert.Equal($"jpeg {recorded.Frame}", Encoding.UTF8.GetString(recorded.Snapshot!.Value.Span));
            Assert.Equal($"https://edge.example/api/v1/events/{happened.Id}/snapshot.jpg", _recorder.SnapshotAddress(happened.Id));
            Assert.Contains($"\"id\":\"{happened.Id}\"", happened.Document, StringComparison.Ordinal);
        }

        Assert.Null(_recorder.SnapshotAddress(Guid.NewGuid()));
    }

    [Fact]
    public void Near_misses_keep_a_snapshot_once_a_minute()
    {
        Record(0.1);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(Record(0.5).Snapshot);
        _bench.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Null(Record(0.5).Snapshot);
        Assert.Null(Record(0.34).Snapshot);
        _bench.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.NotNull(Record(0.36).Snapshot);
    }

    [Fact]
    public void An_event_that_comes_with_time_has_the_snapshot_of_its_frame_or_none()
    {
        foreach (var (jpeg, expected) in (IEnumerable<(byte[]?, bool)>)[([1], true), (null, false)])
        {
            Record(Frame(0.1, jpeg));
            var frame = Frame(0.9, jpeg);
            _bench.Evaluators.Apply(frame);
            var updates = _bench.Evaluators.TakeUnsent()[^1];
            _recorder.Record(new StateUpdates(null, updates.Updates));
            var recorded = _history.Frames.Items[^1];
            Assert.Equal(frame.Sequence.Value, recorded.Frame);
            Assert.Null(recorded.Snapshot);
            _recorder.Record(updates with { Frame = updates.Frame! with { Snapshot = jpeg is null ? (ReadOnlyMemory<byte>?)null : jpeg } });
            _recorder.Record(new StateUpdates(null, updates.Updates));
            Assert.Equal(expected, _history.Frames.Items[^1].Snapshot is not null);
        }
    }

    [Fact]
    public void A_picture_is_made_only_for_a_frame_whose_snapshot_may_be_stored()
    {
        Assert.True(_recorder.MayNeedPicture(Frame(0.1, jpeg: null)));
        Record(0.1);
        Assert.False(_recorder.MayNeedPicture(Frame(0.1, jpeg: null)));
        Assert.True(_recorder.MayNeedPicture(Frame(0.9, jpeg: null)));
        Assert.True(_recorder.MayNeedPicture(Frame(0.5, jpeg: null)));
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.True(_recorder.MayNeedPicture(Frame(0.1, jpeg: null)));
    }

    [Fact]
    public void An_event_without_a_snapshot_has_no_address()
    {
        Record(0.1);
        var recorded = Record(Frame(0.9, jpeg: null));
        Assert.Null(recorded.Snapshot);
        Assert.Null(_recorder.SnapshotAddress(Assert.Single(recorded.Events).Id));
    }

    [Fact]
    public async Task A_camera_that_publishes_no_snapshots_has_them_in_the_history_and_encodes_no_others()
    {
        var encoded = 0;
        var history = new FakeHistory();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { History = history, IsJson = true };
        rig.Jpeg = frame =>
        {
            Interlocked.Increment(ref encoded);
            return Encoding.UTF8.GetBytes($"jpeg {frame.Sequence}");
        };
        rig.Engine.OnAnswer = (frame, _) => frame < 3 ? "0.1" : "0.9";
        await rig.StartAsync();
        for (var i = 1; i <= 5; i++)
        {
            rig.Camera.Push();
            await history.Frames.UntilCountAsync(i);
        }

        Assert.Equal(["jpeg 1", null, "jpeg 3", null, null], history.Frames.Items.Select(it => it.Snapshot is { } jpeg ? Encoding.UTF8.GetString(jpeg.Span) : null));
        Assert.Equal(2, encoded);
        Assert.DoesNotContain(rig.Link.Published.Items, message => message.Contains("/snapshot=", StringComparison.Ordinal));
        var happened = Assert.Single(history.Frames.Items[2].Events);
        var members = $"\"historyId\":\"{happened.Id}\",\"snapshotUrl\":\"https://edge.example/api/v1/events/{happened.Id}/snapshot.jpg?signed\"";
        await rig.Link.Published.UntilAsync(all => all.Any(message => message.Contains(members, StringComparison.Ordinal)), members);
        await rig.Edge.StopAsync();
        Assert.True(history.IsDisposed);
    }

    [Fact]
    public async Task An_event_whose_clip_is_recorded_has_its_address_and_is_requested_once()
    {
        var clips = new FakeClips();
        var recorder = new HistoryRecorder(_history, _pictures, _bench.States, _bench.Messages.Events, path => $"https://edge.example{path}", _bench.Time) { Clips = clips };
        await using (clips)
        {
            foreach (var (hasVideo, score) in (IEnumerable<(bool, double)>)[(true, 0.1), (true, 0.9), (false, 0.1)])
            {
                clips.HasVideo = hasVideo;
                _bench.Evaluators.Apply(Frame(score, jpeg: [1]));
                foreach (var updates in _bench.Evaluators.TakeUnsent())
                {
                    recorder.Record(updates);
                    recorder.Record(updates);
                }
            }
        }

        var events = _history.Frames.Items.SelectMany(frame => frame.Events).Select(it => it.Id).Distinct().ToList();
        Assert.Equal(2, events.Count);
        Assert.Equal($"https://edge.example/api/v1/events/{events[0]}/clip.mp4", recorder.ClipAddress(events[0]));
        Assert.Null(recorder.ClipAddress(events[1]));

        // The second one is requested again, because it has none.
        Assert.Equal([2, 3, 3], clips.Requests.Select(it => it.Frame));
        Assert.Equal([true, false], _history.Frames.Items.Where(frame => frame.Events.Count > 0).DistinctBy(frame => frame.Frame).Select(frame => frame.ExpectsClip));
    }

    [Fact]
    public void The_picture_of_a_camera_that_was_removed_is_forgotten()
    {
        Record(Frame(0.1, jpeg: [1]));
        Assert.Equal(1, _recorder.RememberedPictures);
        _recorder.Configure([]);
        Assert.Equal(0, _recorder.RememberedPictures);

        // A frame that was in flight comes after that.
        Record(Frame(0.9, jpeg: [2]));
        Assert.Equal(0, _recorder.RememberedPictures);
        _recorder.Configure([EdgeRig.Plan("gate", EdgeRig.Always)]);
        Record(Frame(0.1, jpeg: [3]));
        Assert.Equal(1, _recorder.RememberedPictures);
    }

    [Fact]
    public void A_reason_without_answers_is_a_gap_of_the_timeline() => Assert.All(
        Enum.GetValues<UnknownReason>(),
        reason => Assert.Equal(reason.IsDeliberate() || reason.NeedsAttention(), GapReasons.MeansGap(reason.ToText())));

    private HistoryFrame Record(double score) => Record(Frame(score, Encoding.UTF8.GetBytes($"jpeg {_sequence + 1}")));

    private HistoryFrame Record(FrameAnswered frame)
    {
        _bench.Evaluators.Apply(frame);
        foreach (var updates in _bench.Evaluators.TakeUnsent())
        {
            _recorder.Record(updates);
        }

        return _history.Frames.Items[^1];
    }

    private FrameAnswered Frame(double score, byte[]? jpeg)
    {
        var frame = _bench.Answered(++_sequence, score >= 0.5 ? "yes" : "no");
        var answer = frame.Answers[0];
        return frame with
        {
            Answers = [answer with { Parts = [answer.Parts[0] with { Score = score }] }],
            Snapshot = jpeg is null ? (ReadOnlyMemory<byte>?)null : jpeg,
        };
    }
}
