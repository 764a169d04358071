using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

/// <summary>Copies of the database for backups.</summary>
public sealed class HistoryCopyTests : IDisposable
{
    private readonly HistoryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    private string Target => Path.Combine(_rig.Folder, "target.db");

    [Fact]
    public async Task A_running_history_copies_itself_with_what_it_has_not_committed_yet()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame(snapshotBytes: 100));
        var left = Path.Combine(_rig.Settings.Folder, "copy-00.db");
        File.WriteAllText(left, "a copy that nobody fetched");

        await CopyAsync();

        Assert.Empty(Directory.GetFiles(_rig.Settings.Folder, "copy-*"));
        using var copy = HistoryDatabase.Open(Target);
        Assert.Single(copy.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10));

        // The history continues.
        _rig.Store.Write(_rig.Frame());
        _rig.Close();
    }

    [Fact]
    public async Task Rows_whose_files_were_not_copied_are_removed_from_the_copy()
    {
        _rig.Open();
        for (var frame = 0; frame < 3; frame++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 100, eventText: $"event {frame}"));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        await CopyAsync();
        var files = _rig.SnapshotFiles.Select(file => Path.GetRelativePath(_rig.Settings.SnapshotFolder, file)).Order(StringComparer.Ordinal).ToList();
        Assert.Equal(0, HistoryCopy.RemoveMissing(Target, files.Contains));
        Assert.Equal(1, HistoryCopy.RemoveMissing(Target, files.Skip(1).Contains));

        using (var copy = HistoryDatabase.Open(Target))
        {
            Assert.Equal(files.Skip(1), copy.Snapshots().Select(it => it.Name.Path).Order(StringComparer.Ordinal));
            var events = copy.FindEvents(new EventQuery()).Events;
            Assert.Equal((3, 1), (events.Count, events.Count(it => it.Snapshot is null)));
        }

        _rig.Close();
    }

    [Fact]
    public async Task A_disk_without_room_for_the_copy_is_the_reason_that_the_one_who_asks_gets()
    {
        _rig.Open();
        _rig.Settings = _rig.Settings with { MinFreeBytes = 0 };
        _rig.Close();
        _rig.Settings = _rig.Settings with { MinFreeBytes = 1L << 60 };
        _rig.Open();

        var fault = await Assert.ThrowsAsync<IOException>(CopyAsync);

        Assert.StartsWith("The service could not copy its history: the copy needs ", fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("Free some space.", fault.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_rig.Settings.Folder, "copy-*"));
    }

    [Fact]
    public void A_service_that_does_not_react_or_ends_is_reported_with_the_remedy()
    {
        Directory.CreateDirectory(_rig.Settings.Folder);
        Assert.Contains("Stop the service first", Fault(isRunning: true).Message, StringComparison.Ordinal);
        Assert.Contains("The service ended", Fault(isRunning: false).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_rig.Settings.Folder));

        IOException Fault(bool isRunning) => Assert.Throws<IOException>(() => HistoryCopyRequest.Run(
            _rig.Settings.Folder, Target, () => isRunning, TimeSpan.FromMilliseconds(isRunning ? 10 : 10_000), TimeSpan.FromMilliseconds(1), CancellationToken.None));
    }

    /// <summary>Asks on another thread, while the history does on this one what is due.</summary>
    private async Task CopyAsync()
    {
        var asking = Task.Run(() => HistoryCopyRequest.Run(_rig.Settings.Folder, Target, () => true, CancellationToken.None));
        while (!asking.IsCompleted)
        {
            _rig.Store.Tick();
            await Task.WhenAny(asking, Task.Delay(20));
        }

        await asking;
    }
}
