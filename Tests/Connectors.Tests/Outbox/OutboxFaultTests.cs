using System.Diagnostics;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Outbox;

public sealed class OutboxFaultTests : IAsyncDisposable
{
    private readonly OutboxBench _bench = new();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData(0, 64)]
    [InlineData(4096, 4096)]
    [InlineData(30_000, 30_000)]
    public async Task A_damaged_file_is_set_aside_and_a_new_one_takes_events(int at, int length)
    {
        _bench.Open();
        await _bench.StoreAsync("gate", 1, 200, bytes: 500);
        await _bench.Outbox.DisposeAsync();
        using (var file = File.OpenWrite(_bench.Settings.Path))
        {
            Assert.True(file.Length > at + length);
            file.Position = at;
            file.Write(Enumerable.Repeat((byte)0xA5, length).ToArray());
        }

        _bench.Open();
        Assert.Equal(1, _bench.Outbox.Stats.Damaged);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_bench.Settings.Path)!, "*.damaged-*"));
        await _bench.StoreAsync("gate", 1000, 3);
        Assert.Equal(["gate-1000", "gate-1001", "gate-1002"], await _bench.DrainAsync());
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_set_aside()
    {
        File.WriteAllText(_bench.Settings.Path, new string('x', 10_000));
        _bench.Open();
        await _bench.StoreAsync("gate", 1, 1);
        Assert.Equal(1, _bench.Outbox.Stats.Damaged);
    }

    [Fact]
    public async Task Of_damaged_files_only_the_last_is_kept()
    {
        for (var i = 0; i < 3; i++)
        {
            File.WriteAllText(_bench.Settings.Path, $"no database {i}".PadRight(5000, 'x'));
            _bench.Open();
            await _bench.Outbox.DisposeAsync();
            _bench.Time.Advance(TimeSpan.FromMinutes(1));
        }

        var kept = Assert.Single(Directory.GetFiles(Path.GetDirectoryName(_bench.Settings.Path)!, "*.damaged-*"));
        Assert.StartsWith("no database 2", File.ReadAllText(kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_process_is_told_that_the_outbox_is_taken()
    {
        _bench.Open();
        await _bench.StoreAsync("gate", 1, 1);
        var refused = Assert.Throws<OutboxException>(() =>
            SqliteOutbox.Open(_bench.Settings, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger<SqliteOutbox>.Instance));
        Assert.Contains("Outbox:Path", refused.Message, StringComparison.Ordinal);
        Assert.Equal(_bench.Settings.Path, refused.Path);
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_named_with_its_setting()
    {
        var file = Path.Combine(Path.GetDirectoryName(_bench.Settings.Path)!, "file");
        File.WriteAllText(file, "");
        _bench.Settings = _bench.Settings with { Path = Path.Combine(file, "outbox.db") };
        Assert.Contains("Outbox:Path", Assert.Throws<OutboxException>(() => _bench.Open()).Message, StringComparison.Ordinal);
    }

    /// <summary>On a real file system of 2 MiB, so it needs root for the mount; elsewhere the next test stands for it.</summary>
    [Fact]
    public async Task A_full_disk_drops_the_oldest_counts_them_and_loses_nothing_else()
    {
        var disk = Path.Combine(Path.GetDirectoryName(_bench.Settings.Path)!, "disk");
        Directory.CreateDirectory(disk);
        // Without that right there is nothing to be shown here.
        if (!Environment.IsPrivilegedProcess || !Runs("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk))
        {
            return;
        }

        try
        {
            _bench.Settings = _bench.Settings with { Path = Path.Combine(disk, "outbox.db"), ReserveBytes = 512 * 1024 };
            _bench.Open();
            await FillAsync(3000);
        }
        finally
        {
            await _bench.Outbox.DisposeAsync();
            Assert.True(Runs("umount", disk));
        }
    }

    [Fact]
    public async Task A_file_that_may_not_grow_is_a_full_disk()
    {
        _bench.Open();
        _bench.Outbox.LimitPages(100);
        await FillAsync(2000);
    }

    // Whatever the disk does: each event is stored, waiting in memory or counted as dropped, and order holds.
    private async Task FillAsync(int events)
    {
        for (var n = 1; n <= events; n++)
        {
            Assert.NotEqual(StoreOutcome.Dropped, await _bench.Outbox.StoreAsync(OutboxBench.Event("gate", n, bytes: 1000)));
        }

        var stats = _bench.Outbox.Stats;
        Assert.True(stats.DroppedForRoom > 0);
        Assert.Equal(events, stats.Rows + stats.DroppedForRoom);
        Assert.Equal(0, stats.InMemory);
        var left = await _bench.DrainAsync();
        Assert.Equal(stats.Rows, left.Count);
        Assert.Equal(Enumerable.Range(events - left.Count + 1, left.Count).Select(n => $"gate-{n}"), left);
    }

    private static bool Runs(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true });
        process!.WaitForExit();
        return process.ExitCode == 0;
    }
}
