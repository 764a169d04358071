using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Deploy.Backups;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;

namespace MobileVlm.Edge.EndToEnd.Tests.Backups;

/// <summary><c>mobilevlm backup</c> and <c>mobilevlm restore</c> as users run them.</summary>
public sealed class BackupCommandTests : IDisposable
{
    private const string Overlay = """
        { "version": 1, "cameras": { "gate": { "cat": { "definition": { "Ask": "Is there a cat?", "Answer": "YesNo" } } } } }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-backup-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string State => Path.Combine(_folder, "state");

    private string Archive => Path.Combine(_folder, "backup.zip");

    private string ConfigurationFile => Path.Combine(_folder, "appsettings.json");

    [Fact]
    public async Task What_people_set_and_labelled_comes_back_and_what_was_there_is_kept_aside()
    {
        WriteConfiguration();
        WriteState();
        Write("labels/gate/person/yes/17.jpg", "JPEG");
        Write("outbox.db", "events");
        Write("models/m/model.json", "{}");
        Write("mobilevlm.pid", "1");
        var before = Content();

        var backup = await EdgeProcess.RunAsync("backup", Archive, "--config", ConfigurationFile);
        Assert.Equal((0, ""), (backup.ExitCode, backup.Errors));
        Assert.Contains("labelled pictures: 1 file, 4 bytes", backup.Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Archive));
        using (var archive = ZipFile.OpenRead(Archive))
        {
            Assert.Equal(
                [
                    "key/address.key", "labels/gate/person/yes/17.jpg", "manifest.json", "overlay/question-overlay.json",
                    "states/questions.json", "tokens/http-tokens",
                ],
                archive.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
        }

        Write("labels/gate/person/yes/17.jpg", "other");
        Write("labels/gate/person/no/18.jpg", "more");
        Write("taught/gate/person/1.json", "since then");
        Write("questions.json", "{}");
        File.Delete(Path.Combine(State, "http-tokens"));
        var restore = await EdgeProcess.RunAsync("restore", Archive, "--config", ConfigurationFile, "--yes");

        Assert.Equal((0, ""), (restore.ExitCode, restore.Errors));
        Assert.Equal(before, Content());
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(State, "labels/gate/person/yes/17.jpg")));
        var aside = Assert.Single(Directory.GetDirectories(State, "before-restore-*"));
        Assert.Contains($"What was there before is in {aside};", restore.Output, StringComparison.Ordinal);
        Assert.Contains("taught questions: none in the backup; the present file is set aside", restore.Output, StringComparison.Ordinal);
        Assert.Equal("other", File.ReadAllText(Path.Combine(aside, "labels/gate/person/yes/17.jpg")));
        Assert.Equal("more", File.ReadAllText(Path.Combine(aside, "labels/gate/person/no/18.jpg")));
        Assert.Equal("since then", File.ReadAllText(Path.Combine(aside, "taught/gate/person/1.json")));
    }

    [Fact]
    public async Task While_the_service_runs_a_backup_works_and_a_restore_is_refused_with_the_remedy()
    {
        WriteConfiguration();
        WriteState();
        using var service = InstanceLock.TakeFolder("StateFolder", State);
        Assert.Equal(0, (await EdgeProcess.RunAsync("backup", Archive, "--config", ConfigurationFile)).ExitCode);
        Write("questions.json", "newer");
        var before = Content();

        var restore = await EdgeProcess.RunAsync("restore", Archive, "--config", ConfigurationFile, "--yes");

        Assert.Equal((1, ""), (restore.ExitCode, restore.Output));
        Assert.Contains("Stop it first (systemctl stop mobilevlm)", restore.Errors, StringComparison.Ordinal);
        Assert.Equal(before, Content());

        var shown = await EdgeProcess.RunAsync("restore", Archive, "--config", ConfigurationFile, "--dry-run");
        Assert.Equal(0, shown.ExitCode);
        Assert.Contains("All files of the archive are intact. Nothing was changed.", shown.Output, StringComparison.Ordinal);
        Assert.Equal(before, Content());
    }

    [Fact]
    public async Task Nothing_is_restored_or_replaced_without_a_yes()
    {
        WriteConfiguration();
        WriteState();
        Assert.Equal(0, (await EdgeProcess.RunAsync("backup", Archive, "--config", ConfigurationFile)).ExitCode);
        var before = Content();
        var no = await EdgeProcess.PipeAsync("n\n"u8.ToArray(), "restore", Archive, "--config", ConfigurationFile);
        Assert.Equal(1, no.ExitCode);
        Assert.Contains("Nothing was changed.", no.Output, StringComparison.Ordinal);
        var nobody = await EdgeProcess.PipeAsync([], "restore", Archive, "--config", ConfigurationFile);
        Assert.Equal(2, nobody.ExitCode);
        Assert.Contains("Add --yes", nobody.Errors, StringComparison.Ordinal);
        Assert.Equal(before, Content());

        var again = await EdgeProcess.RunAsync("backup", Archive, "--config", ConfigurationFile);
        Assert.Equal(2, again.ExitCode);
        Assert.Contains("--force", again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_is_in_a_backup_where_it_is_asked_for()
    {
        var history = Path.Combine(_folder, "history");
        WriteConfiguration(history);
        WriteState();
        Directory.CreateDirectory(Path.Combine(history, "snapshots", "20261201", "gate"));
        var snapshot = Path.Combine(history, "snapshots", "20261201", "gate", "031502123-4711.jpg");
        File.WriteAllText(snapshot, "snapshot");
        Sql(history, "CREATE TABLE answer (value TEXT); INSERT INTO answer VALUES ('first');");
        Assert.Equal(0, (await EdgeProcess.RunAsync("backup", Archive, "--history", "--config", ConfigurationFile)).ExitCode);
        Assert.Equal(["appsettings.json", "backup.zip"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Sql(history, "INSERT INTO answer VALUES ('second');");
        File.Delete(snapshot);

        var parts = BackupPart.Of(EdgeConfiguration.Load(ConfigurationFile, ConfigurationPurpose.Check));
        using (var archive = BackupArchive.Open(Archive, parts))
        {
            var without = RestorePlan.Of(archive, parts, withHistory: false);
            Assert.DoesNotContain(without.Steps, step => step.Part.IsHistory);
            Assert.Equal(2, without.Left.Count(line => line.Contains("--history restores it too", StringComparison.Ordinal)));
        }

        Assert.Equal(0, (await EdgeProcess.RunAsync("restore", Archive, "--history", "--config", ConfigurationFile, "--yes")).ExitCode);
        Assert.Equal("first", Sql(history, "SELECT group_concat(value) FROM answer"));
        Assert.Equal("snapshot", File.ReadAllText(snapshot));
    }

    [Fact]
    public async Task A_service_that_records_and_deletes_meanwhile_copies_its_history_and_every_row_has_its_file()
    {
        var folder = Path.Combine(_folder, "history");
        WriteConfiguration(folder);
        WriteState();
        Directory.CreateDirectory(folder);
        using var locked = InstanceLock.TakeFolder("History:Folder", folder);

        // Room for some hundred pictures, so that old ones are deleted all the time.
        await using var history = SqliteHistory.Open(
            new HistorySettings { Folder = folder, MaxBytes = 4_000_000, MinFreeBytes = 0, ReserveBytes = 0 }, TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        using var stopped = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            for (var frame = 1; !stopped.IsCancellationRequested; frame++)
            {
                history.Record(new HistoryFrame("gate", TimeProvider.System.GetUtcNow(), frame)
                {
                    Answers = [new HistoryAnswer("person", "yes") { IsWord = true, Score = 0.5 }],
                    Snapshot = new byte[8000],
                });
                await Task.Delay(10);
            }
        });
        await Eventually.TrueAsync(() => history.Stats.Snapshots > 200, "pictures are stored");

        var backup = await EdgeProcess.RunAsync("backup", Archive, "--history", "--config", ConfigurationFile);
        Assert.Equal((0, ""), (backup.ExitCode, backup.Errors));
        await stopped.CancelAsync();
        await writing;

        Assert.Empty(Directory.GetFiles(folder, "copy-*"));
        var copy = Path.Combine(_folder, "copy");
        ZipFile.ExtractToDirectory(Archive, copy);
        var pictures = Directory.GetFiles(Path.Combine(copy, "snapshots"), "*.jpg", SearchOption.AllDirectories).Length;
        var rows = int.Parse(Sql(Path.Combine(copy, "history"), "SELECT COUNT(*) FROM snapshot"), CultureInfo.InvariantCulture);
        Assert.Equal("ok", Sql(Path.Combine(copy, "history"), "PRAGMA integrity_check"));
        Assert.InRange(rows, 100, pictures);
        Assert.All(Names(Path.Combine(copy, "history")), name => Assert.True(File.Exists(Path.Combine(copy, "snapshots", name)), name));
    }

    private static string[] Names(string history) =>
        Sql(history, "SELECT group_concat(strftime('%Y%m%d', at / 1000, 'unixepoch') || '/gate/' || strftime('%H%M%S', at / 1000, 'unixepoch') || printf('%03d', at % 1000) || '-' || frame || '.jpg', '|') FROM snapshot")
            .Split('|');

    private void WriteConfiguration(string? history = null) => File.WriteAllText(ConfigurationFile, JsonSerializer.Serialize(new
    {
        MobileVlm = new Dictionary<string, object>
        {
            ["Node"] = "edge-1",
            ["StateFolder"] = "state",
            ["Model"] = new { Path = "models/m" },
            ["Mqtt"] = new { Broker = "embedded" },
            ["Http"] = new { Listen = "127.0.0.1:8080", TokenFile = "state/http-tokens" },
            ["History"] = history is null ? new Dictionary<string, object>() : new Dictionary<string, object> { ["Folder"] = history },
            ["Cameras"] = new { gate = new { Source = "pattern:", Questions = new { person = new { Ask = "Is there a person?", Answer = "YesNo" } } } },
        },
    }));

    private void WriteState()
    {
        Write("question-overlay.json", Overlay);
        Write("questions.json", """{ "v": 1 }""");
        Write("address.key", new string('k', 32));
        Write("http-tokens", "owner 0123456789abcdef0123456789abcdef");
    }

    private void Write(string name, string content)
    {
        var file = Path.Combine(State, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
    }

    /// <summary>Everything in the state folder as text, but what was set aside and the file that names the process that has the lock.</summary>
    private string Content()
    {
        var text = new StringBuilder();
        foreach (var file in Directory.GetFiles(State, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var name = Path.GetRelativePath(State, file);
            if (!name.StartsWith("before-restore-", StringComparison.Ordinal) && name != "mobilevlm.pid")
            {
                text.AppendLine($"{name}: {File.ReadAllText(file)}");
            }
        }

        return text.ToString();
    }

    private static string Sql(string history, string statement)
    {
        using var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = Path.Combine(history, "history.db"), Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = statement;
        return command.ExecuteScalar()?.ToString() ?? "";
    }
}
