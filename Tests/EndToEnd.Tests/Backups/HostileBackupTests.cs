using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Backups;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.EndToEnd.Tests.Backups;

/// <summary>Archives that are damaged, or made to do harm, and restores that fail half-way.</summary>
public sealed class HostileBackupTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-hostile-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string State => Path.Combine(_folder, "outer", "state");

    private string Archive => Path.Combine(_folder, "backup.zip");

    private BackupPart Labels => new("labels", "labelled pictures", Path.Combine(State, "labels")) { Root = State };

    private BackupPart States => new("states", "states", Path.Combine(State, "questions.json")) { Root = State, FileName = "questions.json" };

    [Theory]
    [InlineData("labels/../../escaped.jpg")]
    [InlineData("labels/../questions.json")]
    [InlineData("/labels/a.jpg")]
    [InlineData("labels//a.jpg")]
    [InlineData("labels/./a.jpg")]
    [InlineData("labels/a\\..\\b.jpg")]
    [InlineData("labels/a\nb.jpg")]
    [InlineData("labels/a\0b.jpg")]
    [InlineData("labels")]
    [InlineData("models/a.jpg")]
    [InlineData("labels/1/2/3/4/5/6/7/8/a.jpg")]
    public void A_path_that_leaves_its_part_is_refused(string path)
    {
        Write([("manifest.json", Manifest([(path, "x")])), (path, "x")]);
        Assert.Contains("is not a path that a backup has", Refused().Message, StringComparison.Ordinal);
        Assert.Equal(["backup.zip"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName));
    }

    [Fact]
    public void Archives_that_are_not_what_they_say_are_refused()
    {
        Write([("labels/a.jpg", "x")]);
        Assert.Contains("was not written by 'mobilevlm backup'", Refused().Message, StringComparison.Ordinal);
        Write([("manifest.json", Manifest([("labels/a.jpg", "x")])), ("labels/a.jpg", "x"), ("labels/a.jpg", "y")]);
        Assert.Contains("twice", Refused().Message, StringComparison.Ordinal);
        Write([("manifest.json", Manifest([("labels/a.jpg", "x")])), ("labels/a.jpg", "x"), ("labels/b.jpg", "y")]);
        Assert.Contains("'labels/b.jpg' is not listed", Refused().Message, StringComparison.Ordinal);
        Write([("manifest.json", Manifest([("labels/a.jpg", "x")]))]);
        Assert.Contains("'labels/a.jpg' is listed", Refused().Message, StringComparison.Ordinal);
        Write([("manifest.json", Manifest([], "sudoers"))]);
        Assert.Contains("part 'sudoers'", Refused().Message, StringComparison.Ordinal);
        Write([("manifest.json", """{ "format": 7 }""")]);
        Assert.Contains("Update the program first", Refused().Message, StringComparison.Ordinal);
        foreach (var manifest in (string[])["[]", "{", "null", """{ "format": 1, "files": [null] }""", """{ "format": 0 }"""])
        {
            Write([("manifest.json", manifest)]);
            Assert.Contains("is damaged", Refused().Message, StringComparison.Ordinal);
        }

        File.WriteAllText(Archive, "not a ZIP file");
        Assert.Contains("is not a ZIP archive", Refused().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_unpacks_to_more_than_its_manifest_says_is_not_written_further()
    {
        var zeros = new string('\0', 10_000_000);
        Write([("manifest.json", Manifest([("labels/a.jpg", "xxxx")])), ("labels/a.jpg", zeros)]);
        Assert.InRange(new FileInfo(Archive).Length, 0, 100_000);
        using var archive = BackupArchive.Open(Archive, [Labels]);
        using var written = new MemoryStream();
        var refused = Assert.Throws<BackupException>(() => archive.CopyTo(archive.Manifest.Files[0], written, CancellationToken.None));
        Assert.Contains("longer than its manifest says", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, written.Length);
    }

    [Fact]
    public void Any_damage_is_found_before_anything_changes()
    {
        var random = new Random(7);
        Write([("manifest.json", Manifest([("labels/a.jpg", "one"), ("labels/b.jpg", "two")])), ("labels/a.jpg", "one"), ("labels/b.jpg", "two")]);
        var intact = File.ReadAllBytes(Archive);
        var found = 0;
        for (var run = 0; run < 400; run++)
        {
            var bytes = (byte[])intact.Clone();
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(Archive, run % 4 == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            try
            {
                using var archive = BackupArchive.Open(Archive, [Labels]);
                archive.Verify(CancellationToken.None);

                // A bit that means nothing, for example of a time: the contents are the right ones.
                Assert.Equal(["labels/a.jpg", "labels/b.jpg"], archive.Manifest.Files.Select(file => file.Path));
            }
            catch (IOException)
            {
                found++;
            }
        }

        Assert.InRange(found, 100, 400);
    }

    [Fact]
    public void A_step_that_fails_puts_everything_back()
    {
        Directory.CreateDirectory(Path.Combine(State, "labels"));
        File.WriteAllText(Path.Combine(State, "labels", "a.jpg"), "before");
        Write([
            ("manifest.json", Manifest([("labels/a.jpg", "after"), ("states/questions.json", "{}")], "labels", "states")),
            ("labels/a.jpg", "after"), ("states/questions.json", "{}"),
        ]);

        // The second part cannot be put in place: its folder is a file.
        File.WriteAllText(Path.Combine(State, "file"), "");
        var blocked = States with { Location = Path.Combine(State, "file", "questions.json") };
        using var archive = BackupArchive.Open(Archive, [Labels, blocked]);
        var restore = new StateRestore(RestorePlan.Of(archive, [Labels, blocked], withHistory: false), TimeProvider.System);
        Assert.ThrowsAny<IOException>(() => restore.Run(archive, CancellationToken.None));
        Assert.Equal("before", File.ReadAllText(Path.Combine(State, "labels", "a.jpg")));
        Assert.Empty(Directory.GetDirectories(State, "restore-*"));
    }

    [Fact]
    public void Tokens_and_questions_that_the_service_could_not_use_are_refused()
    {
        var tokens = new BackupPart("tokens", "tokens", Path.Combine(State, "http-tokens")) { Root = State, FileName = "http-tokens" };
        Write([("manifest.json", Manifest([("tokens/http-tokens", "owner short")], "tokens")), ("tokens/http-tokens", "owner short")]);
        using var archive = BackupArchive.Open(Archive, [tokens]);
        var restore = new StateRestore(RestorePlan.Of(archive, [tokens], withHistory: false), TimeProvider.System);
        Assert.Contains("fewer than", Assert.Throws<BackupException>(() => restore.Run(archive, CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(State));
    }

    [Fact]
    public void Every_name_in_the_state_folder_is_in_a_backup_or_is_left_out_on_purpose()
    {
        var names = typeof(StateLayout).GetFields().Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal);
        using var fixture = new Configuration.ConfigurationFixture();
        var backed = BackupPart.Of(fixture.Read(Configuration.ConfigurationFixture.Small(more: ", \"StateFolder\": \"/state\"")))
            .Where(part => part.Location is not null).Select(part => Path.GetFileName(part.Location!));
        Assert.Equal(names, backed.Concat([StateLayout.Outbox, StateLayout.WebhooksFolder]).Order(StringComparer.Ordinal));
    }

    private BackupException Refused() => Assert.Throws<BackupException>(() =>
    {
        using var archive = BackupArchive.Open(Archive, [Labels, States]);
        archive.Verify(CancellationToken.None);
    });

    private static string Manifest(IEnumerable<(string Path, string Content)> files, params string[] parts) => JsonSerializer.Serialize(new
    {
        format = 1,
        program = "0.2.0",
        node = "edge-1",
        host = "box",
        createdAt = DateTimeOffset.UnixEpoch,
        parts = parts.Length > 0 ? parts : ["labels"],
        files = files.Select(file => new
        {
            path = file.Path,
            bytes = Encoding.UTF8.GetByteCount(file.Content),
            sha256 = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.Content))),
        }),
    });

    private void Write(IEnumerable<(string Path, string Content)> entries)
    {
        File.Delete(Archive);
        using var archive = ZipFile.Open(Archive, ZipArchiveMode.Create);
        foreach (var (path, content) in entries)
        {
            using var entry = archive.CreateEntry(path).Open();
            entry.Write(Encoding.UTF8.GetBytes(content));
        }
    }
}
