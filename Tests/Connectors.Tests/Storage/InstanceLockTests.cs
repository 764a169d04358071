using System.Collections.Concurrent;
using System.Diagnostics;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage;

public sealed class InstanceLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string State => _folder["state"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_is_taken_once_and_the_message_names_the_setting_and_the_process()
    {
        Directory.CreateDirectory(State);
        using (var first = InstanceLock.TakeFolder("StateFolder", State))
        {
            Assert.True(first.IsHeld);
            var refused = Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFolder("StateFolder", State));
            Assert.StartsWith($"StateFolder: '{State}' is in use by process {Environment.ProcessId}.", refused.Message, StringComparison.Ordinal);
        }

        using var again = InstanceLock.TakeFolder("StateFolder", State);
        Assert.True(again.IsHeld);
    }

    [Fact]
    public void Other_spellings_and_links_are_the_same_folder()
    {
        Directory.CreateDirectory(State);
        var link = _folder["link"];
        Directory.CreateSymbolicLink(link, State);
        using var taken = InstanceLock.TakeFolder("StateFolder", State);
        foreach (var path in (string[])[link, $"{State}/", Path.Combine(_folder.Path, "state", "..", "state")])
        {
            Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFolder("StateFolder", path));
        }
    }

    [Fact]
    public void A_folder_that_does_not_exist_and_cannot_be_made_is_locked_elsewhere()
    {
        File.WriteAllText(State, "");
        var below = Path.Combine(State, "folder");
        using var taken = InstanceLock.TakeFolder("StateFolder", below);
        Assert.True(taken.IsHeld);
        var link = _folder["link"];
        File.CreateSymbolicLink(link, State);
        Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFolder("StateFolder", Path.Combine(link, "folder")));
    }

    [SmallDiskFact]
    public void A_folder_on_a_read_only_disk_is_locked_all_the_same()
    {
        using var disk = SmallDisk.Mount(_folder.Path, "size=1m");
        disk.Remount("ro");
        using (var taken = InstanceLock.TakeFolder("StateFolder", disk.Path))
        {
            Assert.True(taken.IsHeld);
            var refused = Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFolder("StateFolder", disk.Path));
            Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
            using var file = InstanceLock.TakeFile("Outbox:Path", Path.Combine(disk.Path, "outbox.db"));
            Assert.True(file.IsHeld);
            Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFile("Outbox:Path", Path.Combine(disk.Path, "outbox.db")));
        }
    }

    [Fact]
    public void Two_files_of_one_folder_are_two_and_a_link_to_one_is_the_same()
    {
        Directory.CreateDirectory(State);
        var (one, other, link) = (Path.Combine(State, "a.db"), Path.Combine(State, "b.db"), _folder["a"]);
        File.CreateSymbolicLink(link, one);
        File.WriteAllText(one, "");
        using var first = InstanceLock.TakeFile("Outbox:Path", one);
        using var second = InstanceLock.TakeFile("Outbox:Path", other);
        Assert.True(first.IsHeld && second.IsHeld);
        var refused = Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFile("Outbox:Path", link));
        Assert.StartsWith($"Outbox:Path: '{link}' is in use by process {Environment.ProcessId}.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_ends_with_a_process_that_is_killed_and_names_it_while_it_lives()
    {
        Directory.CreateDirectory(State);
        using (var child = Start())
        {
            Assert.Equal("taken", await child.StandardOutput.ReadLineAsync());
            var refused = Assert.Throws<StorageInUseException>(() => InstanceLock.TakeFolder("StateFolder", State));
            Assert.Contains($"process {child.Id}.", refused.Message, StringComparison.Ordinal);
            child.Kill();
            await child.WaitForExitAsync();
        }

        // What it wrote is still there and means nothing.
        Assert.NotEmpty(File.ReadAllText(Path.Combine(State, "mobilevlm.pid")));
        using var taken = InstanceLock.TakeFolder("StateFolder", State);
        Assert.True(taken.IsHeld);
    }

    [Fact]
    public async Task Of_many_that_start_at_the_same_moment_one_wins()
    {
        Directory.CreateDirectory(State);
        var (taken, refused) = (new ConcurrentBag<InstanceLock>(), new ConcurrentBag<string>());
        using var begin = new Barrier(8);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () =>
            {
                begin.SignalAndWait();
                try
                {
                    taken.Add(InstanceLock.TakeFolder("StateFolder", State));
                }
                catch (StorageInUseException fault)
                {
                    refused.Add(fault.Message);
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.Equal((1, 7), (taken.Count, refused.Count));
        Assert.All(refused, message => Assert.Contains($"process {Environment.ProcessId}.", message, StringComparison.Ordinal));
        taken.Single().Dispose();
    }

    [Fact]
    public void A_process_in_another_container_is_called_that()
    {
        var file = _folder["mobilevlm.pid"];
        File.WriteAllText(file, "7\npid:[1]\n");
        Assert.Equal("a process in another container (process 7 there)", LockHolder.Find(null, file));
        LockHolder.Write(file);
        Assert.Equal($"process {Environment.ProcessId}", LockHolder.Find(null, file));
        File.WriteAllText(file, "no number\n");
        Assert.Null(LockHolder.Find(null, file));
    }

    private Process Start() => Process.Start(new ProcessStartInfo(
        "dotnet", [typeof(InstanceLockTests).Assembly.Location, LockChild.Command, State])
    { RedirectStandardOutput = true })!;
}
