using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

public sealed class HistoryFaultTests : IDisposable
{
    private readonly HistoryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData(100)]
    [InlineData(4096 * 3)]
    public void A_damaged_file_is_set_aside_and_its_snapshots_stay(int damagedFrom)
    {
        _rig.Open();
        for (var i = 0; i < 500; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: i % 100 == 0 ? 2000 : 0));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        _rig.Close();
        using (var file = File.OpenWrite(_rig.DatabaseFile))
        {
            file.Position = damagedFrom;
            file.Write(Enumerable.Repeat((byte)0xa5, 4096 * 4).ToArray());
        }

        _rig.Open();
        Assert.Equal((1, StorageKind.Disk), (_rig.Store.Stats.Damaged, _rig.Store.Stats.Storage.Kind));
        Assert.Equal(1, _rig.Log.Count(1));
        Assert.Single(Directory.GetFiles(_rig.Settings.Folder, "history.db.damaged-*"));
        Assert.Equal((5, 5), (_rig.SnapshotFiles.Length, _rig.Timeline(TimeSpan.FromDays(1)).Snapshots.Count));
        _rig.Store.Write(_rig.Frame());
        _rig.Store.Tick(isLast: true);
        Assert.Equal(1, _rig.Store.Stats.Rows);
    }

    [Fact]
    public void Damage_that_shows_later_replaces_the_file_too()
    {
        _rig.Open();

        // More than SQLite keeps in memory.
        for (var i = 0; i < 10_000; i++)
        {
            var frame = _rig.Frame();
            _rig.Store.Write(frame with { Answers = [.. Enumerable.Range(0, 10).Select(question => frame.Answers[0] with { Question = $"question {question}" })] });
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
            if (i % 1000 == 0)
            {
                _rig.Store.Tick();
            }
        }

        _rig.Store.Tick(isLast: true);
        _rig.Store.Read(database =>
        {
            database.Compact();
            return true;
        });
        using (var file = new FileStream(_rig.DatabaseFile, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete))
        {
            file.Position = 4096;
            file.Write(Enumerable.Repeat((byte)0xa5, (int)file.Length - 4096).ToArray());
        }

        Assert.Throws<HistoryUnavailableException>(() =>
        {
            foreach (var question in Enumerable.Range(0, 10))
            {
                _rig.Store.Read(database => database.Answers(HistoryRig.Camera, $"question {question}", 0, long.MaxValue, int.MaxValue));
            }
        });
        Assert.Equal(1, _rig.Store.Stats.Damaged);
        _rig.Store.Tick();
        _rig.Store.Write(_rig.Frame());
        _rig.Store.Tick(isLast: true);
        Assert.NotEmpty(_rig.Timeline(TimeSpan.FromDays(1)).Points);
    }

    [Fact]
    public void A_file_that_is_removed_while_it_is_open_is_begun_anew()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame(snapshotBytes: 2000));
        _rig.Store.Tick(isLast: true);
        foreach (var file in Directory.GetFiles(_rig.Settings.Folder))
        {
            File.Delete(file);
        }

        _rig.Store.Write(_rig.Frame());
        _rig.Store.Tick(isLast: true);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        _rig.Store.Tick();
        _rig.Store.Tick(isLast: true);
        Assert.Equal(StorageKind.Disk, _rig.Store.Stats.Storage.Kind);
        Assert.True(File.Exists(_rig.DatabaseFile));
        Assert.Equal((1, 1), (_rig.Store.Stats.Rows, _rig.Store.Stats.Snapshots));
    }

    [Fact]
    public void Files_without_a_row_and_rows_without_a_file_go_at_the_start()
    {
        _rig.Open();
        for (var i = 0; i < 3; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 2000, eventText: $"event {i}"));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        _rig.Close();
        var files = _rig.SnapshotFiles.Order(StringComparer.Ordinal).ToArray();
        var folder = Path.GetDirectoryName(files[0])!;
        File.Delete(files[0]);
        File.WriteAllBytes(files[1], [1, 2, 3]);
        File.Copy(files[2], Path.Combine(folder, "000000001-77.jpg"));
        File.Copy(files[2], Path.Combine(folder, "000000001-78.jpg.new"));
        File.WriteAllText(Path.Combine(folder, "notes.txt"), "not of this program");
        _rig.Open();
        Assert.Equal([files[2], Path.Combine(folder, "notes.txt")], _rig.SnapshotFiles.Order(StringComparer.Ordinal));
        Assert.Equal(1, _rig.Store.Stats.Snapshots);
        Assert.Equal([true, false, false], _rig.Events().Select(it => it.Snapshot is not null));
    }

    [SmallDiskFact]
    public void A_full_disk_makes_the_oldest_go()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "size=6m");
        _rig.Settings = _rig.Settings with { Folder = Path.Combine(disk.Path, "history"), ReserveBytes = 256 * 1024 };
        _rig.Open();
        for (var i = 0; i < 500; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 50_000, eventText: $"event {i}"));
            _rig.Time.Advance(TimeSpan.FromSeconds(20));
            _rig.Store.Tick();
        }

        _rig.Store.Tick(isLast: true);
        Assert.Equal(StorageKind.Disk, _rig.Store.Stats.Storage.Kind);
        Assert.Equal("event 499", _rig.Events()[0].Event.Text);
        Assert.InRange(_rig.Events().Count, 5, 130);
        AssertConsistent();
    }

    [SmallDiskFact]
    public void A_day_on_a_disk_that_is_smaller_than_the_limit_keeps_the_newest_hours_without_a_hole()
    {
        const long DiskBytes = 8 << 20;
        using var disk = SmallDisk.Mount(_rig.Folder, $"size={DiskBytes}");
        _rig.Settings = _rig.Settings with { Folder = Path.Combine(disk.Path, "history"), ReserveBytes = 256 * 1024 };
        _rig.Open();
        var day = _rig.Time.GetUtcNow();
        var fullest = 0L;
        for (var second = 0; second < 86_400; second += 10)
        {
            var isSnapshot = second % 60 == 0;
            _rig.Store.Write(_rig.Frame(snapshotBytes: isSnapshot ? 20_000 : 0, eventText: second % 600 == 0 ? $"event {second / 600}" : null));
            _rig.Time.Advance(TimeSpan.FromSeconds(10));
            _rig.Store.Tick();
            fullest = Math.Max(fullest, isSnapshot ? _rig.Store.Stats.Bytes : 0);
        }

        _rig.Store.Tick(isLast: true);
        Assert.Equal((StorageKind.Disk, 0), (_rig.Store.Stats.Storage.Kind, (int)_rig.Store.Stats.Dropped));
        Assert.InRange(fullest, DiskBytes / 2, DiskBytes);
        Assert.Equal(_rig.UsedBytes(), _rig.Store.Stats.Bytes);
        var timeline = _rig.Store.Timeline(new TimelineQuery(HistoryRig.Camera, HistoryRig.Question, day, day + TimeSpan.FromDays(1), TimeSpan.FromMinutes(1)));
        var minutes = timeline.Snapshots.Select(it => (int)(it.At - day).TotalMinutes).ToList();
        Assert.Equal(Enumerable.Range(1440 - minutes.Count, minutes.Count), minutes);
        Assert.InRange(minutes.Count, 100, 400);
        Assert.Equal(Enumerable.Range(0, _rig.Events().Count).Select(i => $"event {143 - i}"), _rig.Events().Select(it => it.Event.Text));
        AssertConsistent();
    }

    [SmallDiskFact]
    public void A_disk_that_another_program_has_filled_pauses_the_history_until_there_is_space()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "size=6m");
        _rig.Settings = _rig.Settings with { Folder = Path.Combine(disk.Path, "history") };
        _rig.Open();
        _rig.Store.Write(_rig.Frame(snapshotBytes: 50_000));
        _rig.Store.Tick(isLast: true);
        var ballast = Path.Combine(disk.Path, "ballast");
        Fill(ballast);
        for (var i = 0; i < 50; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 50_000));
            _rig.Time.Advance(TimeSpan.FromSeconds(20));
            _rig.Store.Tick();
            Fill(ballast);
        }

        Assert.Equal((StorageKind.Paused, "the disk is full"), (_rig.Store.Stats.Storage.Kind, _rig.Store.Stats.Storage.Reason));
        File.Delete(ballast);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        _rig.Store.Tick();
        _rig.Store.Tick(isLast: true);
        Assert.Equal(StorageKind.Disk, _rig.Store.Stats.Storage.Kind);
        Assert.Equal(1, _rig.Log.Count(4));
        AssertConsistent();

        static void Fill(string file)
        {
            try
            {
                using var stream = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
                while (true)
                {
                    stream.Write(new byte[4096]);
                }
            }
            catch (IOException)
            {
                // It is full.
            }
        }
    }

    [SmallDiskFact]
    public void A_disk_that_is_read_only_for_a_while_is_used_again()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "size=6m");
        _rig.Settings = _rig.Settings with { Folder = Path.Combine(disk.Path, "history") };
        _rig.Open();
        _rig.Store.Write(_rig.Frame(snapshotBytes: 5000));
        _rig.Close();
        disk.Remount("ro");
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        _rig.Open();
        _rig.Store.Write(_rig.Frame(snapshotBytes: 5000));
        Assert.Equal(StorageKind.Paused, _rig.Store.Stats.Storage.Kind);
        disk.Remount("rw");
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        _rig.Store.Tick();
        _rig.Store.Tick(isLast: true);
        Assert.Equal((StorageKind.Disk, 2, 2), (_rig.Store.Stats.Storage.Kind, _rig.Store.Stats.Rows, _rig.Store.Stats.Snapshots));
        AssertConsistent();
    }

    [Fact]
    public void Memory_is_bounded_while_the_folder_cannot_be_used()
    {
        File.WriteAllText(_rig.Settings.Folder, "a file has the name of the folder");
        _rig.Settings = _rig.Settings with { MaxWaiting = 100, MaxWaitingBytes = 50_000 };
        _rig.Open();
        for (var i = 0; i < 300; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 1000));
        }

        _rig.Store.Tick();
        Assert.Equal((200, 250), (_rig.Store.Stats.Dropped, _rig.Store.Stats.SnapshotsDropped));
        File.Delete(_rig.Settings.Folder);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        _rig.Store.Tick();
        _rig.Store.Tick(isLast: true);
        Assert.Equal(StorageKind.Disk, _rig.Store.Stats.Storage.Kind);

        // All have the same moment, and a question has one answer of a moment.
        Assert.Equal(50, _rig.SnapshotFiles.Length);
    }

    [Fact]
    public async Task A_disk_that_hangs_delays_nobody_and_what_is_dropped_is_counted()
    {
        using var disk = new HangingFiles(_rig.Settings);
        var settings = _rig.Settings with { MaxWaiting = 50, CloseWithin = TimeSpan.FromMilliseconds(200) };
        await using var history = SqliteHistory.Open(settings, disk, HistoryDatabase.Open, TimeProvider.System, _rig.Log);
        history.Record(_rig.Frame(snapshotBytes: 1000) with { At = DateTimeOffset.UtcNow });
        Assert.True(disk.Hangs.Wait(TimeSpan.FromSeconds(60)));
        for (var i = 0; i < 80; i++)
        {
            history.Record(_rig.Frame());
        }

        Assert.Equal(30, history.Stats.Dropped);
        await Assert.ThrowsAsync<HistoryUnavailableException>(() => history.EventsAsync(new EventQuery(), CancellationToken.None));
        await history.DisposeAsync();
        Assert.Equal(1, _rig.Log.Count(7));
        disk.Release();
    }

    [Fact]
    public async Task Everything_is_written_at_a_clean_stop()
    {
        var frame = _rig.Frame(snapshotBytes: 1000, eventText: "last") with { At = DateTimeOffset.UtcNow };
        await using (var history = SqliteHistory.Open(_rig.Settings, new HistoryFiles(_rig.Settings), HistoryDatabase.Open, TimeProvider.System, _rig.Log))
        {
            history.Record(frame);
        }

        await using var again = SqliteHistory.Open(_rig.Settings, new HistoryFiles(_rig.Settings), HistoryDatabase.Open, TimeProvider.System, _rig.Log);
        var stored = Assert.Single((await again.EventsAsync(new EventQuery(), CancellationToken.None)).Events);
        Assert.Equal(frame.Snapshot!.Value.ToArray(), await again.SnapshotAsync(stored.Snapshot!.Value, CancellationToken.None));
        Assert.Empty(_rig.Log.All);
    }

    /// <summary>Every snapshot has a row with its length, and every row a file.</summary>
    private void AssertConsistent()
    {
        var files = new HistoryFiles(_rig.Settings).Scan();
        var rows = _rig.Store.Read(database => database.Snapshots());
        Assert.Equal(
            files.OrderBy(it => it.Key.Path, StringComparer.Ordinal),
            rows.Select(row => KeyValuePair.Create(row.Name, row.Bytes)).OrderBy(it => it.Key.Path, StringComparer.Ordinal));
    }

    private sealed class HangingFiles(HistorySettings settings) : HistoryFiles(settings), IDisposable
    {
        private readonly ManualResetEventSlim _released = new();

        public ManualResetEventSlim Hangs { get; } = new();

        public override void Write(SnapshotName name, ReadOnlySpan<byte> jpeg)
        {
            Hangs.Set();
            _released.Wait();
        }

        public void Release() => _released.Set();

        public void Dispose()
        {
            Release();
            Hangs.Dispose();
        }
    }
}
