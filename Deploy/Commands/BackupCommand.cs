using System.CommandLine;
using System.Globalization;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Deploy.Backups;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm backup</c>: writes what a service learned and what people set into one file.</summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "Archive to write, for example backup.zip. Only its owner may read it: it has the HTTP tokens." };
        var config = RunCommand.ConfigOption();
        var history = new Option<bool>("--history")
        {
            Description = "Also the history: answers, events, snapshots and clips. It may be large. A running service copies its database itself.",
        };
        var force = new Option<bool>("--force") { Description = "Replace FILE if it exists." };
        var command = new Command(
            "backup",
            "Write what people set and labelled into one file: questions set over HTTP, labels, taught questions, states, switches, mode, snoozes, HTTP tokens "
            + "and the key of signed addresses. The service may run. Not in it: the configuration file, models, passwords, and events that wait to be sent.")
        {
            file, config, history, force,
        };
        command.SetAction((parsed, cancel) => Task.Run(
            () => Run(parsed.GetValue(file)!, parsed.GetValue(config), parsed.GetValue(history), parsed.GetValue(force), cancel), cancel));
        return command;
    }

    private static int Run(string file, string? config, bool withHistory, bool force, CancellationToken cancel)
    {
        OutputFile.Check("FILE", file);
        if (File.Exists(file) && !force)
        {
            throw new UsageException($"{file} exists. Name another file, or replace it with --force.");
        }

        var configuration = EdgeConfiguration.Load(config, ServiceUnit.SourcesOf(config), ConfigurationPurpose.Check);
        if (configuration.StateFolder is not { } state)
        {
            throw new UsageException("There is nothing to back up: the configuration names no StateFolder, so the service keeps nothing.");
        }

        if (withHistory && configuration.ToHistorySettings() is null)
        {
            throw new UsageException("--history: the configuration names no History:Folder, so there is no history.");
        }

        var parts = BackupPart.Of(configuration).Where(part => part.Location is not null && (withHistory || !part.IsHistory)).ToList();
        if (!Directory.Exists(state))
        {
            throw new BackupException($"The state folder '{state}' does not exist: the service has not run yet, or StateFolder names another folder.");
        }

        var about = new BackupManifest(
            BackupManifest.CurrentFormat, ProgramVersion.Text, configuration.Node, Environment.MachineName, TimeProvider.System.GetUtcNow(), [], []);
        using var locked = withHistory ? TryLockHistory(configuration) : null;
        var manifest = BackupWriter.Write(
            Path.GetFullPath(file), parts, about, withHistory && locked is null ? CopyOfService(configuration, cancel) : HistoryCopy.Copy, cancel);
        foreach (var part in parts)
        {
            var files = manifest.Files.Where(it => it.Path.StartsWith($"{part.Name}/", StringComparison.Ordinal)).ToList();
            Console.WriteLine(
                $"{part.Contents}: {(files.Count == 0 ? "none" : part.FileName is null ? $"{Files(files.Count)}, {SizeText.Of(files.Sum(it => it.Bytes))}" : SizeText.Of(files[0].Bytes))}");
        }

        if (configuration.ToHttpSettings()?.TokenFile is { } tokens && parts.All(part => part.Name != "tokens"))
        {
            Terminal.Info($"note: {tokens} is outside of the state folder; keep a copy of it with the configuration file.");
        }

        Console.WriteLine($"Wrote {file} ({Files(manifest.Files.Count)}, {SizeText.Of(new FileInfo(file).Length)}). It has secrets: keep it where only you can read it.");
        return ExitCode.Done;
    }

    /// <summary>A running service has the database to itself, so it copies it.</summary>
    private static Action<string, string> CopyOfService(EdgeConfiguration configuration, CancellationToken cancel) => (_, copy) =>
        HistoryCopyRequest.Run(configuration.ToHistorySettings()!.Folder, copy, () => IsRunning(configuration), cancel);

    private static bool IsRunning(EdgeConfiguration configuration)
    {
        using var free = TryLockHistory(configuration);
        return free is null;
    }

    /// <returns>Null while a service has it.</returns>
    private static InstanceLock? TryLockHistory(EdgeConfiguration configuration)
    {
        try
        {
            return InstanceLock.TakeFolder("History:Folder", configuration.ToHistorySettings()!.Folder);
        }
        catch (StorageInUseException)
        {
            return null;
        }
    }

    private static string Files(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "file" : "files")}");
}
