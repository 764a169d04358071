using System.CommandLine;
using System.Globalization;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Deploy.Backups;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm restore</c>: puts a file of <c>mobilevlm backup</c> back in place.</summary>
internal static class RestoreCommand
{
    private const int MaxShown = 500;

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "Archive that 'mobilevlm backup' wrote." };
        var config = RunCommand.ConfigOption();
        var history = new Option<bool>("--history") { Description = "Also the history, if the archive has it." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Check every file of the archive and show what would be replaced; change nothing." };
        var yes = new Option<bool>("--yes") { Description = "Do not ask." };
        var command = new Command(
            "restore",
            "Put a backup back in place, on this machine or on a new one with the same configuration file. The service must be stopped. Every file is checked first; "
            + "what it replaces is kept in a folder beside the new files.")
        {
            file, config, history, dryRun, yes,
        };
        command.SetAction((parsed, cancel) => Task.Run(
            () => Run(
                parsed.GetValue(file)!, parsed.GetValue(config), parsed.GetValue(history), parsed.GetValue(dryRun), parsed.GetValue(yes), cancel),
            cancel));
        return command;
    }

    private static int Run(string file, string? config, bool withHistory, bool dryRun, bool yes, CancellationToken cancel)
    {
        var configuration = EdgeConfiguration.Load(config, ServiceUnit.SourcesOf(config), ConfigurationPurpose.Check);
        if (configuration.StateFolder is not { } state)
        {
            throw new UsageException("There is no place for the backup: the configuration names no StateFolder. Add one, for example \"StateFolder\": \"state\".");
        }

        var parts = BackupPart.Of(configuration);
        using var archive = BackupArchive.Open(file, parts);
        if (withHistory && !archive.Manifest.Parts.Contains("history"))
        {
            throw new UsageException($"--history: {file} has no history; it was written without --history.");
        }

        archive.Verify(cancel);
        using var stateLock = dryRun ? null : Lock("StateFolder", state);
        using var historyLock = dryRun || !withHistory || configuration.ToHistorySettings()?.Folder is not { } history ? null : Lock("History:Folder", history);
        var plan = RestorePlan.Of(archive, parts, withHistory);
        Show(archive.Manifest, plan, state);
        if (dryRun)
        {
            Console.WriteLine("All files of the archive are intact. Nothing was changed.");
            return ExitCode.Done;
        }

        if (!yes && !IsConfirmed())
        {
            Console.WriteLine("Nothing was changed.");
            return ExitCode.Failed;
        }

        var restore = new StateRestore(plan, TimeProvider.System);
        restore.Run(archive, cancel);
        Console.WriteLine($"Restored {file}. Start the service now.");
        foreach (var folder in restore.SetAside)
        {
            Console.WriteLine($"What was there before is in {folder}; delete that folder when you no longer need it.");
        }

        return ExitCode.Done;
    }

    private static InstanceLock Lock(string key, string folder)
    {
        try
        {
            return InstanceLock.TakeFolder(key, folder);
        }
        catch (StorageInUseException inUse)
        {
            throw new BackupException(
                $"The service is running ({inUse.Message.Split(". ")[0]}). Stop it first (systemctl stop mobilevlm): it would overwrite what is restored.");
        }
    }

    private static void Show(BackupManifest manifest, RestorePlan plan, string state)
    {
        Console.WriteLine(Printable(string.Create(
            CultureInfo.InvariantCulture,
            $"Backup of {manifest.Node} on {manifest.Host}, {manifest.CreatedAt.ToLocalTime():yyyy-MM-dd HH:mm}, by mobilevlm {manifest.Program}, into {state}:")));
        foreach (var line in plan.Steps.Select(step => step.ToString()).Concat(plan.Left))
        {
            Console.WriteLine($"  {Printable(line)}");
        }
    }

    private static bool IsConfirmed()
    {
        Console.Error.Write("Restore? [y/N] ");
        return Console.In.ReadLine() is { } answer
            ? answer.Trim() is "y" or "Y" or "yes"
            : throw new UsageException("No answer can be read here. Add --yes.");
    }

    // The names in an archive may be anything.
    private static string Printable(string text) => new([.. text.Take(MaxShown).Select(c => char.IsControl(c) ? '?' : c)]);
}
