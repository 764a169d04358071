using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

public sealed class OutboxFaultTests : IAsyncDisposable
{
    private readonly OutboxRig _rig = new();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    /// <summary>The system's reasons end with one, and the log's sentence continues after them.</summary>
    [Fact]
    public void A_reason_ends_without_a_full_stop() => Assert.Equal(
        "The file '/x' already exists", StorageError.From(new IOException("The file '/x' already exists.")).Message);

    [Theory]
    [InlineData(0, 64, false)]
    [InlineData(4096, 4096, true)]
    [InlineData(30_000, 30_000, true)]
    public async Task What_can_be_read_of_a_damaged_file_is_sent_and_the_rest_is_reported_as_lost(int at, int length, bool canBeRead)
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 200, bytes: 500);
        await _rig.Outbox.DisposeAsync();
        using (var file = File.OpenWrite(_rig.Settings.Path))
        {
            Assert.True(file.Length > at + length);
            file.Position = at;
            file.Write(Enumerable.Repeat((byte)0xA5, length).ToArray());
        }

        _rig.Open();
        Assert.Equal(1, _rig.Outbox.Stats.Damaged);
        Assert.Equal(StorageCondition.OnDisk, _rig.Outbox.Stats.Storage);
        Assert.Equal(1, _rig.Log.Count(61));
        Assert.Single(Directory.GetFiles(_rig.Folder, "*.damaged-*"));
        await _rig.StoreAsync("gate", 1000, 3);
        var (numbers, lost) = (new List<int>(), 0L);
        while (await _rig.Outbox.OldestAsync(OutboxRig.All) is { } waiting)
        {
            numbers.Add(int.Parse(waiting.Event.Id.Split('-')[1], CultureInfo.InvariantCulture));
            lost += waiting.LostBefore;
            await _rig.Outbox.RemoveAsync(waiting.Event.Id);
        }

        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal([1000, 1001, 1002], numbers.TakeLast(3));
        Assert.Equal(canBeRead ? 203 : 3, numbers.Count + lost);
        Assert.True(numbers.Count > (canBeRead ? 100 : 0));
    }

    [Fact]
    public async Task A_file_that_is_not_a_database_is_set_aside()
    {
        File.WriteAllText(_rig.Settings.Path, new string('x', 10_000));
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        Assert.Equal(1, _rig.Outbox.Stats.Damaged);
    }

    [Fact]
    public async Task Of_damaged_files_only_the_last_is_kept()
    {
        for (var i = 0; i < 3; i++)
        {
            File.WriteAllText(_rig.Settings.Path, $"no database {i}".PadRight(5000, 'x'));
            _rig.Open();
            await _rig.Outbox.DisposeAsync();
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        var kept = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_rig.Settings.Path)!, "*.damaged-*"));
        Assert.StartsWith("no database 2", File.ReadAllText(kept), StringComparison.Ordinal);
    }

    /// <summary>A copy that is being made, or a person with the sqlite3 program. A second service is refused before.</summary>
    [Fact]
    public async Task A_file_that_another_program_has_locked_is_waited_for_in_memory_and_not_for_a_minute()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        await _rig.Outbox.DisposeAsync();
        var started = Stopwatch.GetTimestamp();
        await using (Lock(_rig.Settings.Path))
        {
            _rig.Open();
            Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
            Assert.Equal(StorageCondition.InMemory("another process has the file open"), _rig.Outbox.Stats.Storage);
            Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 2)));
        }

        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _rig.StoreAsync("gate", 3, 1);
        Assert.Equal(StorageCondition.OnDisk, _rig.Outbox.Stats.Storage);
        await _rig.OpenAgainAsync();
        Assert.Equal(["gate-1", "gate-2", "gate-3"], await _rig.DrainAsync());
    }

    [Theory]
    [InlineData("outbox.db")]
    [InlineData("outbox.db-wal")]
    [InlineData(".")]
    public async Task With_any_obstacle_in_the_way_of_a_file_events_wait_in_memory_and_are_on_disk_once_it_is_gone(string inTheWay)
    {
        _rig.Settings = _rig.Settings with { Path = Path.Combine(_rig.Folder, "state", "outbox.db") };
        var obstacle = Path.GetFullPath(Path.Combine(_rig.Folder, "state", inTheWay));
        if (inTheWay == ".")
        {
            File.WriteAllText(obstacle, "A file where the folder should be.");
        }
        else
        {
            Directory.CreateDirectory(Path.Combine(obstacle, "not empty"));
        }

        _rig.Open();
        Assert.Equal(StorageKind.Memory, _rig.Outbox.Stats.Storage.Kind);
        if (inTheWay == "outbox.db")
        {
            Assert.Equal("a directory has this name", _rig.Outbox.Stats.Storage.Reason);
        }

        for (var number = 1; number <= 3; number++)
        {
            Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", number)));
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        await _rig.Outbox.RemoveAsync("gate-1");
        Assert.Equal(1, _rig.Log.Count(62));
        if (inTheWay == ".")
        {
            File.Delete(obstacle);
        }
        else
        {
            Directory.Delete(obstacle, recursive: true);
        }

        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _rig.StoreAsync("gate", 4, 1);
        Assert.Equal(StorageCondition.OnDisk, _rig.Outbox.Stats.Storage);
        Assert.Equal(1, _rig.Log.Count(64));
        await _rig.OpenAgainAsync();
        Assert.Equal(["gate-2", "gate-3", "gate-4"], await _rig.DrainAsync());
    }

    [Fact]
    public async Task A_disk_that_works_again_is_noticed_without_an_event()
    {
        Directory.CreateDirectory(_rig.Settings.Path);
        _rig.Open();
        Directory.Delete(_rig.Settings.Path);
        _rig.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.Null(await _rig.Outbox.OldestAsync(OutboxRig.All));
        Assert.Equal(StorageCondition.OnDisk, _rig.Outbox.Stats.Storage);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Neither_a_pipe_nor_a_loop_of_links_in_its_place_holds_up_the_service(bool pipe)
    {
        Place(pipe, _rig.Settings.Path);
        Place(pipe, $"{_rig.Settings.Path}.reserve");
        _rig.Settings = _rig.Settings with { ReserveBytes = 4096 };
        _rig.Open();
        Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)));
        Assert.Equal(pipe, _rig.Outbox.Stats.Storage.Reason == "it is not a regular file");
        File.Delete(_rig.Settings.Path);
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _rig.StoreAsync("gate", 2, 1);
        Assert.Equal(["gate-1", "gate-2"], await _rig.DrainAsync());

        static void Place(bool pipe, string path)
        {
            if (pipe)
            {
                using var made = Process.Start("mkfifo", [path]);
                made.WaitForExit();
                Assert.Equal(0, made.ExitCode);
            }
            else
            {
                File.CreateSymbolicLink(path, path);
            }
        }
    }

    /// <summary>What a power cut leaves of the log: a part of it, up to any byte.</summary>
    [Fact]
    public async Task A_log_that_is_cut_short_anywhere_keeps_all_that_was_stored_before()
    {
        var (path, lengths) = await StoreOneByOneAsync(8);
        for (var cut = 0L; cut <= lengths[^1]; cut += 311)
        {
            var (stored, damaged) = await OpenCopyAsync(path, log => log.SetLength(cut));
            var whole = lengths.FindLastIndex(length => length <= cut) + 1;
            Assert.True(stored.SequenceEqual(Enumerable.Range(1, whole).Select(n => $"gate-{n}")), $"{cut}: {string.Join(' ', stored)}");
            Assert.Equal(0, damaged);
        }
    }

    [Fact]
    public async Task A_damaged_log_loses_only_what_follows_the_damage_and_that_is_reported()
    {
        var (path, lengths) = await StoreOneByOneAsync(8);
        for (var at = 0L; at < lengths[^1]; at += 1031)
        {
            var (stored, damaged) = await OpenCopyAsync(path, log =>
            {
                log.Position = at;
                log.Write([0xA5, 0x5A, 0xA5, 0x5A, 0xA5, 0x5A, 0xA5, 0x5A]);
            });
            Assert.Equal(Enumerable.Range(1, stored.Count).Select(n => $"gate-{n}"), stored);
            Assert.True(stored.Count >= 7 || damaged == 1, $"{at}: {stored.Count} events, damaged {damaged}");
        }
    }

    [Fact]
    public async Task A_database_that_is_cut_short_anywhere_is_replaced_or_complete()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 100, bytes: 500);
        await _rig.Outbox.DisposeAsync();
        var whole = File.ReadAllBytes(_rig.Settings.Path);
        for (var cut = 1; cut < whole.Length; cut += 3011)
        {
            File.WriteAllBytes(_rig.Settings.Path, whole[..cut]);
            _rig.Open();
            await _rig.StoreAsync("gate", 1000, 1);
            var numbers = (await _rig.DrainAsync()).ConvertAll(id => int.Parse(id.Split('-')[1], CultureInfo.InvariantCulture));
            Assert.Equal(numbers.Order(), numbers);
            Assert.Equal(1000, numbers[^1]);
            Assert.True(numbers.Count == 101 || _rig.Outbox.Stats.Damaged == 1, $"{cut}: {numbers.Count}");
            await _rig.Outbox.DisposeAsync();
            File.Delete(_rig.Settings.Path);
        }
    }

    [Fact]
    public async Task A_link_to_a_file_elsewhere_is_an_outbox_like_any_other()
    {
        var target = Path.Combine(Directory.CreateDirectory(Path.Combine(_rig.Folder, "elsewhere")).FullName, "events.db");
        File.CreateSymbolicLink(_rig.Settings.Path, target);
        for (var number = 1; number <= 3; number++)
        {
            _rig.Open();
            await _rig.StoreAsync("gate", number, 1);
            await _rig.Outbox.DisposeAsync();
        }

        Assert.True(File.Exists(target));
        _rig.Open();
        Assert.Equal(["gate-1", "gate-2", "gate-3"], await _rig.DrainAsync());
        Assert.Empty(_rig.Log.All);
    }

    [Fact]
    public async Task A_reserve_that_cannot_be_made_costs_nothing_else()
    {
        Directory.CreateDirectory(Path.Combine($"{_rig.Settings.Path}.reserve", "not empty"));
        _rig.Settings = _rig.Settings with { ReserveBytes = 4096 };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 3);
        Assert.Equal(["gate-1", "gate-2", "gate-3"], await _rig.DrainAsync());
        Assert.Empty(_rig.Log.All);
    }

    [Fact]
    public async Task A_folder_with_the_name_for_damaged_files_is_gone_around()
    {
        Directory.CreateDirectory(Path.Combine(
            $"{_rig.Settings.Path}.damaged-{_rig.Time.GetUtcNow():yyyyMMdd'T'HHmmss}", "not empty"));
        File.WriteAllText(_rig.Settings.Path, new string('x', 10_000));
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 1);
        Assert.Equal((1, StorageCondition.OnDisk), (_rig.Outbox.Stats.Damaged, _rig.Outbox.Stats.Storage));
    }

    [Fact]
    public async Task A_database_of_another_program_is_left_as_it_is()
    {
        using (var other = new SqliteConnection($"Data Source={_rig.Settings.Path};Pooling=False"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')";
            command.ExecuteNonQuery();
        }

        var before = File.ReadAllBytes(_rig.Settings.Path);
        _rig.Open();
        Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)));
        Assert.Equal(StorageCondition.InMemory("it is the database of another program"), _rig.Outbox.Stats.Storage);
        await _rig.Outbox.DisposeAsync();
        Assert.Equal(before, File.ReadAllBytes(_rig.Settings.Path));
    }

    [Fact]
    public async Task A_database_of_a_newer_version_is_renamed_and_what_is_in_it_is_sent()
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 2);
        await _rig.Outbox.DisposeAsync();
        using (var newer = new SqliteConnection($"Data Source={_rig.Settings.Path};Pooling=False"))
        {
            newer.Open();
            using var command = newer.CreateCommand();
            command.CommandText = "PRAGMA user_version = 99";
            command.ExecuteNonQuery();
        }

        _rig.Open();
        Assert.Single(Directory.GetFiles(_rig.Folder, "outbox.db.newer-*"));
        await _rig.StoreAsync("gate", 3, 1);
        Assert.Equal(["gate-1", "gate-2", "gate-3"], await _rig.DrainAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-wal")]
    public async Task A_file_that_is_removed_while_it_is_open_is_written_again(string part)
    {
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 3);
        File.Delete(_rig.Settings.Path + part);
        await _rig.StoreAsync("gate", 4, 1);
        Assert.Equal(1, _rig.Log.Count(68));
        await _rig.OpenAgainAsync();
        Assert.Equal(["gate-1", "gate-2", "gate-3", "gate-4"], await _rig.DrainAsync());
    }

    [SmallDiskFact]
    public async Task A_disk_without_space_for_another_file_is_a_temporary_fault()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "nr_inodes=2");
        var filler = Path.Combine(disk.Path, "filler");
        File.WriteAllText(filler, "");
        _rig.Settings = _rig.Settings with { Path = Path.Combine(disk.Path, "outbox.db") };
        _rig.Open();
        Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)));
        File.Delete(filler);
        disk.Remount("nr_inodes=20");
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _rig.StoreAsync("gate", 2, 1);
        await _rig.OpenAgainAsync();
        Assert.Equal(["gate-1", "gate-2"], await _rig.DrainAsync());
        await _rig.Outbox.DisposeAsync();
    }

    /// <summary>The start on a file system that was remounted read-only: what waits is read and sent, and is not sent again
    /// once the disk can be written.</summary>
    [SmallDiskFact]
    public async Task Events_on_a_read_only_disk_are_sent_and_leave_it_when_it_can_be_written()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "size=4m");
        _rig.Settings = _rig.Settings with { Path = Path.Combine(disk.Path, "outbox.db") };
        _rig.Open();
        await _rig.StoreAsync("gate", 1, 4);
        await _rig.Outbox.DisposeAsync();
        disk.Remount("ro");
        _rig.Open();
        Assert.Equal(StorageKind.Memory, _rig.Outbox.Stats.Storage.Kind);
        Assert.Equal(4, _rig.Outbox.Stats.Rows);
        Assert.Equal("gate-1", (await _rig.Outbox.OldestAsync(OutboxRig.All))!.Event.Id);
        await _rig.Outbox.RemoveAsync("gate-1");
        Assert.Equal(StoreOutcome.InMemory, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 5)));
        disk.Remount("rw");
        _rig.Time.Advance(TimeSpan.FromMinutes(1));
        await _rig.StoreAsync("gate", 6, 1);
        Assert.Equal(StorageCondition.OnDisk, _rig.Outbox.Stats.Storage);
        await _rig.OpenAgainAsync();
        Assert.Equal(["gate-2", "gate-3", "gate-4", "gate-5", "gate-6"], await _rig.DrainAsync());
        await _rig.Outbox.DisposeAsync();
    }

    [Fact]
    public async Task A_disk_that_does_not_answer_holds_up_neither_the_end_nor_a_waiting_caller()
    {
        var disk = new HangingDisk(new OutboxFolder(_rig.Settings));
        _rig.Settings = _rig.Settings with { CloseWithin = TimeSpan.FromMilliseconds(200) };
        _rig.Disk = _ => disk;
        _rig.Open();
        disk.Hang();
        var storing = _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1));
        await disk.Hangs.WaitAsync(TimeSpan.FromSeconds(10));
        var waiting = _rig.Outbox.OldestAsync(OutboxRig.All);
        await _rig.Outbox.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(StoreOutcome.Dropped, await storing.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Null(await waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(1, _rig.Log.Count(67));
        disk.Release();
    }

    [Fact]
    public async Task A_defect_costs_one_batch_and_neither_the_thread_nor_a_waiting_caller()
    {
        var disk = new HangingDisk(new OutboxFolder(_rig.Settings)) { Defect = true };
        _rig.Disk = _ => disk;
        _rig.Open();
        disk.Hang();
        await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 1)).WaitAsync(TimeSpan.FromSeconds(10));
        disk.Release();
        await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", 2)).WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(1, _rig.Log.Count(60));
        Assert.Equal(["gate-1", "gate-2"], await _rig.DrainAsync());
    }

    /// <summary>On a real file system of 2 MiB, so it needs root for the mount; elsewhere the next test stands for it.</summary>
    [SmallDiskFact]
    public async Task A_full_disk_drops_the_oldest_counts_them_and_loses_nothing_else()
    {
        using var disk = SmallDisk.Mount(_rig.Folder, "size=2m");
        _rig.Settings = _rig.Settings with { Path = Path.Combine(disk.Path, "outbox.db"), ReserveBytes = 512 * 1024 };
        _rig.Open();
        await FillAsync(3000);
        await _rig.Outbox.DisposeAsync();
    }

    [Fact]
    public async Task A_file_that_may_not_grow_is_a_full_disk()
    {
        _rig.Settings = _rig.Settings with { MostPages = 100 };
        _rig.Open();
        await FillAsync(2000);
    }

    // With any fault of the disk, each event is stored, waiting in memory or counted as dropped, and order holds.
    private async Task FillAsync(int events)
    {
        for (var n = 1; n <= events; n++)
        {
            Assert.NotEqual(StoreOutcome.Dropped, await _rig.Outbox.StoreAsync(OutboxRig.Event("gate", n, bytes: 1000)));
        }

        var stats = _rig.Outbox.Stats;
        Assert.True(stats.DroppedForSpace > 0);
        Assert.Equal(events, stats.Rows + stats.DroppedForSpace);
        Assert.Equal(0, stats.InMemory);
        var left = await _rig.DrainAsync();
        Assert.Equal(stats.Rows, left.Count);
        Assert.Equal(Enumerable.Range(events - left.Count + 1, left.Count).Select(n => $"gate-{n}"), left);
    }

    /// <returns>Where the files are, as a killed process leaves them, and how long the log was after each event.</returns>
    private async Task<(string Path, List<long> Lengths)> StoreOneByOneAsync(int events)
    {
        _rig.Open();
        var lengths = new List<long>();
        for (var number = 1; number <= events; number++)
        {
            await _rig.StoreAsync("gate", number, 1);
            lengths.Add(new FileInfo($"{_rig.Settings.Path}-wal").Length);
        }

        var copy = Path.Combine(Directory.CreateDirectory(Path.Combine(_rig.Folder, "left")).FullName, "outbox.db");
        File.Copy(_rig.Settings.Path, copy);
        File.Copy($"{_rig.Settings.Path}-wal", $"{copy}-wal");
        return (copy, lengths);
    }

    private static async Task<(List<string> Stored, long Damaged)> OpenCopyAsync(string path, Action<FileStream> change)
    {
        await using var rig = new OutboxRig();
        File.Copy(path, rig.Settings.Path);
        File.Copy($"{path}-wal", $"{rig.Settings.Path}-wal");
        await using (var log = File.Open($"{rig.Settings.Path}-wal", FileMode.Open))
        {
            change(log);
        }

        rig.Open();
        Assert.Equal(StorageCondition.OnDisk, rig.Outbox.Stats.Storage);
        return (await rig.DrainAsync(), rig.Outbox.Stats.Damaged);
    }

    private static SqliteConnection Lock(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; SELECT COUNT(*) FROM outbox;";
        command.ExecuteNonQuery();
        return connection;
    }
}
