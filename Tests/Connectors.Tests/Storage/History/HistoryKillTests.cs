using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Tests.Storage.Outbox;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

/// <summary>SIGKILL at random moments, again and again, on one and the same history. More kills than a test run has:
/// <c>MOBILEVLM_KILLS=100 dotnet test Tests/Connectors.Tests -c Release --filter FullyQualifiedName~HistoryKill</c>.</summary>
public sealed class HistoryKillTests : IDisposable
{
    private const int KillsOfATestRun = 5;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Kills_leave_no_damage_and_no_orphans()
    {
        var kills = int.TryParse(Environment.GetEnvironmentVariable("MOBILEVLM_KILLS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : KillsOfATestRun;

        // The seed is in the message of what fails.
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var log = new LogLines();
        for (var kill = 0; kill < kills; kill++)
        {
            await RunAndKillAsync(TimeSpan.FromMilliseconds(random.Next(20, 1200)));
            Check($"seed {seed}, kill {kill}", log);
        }

        Assert.Empty(log.All);
    }

    private void Check(string when, ILogger log)
    {
        var settings = HistoryChild.Settings(_folder["history"]);
        var files = new HistoryFiles(settings);
        using var store = new HistoryStore(settings, files, HistoryDatabase.Open, TimeProvider.System, log);
        store.Tick();
        Assert.True(store.Stats.Storage == StorageCondition.OnDisk && store.Stats.Damaged == 0, $"{when}: {store.Stats}");
        var found = files.Scan();
        var rows = store.Read(database => database.Snapshots());
        Assert.True(
            found.Count == rows.Count && rows.All(row => found.GetValueOrDefault(row.Name) == row.Bytes), $"{when}: {found.Count} files, {rows.Count} rows");
        var clips = files.ScanClips([]);
        var stored = store.Read(database => database.Clips());
        Assert.True(
            clips.Count == stored.Count && stored.All(row => clips.GetValueOrDefault(row.Name) == row.Bytes && store.Read(database => database.HasEvent(row.Name))),
            $"{when}: {clips.Count} clips, {stored.Count} rows");
        Assert.Empty(Directory.GetFiles(settings.Folder, "*.new", SearchOption.AllDirectories));
        Assert.True(store.Stats.Bytes <= settings.MaxBytes, $"{when}: {store.Stats.Bytes} bytes");
        Assert.True(store.Stats.Rows > 0, $"{when}: nothing was stored");

        // Every picture can be read as it was written.
        Assert.All(rows.Take(20), row => Assert.Equal(row.Bytes, store.Snapshot(row.Id)!.Length));
    }

    private async Task RunAndKillAsync(TimeSpan killAfter)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(HistoryKillTests).Assembly.Location, HistoryChild.Command, _folder["history"]])
        {
            start.ArgumentList.Add(argument);
        }

        using var child = Process.Start(start)!;
        Assert.Equal("ready", await child.StandardOutput.ReadLineAsync());
        for (var waited = TimeSpan.Zero; !File.Exists(Path.Combine(_folder["history"], "history.db")) && waited < TimeSpan.FromSeconds(60); waited += TimeSpan.FromMilliseconds(10))
        {
            await Task.Delay(10);
        }

        await Task.Delay(killAfter + TimeSpan.FromMilliseconds(100));
        child.Kill();
        await child.WaitForExitAsync();
        Assert.Equal(137, child.ExitCode);
    }
}
