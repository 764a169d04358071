using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

public sealed class HistoryLimitTests(ITestOutputHelper output) : IDisposable
{
    private readonly HistoryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void The_files_never_take_more_than_the_limit_and_the_oldest_go_first()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = HistorySettings.SmallestMaxBytes };
        _rig.Open();
        var kept = _rig.Frame(snapshotBytes: 20_000, eventText: "kept");
        _rig.Store.Write(kept);
        Assert.True(_rig.Store.Keep(kept.Events[0].Id, true));
        var most = 0L;
        for (var i = 0; i < 1200; i++)
        {
            _rig.Time.Advance(TimeSpan.FromSeconds(30));
            _rig.Store.Write(_rig.Frame(snapshotBytes: 20_000, eventText: i % 10 == 0 ? $"event {i}" : null));
            _rig.Store.Tick();
            if (i % 20 == 0)
            {
                most = Math.Max(most, _rig.UsedBytes());
            }
        }

        _rig.Store.Tick(isLast: true);
        Assert.InRange(most, HistorySettings.SmallestMaxBytes * 3 / 4, HistorySettings.SmallestMaxBytes);
        Assert.Equal(_rig.SnapshotFiles.Length, _rig.Store.Stats.Snapshots);
        Assert.Equal(_rig.UsedBytes(), _rig.Store.Stats.Bytes);
        var events = _rig.Events();
        Assert.Equal("kept", events[^1].Event.Text);
        Assert.Equal(kept.Snapshot!.Value.ToArray(), _rig.Store.Snapshot(events[^1].Snapshot!.Value));

        // What is left is an unbroken part up to the newest event.
        var numbers = events.Take(events.Count - 1).Select(it => int.Parse(it.Event.Text[6..], CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(Enumerable.Range(0, numbers.Count).Select(i => 1190 - (10 * i)), numbers);
        Assert.InRange(numbers.Count, 10, 100);
    }

    [Fact]
    public void Kept_events_go_last_and_then_the_oldest_first()
    {
        _rig.Settings = _rig.Settings with { MaxBytes = HistorySettings.SmallestMaxBytes };
        _rig.Open();
        for (var i = 0; i < 400; i++)
        {
            var frame = _rig.Frame(snapshotBytes: 60_000, eventText: $"event {i}");
            _rig.Store.Write(frame);
            Assert.True(_rig.Store.Keep(frame.Events[0].Id, true));
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.InRange(_rig.UsedBytes(), 1, HistorySettings.SmallestMaxBytes);
        var events = _rig.Events();
        Assert.Equal("event 399", events[0].Event.Text);
        Assert.InRange(events.Count, 50, 399);
        Assert.Equal(events.Count, _rig.SnapshotFiles.Length);
    }

    [Fact]
    public void What_is_too_old_goes_except_kept_events()
    {
        _rig.Open();
        var kept = _rig.Frame(snapshotBytes: 1000, eventText: "kept");
        _rig.Store.Write(kept);
        _rig.Store.Write(_rig.Frame(snapshotBytes: 1000, eventText: "not kept", camera: "yard"));
        _rig.Store.Keep(kept.Events[0].Id, true);
        _rig.Time.Advance(TimeSpan.FromDays(29.9));
        _rig.Store.Tick();
        Assert.Equal(2, _rig.Events().Count);
        _rig.Time.Advance(TimeSpan.FromDays(0.2));
        _rig.Store.Tick();
        Assert.Equal("kept", Assert.Single(_rig.Events()).Event.Text);
        Assert.Single(_rig.SnapshotFiles);
        Assert.Equal(0, _rig.Store.Stats.Rows);
    }

    [Fact]
    public void A_clock_that_jumps_forward_deletes_nothing_for_an_hour()
    {
        _rig.Open();
        _rig.Time.Advance(TimeSpan.FromHours(2));
        _rig.Store.Write(_rig.Frame());
        _rig.Store.Tick(isLast: true);
        _rig.Store.Tick();
        _rig.Time.JumpWallClock(TimeSpan.FromDays(365));
        _rig.Time.Advance(TimeSpan.FromMinutes(2));
        _rig.Store.Tick();
        Assert.Equal(1, _rig.Store.Stats.Rows);
        _rig.Time.JumpWallClock(TimeSpan.FromDays(-365));
        _rig.Time.Advance(TimeSpan.FromHours(3));
        _rig.Store.Tick();
        _rig.Time.Advance(TimeSpan.FromHours(3));
        _rig.Store.Tick();
        Assert.Equal(1, _rig.Store.Stats.Rows);
    }

    [Fact]
    public void A_disk_that_others_fill_makes_the_oldest_go_and_then_pauses_the_history()
    {
        var disk = new FilledDisk(_rig.Settings);
        _rig.Settings = _rig.Settings with { MinFreeBytes = 100_000_000 };
        _rig.Files = _ => disk;
        _rig.Open();
        for (var i = 0; i < 40; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 100_000));
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        // Each deleted snapshot frees its size.
        disk.FreeBytes = 101_000_000;
        _rig.Store.Write(_rig.Frame(snapshotBytes: 100_000));
        Assert.InRange(_rig.SnapshotFiles.Length, 1, 30);
        disk.FreeBytes = 0;
        _rig.Store.Write(_rig.Frame(snapshotBytes: 100_000));
        _rig.Store.Tick();
        Assert.Empty(_rig.SnapshotFiles);
        Assert.Equal(StorageKind.Paused, _rig.Store.Stats.Storage.Kind);
        Assert.Contains("MinFreeMegabytes", _rig.Store.Stats.Storage.Reason, StringComparison.Ordinal);

        // What is there can be read meanwhile.
        Assert.Empty(_rig.Events());
        disk.FreeBytes = 500_000_000;
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        _rig.Store.Write(_rig.Frame(snapshotBytes: 100_000));
        _rig.Store.Tick();
        Assert.Equal(StorageKind.Disk, _rig.Store.Stats.Storage.Kind);
        Assert.Equal(2, _rig.SnapshotFiles.Length);
    }

    /// <summary>Prints size and query time, which depend on the machine.</summary>
    [Fact]
    public void A_day_of_a_question_that_is_asked_every_two_seconds()
    {
        _rig.Open();
        var day = _rig.Time.GetUtcNow();
        var random = new Random(1);
        for (var second = 0; second < 86_400; second += 2)
        {
            var frame = _rig.Frame(snapshotBytes: second % 60 == 0 ? 20_000 : 0);
            _rig.Store.Write(frame with
            {
                Answers = [frame.Answers[0] with { Score = random.NextDouble() }],
            });
            _rig.Time.Advance(TimeSpan.FromSeconds(2));
            _rig.Store.Tick();
        }

        _rig.Store.Tick(isLast: true);
        Assert.Equal(43_200, _rig.Store.Stats.Rows);
        var query = new TimelineQuery(HistoryRig.Camera, HistoryRig.Question, day, day + TimeSpan.FromDays(1), TimeSpan.FromMinutes(1));
        _rig.Store.Timeline(query);
        var started = Stopwatch.GetTimestamp();
        var timeline = _rig.Store.Timeline(query);
        var took = Stopwatch.GetElapsedTime(started);
        Assert.Equal((1440, 43_200), (timeline.Points.Count, timeline.Points.Sum(point => point.Answers)));
        Assert.Equal(1440, timeline.Snapshots.Count);
        var database = new FileInfo(_rig.DatabaseFile).Length;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{_rig.Store.Stats.Rows} answers in {database / 1e6:0.0} MB, {(double)database / _rig.Store.Stats.Rows:0} bytes each; all files {_rig.UsedBytes() / 1e6:0.0} MB; timeline of a day in {took.TotalMilliseconds:0} ms."));
        Assert.InRange(database / _rig.Store.Stats.Rows, 20, 60);
    }

    /// <summary>A disk whose free space the test decides; deleting a snapshot frees 100 kB.</summary>
    private sealed class FilledDisk(HistorySettings settings) : HistoryFiles(settings)
    {
        public long FreeBytes { get; set; } = 500_000_000;

        public override long Free() => FreeBytes;

        public override void Delete(SnapshotName name)
        {
            base.Delete(name);
            FreeBytes += FreeBytes == 0 ? 0 : 100_000;
        }
    }
}
