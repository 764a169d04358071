using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

/// <summary>Clips in the history, with files of random bytes.</summary>
public sealed class HistoryClipTests : IDisposable
{
    private const int ClipBytes = 100_000;

    private readonly HistoryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_clip_is_stored_beside_the_snapshot_and_deleted_with_its_event()
    {
        _rig.Open();
        var frame = Event();
        Assert.True(Write(frame));
        var clip = _rig.Store.Clip(frame.Events[0].Id);
        Assert.Equal((ClipBytes, frame.At), (clip.Bytes, clip.At));
        Assert.Equal(Path.ChangeExtension(Assert.Single(_rig.SnapshotFiles, file => file.EndsWith(".jpg", StringComparison.Ordinal)), ".mp4"), clip.File);
        Assert.True(_rig.Events()[0].HasClip);
        _rig.Store.Tick(isLast: true);
        Assert.Equal((1, _rig.UsedBytes()), (_rig.Store.Stats.Clips, _rig.Store.Stats.Bytes));
        _rig.OpenAgain();
        Assert.Equal(clip, _rig.Store.Clip(frame.Events[0].Id));
        Assert.True(_rig.Store.Delete(frame.Events[0].Id));
        Assert.Empty(_rig.SnapshotFiles);
        _rig.Store.Tick();
        Assert.Equal(0, _rig.Store.Stats.Clips);
    }

    [Fact]
    public void Events_of_one_frame_share_a_clip_until_the_last_of_them_is_deleted()
    {
        _rig.Open();
        var frame = Event();
        var other = HistoryRig.Event(frame, "other");
        frame = frame with { Events = [frame.Events[0], other with { Question = "car" }] };
        Assert.True(Write(frame));
        Assert.True(_rig.Store.Delete(frame.Events[0].Id));
        Assert.NotNull(_rig.Store.Clip(other.Id).File);
        Assert.True(_rig.Store.Delete(other.Id));
        Assert.Empty(_rig.SnapshotFiles);
    }

    [Fact]
    public void A_clip_is_expected_until_it_comes_or_is_given_up()
    {
        _rig.Open();
        var (stored, dropped, lost) = (Event(), Event(), Event());
        foreach (var frame in (HistoryFrame[])[stored, dropped, lost])
        {
            Assert.False(_rig.Store.Clip(frame.Events[0].Id).IsExpected);
            _rig.Store.Write(frame with { ExpectsClip = true });
            Assert.True(_rig.Store.Clip(frame.Events[0].Id).IsExpected);
        }

        Assert.True(WriteClip(stored));
        Assert.False(_rig.Store.EndClip(NameOf(dropped), isWritten: false));
        Assert.Equal((false, false, true), (IsExpected(stored), IsExpected(dropped), IsExpected(lost)));
        _rig.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.False(IsExpected(lost));
        _rig.Store.Tick();
        Assert.Equal((1, 1), (_rig.Store.Stats.Clips, _rig.Store.Stats.ClipsDropped));
    }

    [Fact]
    public void Clips_count_in_the_limit_and_go_with_the_oldest_and_kept_ones_last()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = HistorySettings.SmallestMaxBytes };
        _rig.Open();
        var kept = Event();
        Write(kept, 1_000_000);
        Assert.True(_rig.Store.Keep(kept.Events[0].Id, true));
        HistoryFrame last = kept;
        for (var i = 0; i < 40; i++)
        {
            _rig.Time.Advance(TimeSpan.FromSeconds(30));
            Assert.True(Write(last = Event(), 1_000_000));
            Assert.InRange(_rig.UsedBytes(), 0, HistorySettings.SmallestMaxBytes);
        }

        _rig.Store.Tick();
        Assert.InRange(_rig.Store.Stats.Clips, 8, 14);
        Assert.NotNull(_rig.Store.Clip(kept.Events[0].Id).File);
        Assert.NotNull(_rig.Store.Clip(last.Events[0].Id).File);
        Assert.Equal(_rig.Store.Stats.Clips, _rig.SnapshotFiles.Count(file => file.EndsWith(".mp4", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_clip_that_is_being_written_counts_before_it_is_stored()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = HistorySettings.SmallestMaxBytes };
        _rig.Open();
        var first = Event();
        Write(first, 6_000_000);
        _rig.Time.Advance(TimeSpan.FromSeconds(30));
        var second = Event();
        _rig.Store.Write(second);
        Assert.NotNull(_rig.Store.BeginClip(NameOf(second), 7_900_000));
        _rig.Time.Advance(TimeSpan.FromSeconds(30));
        var third = Event();
        _rig.Store.Write(third);
        Assert.Null(_rig.Store.Clip(first.Events[0].Id).File);
        Assert.Throws<HistoryUnavailableException>(() => _rig.Store.BeginClip(NameOf(third), 8_100_000));
    }

    [Fact]
    public void A_clip_of_an_event_that_was_deleted_meanwhile_leaves_nothing()
    {
        _rig.Open();
        var frame = Event();
        _rig.Store.Write(frame);
        var draft = _rig.Store.BeginClip(NameOf(frame), ClipBytes)!;
        File.WriteAllBytes(draft, new byte[ClipBytes]);
        Assert.True(_rig.Store.Delete(frame.Events[0].Id));
        Assert.False(_rig.Store.EndClip(NameOf(frame), isWritten: true));
        Assert.Empty(_rig.SnapshotFiles);
        Assert.Null(_rig.Store.BeginClip(NameOf(frame), ClipBytes));
    }

    [Fact]
    public void What_a_killed_process_left_is_deleted_at_the_next_start()
    {
        _rig.Open();
        var (whole, torn, gone) = (Event(), Event(), Event());
        Assert.True(Write(whole) && Write(torn) && Write(gone));
        var files = new[] { whole, torn, gone }.Select(frame => _rig.Store.Clip(frame.Events[0].Id).File!).ToList();
        var begun = Event();
        _rig.Store.Write(begun);
        File.WriteAllBytes(_rig.Store.BeginClip(NameOf(begun), ClipBytes)!, new byte[10]);
        _rig.Close();
        File.WriteAllBytes(files[1], new byte[10]);
        File.Delete(files[2]);
        File.WriteAllBytes(Path.Combine(Path.GetDirectoryName(files[0])!, "120000000-99.mp4"), new byte[10]);
        _rig.Open();
        Assert.Equal(files[0], Assert.Single(_rig.SnapshotFiles, file => !file.EndsWith(".jpg", StringComparison.Ordinal)));
        Assert.NotNull(_rig.Store.Clip(whole.Events[0].Id).File);
        Assert.Equal(StoredClip.None, _rig.Store.Clip(torn.Events[0].Id));
        Assert.Equal(1, _rig.Store.Stats.Clips);
    }

    private HistoryFrame Event()
    {
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        return _rig.Frame(snapshotBytes: 1000, eventText: "it happened");
    }

    private bool IsExpected(HistoryFrame frame) => _rig.Store.Clip(frame.Events[0].Id).IsExpected;

    private bool Write(HistoryFrame frame, int bytes = ClipBytes)
    {
        _rig.Store.Write(frame);
        return WriteClip(frame, bytes);
    }

    private bool WriteClip(HistoryFrame frame, int bytes = ClipBytes)
    {
        File.WriteAllBytes(_rig.Store.BeginClip(NameOf(frame), bytes)!, HistoryRig.Picture(bytes));
        return _rig.Store.EndClip(NameOf(frame), isWritten: true);
    }

    private static SnapshotName NameOf(HistoryFrame frame) => new(frame.Camera, frame.At.ToUnixTimeMilliseconds(), frame.Frame);
}
