using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Inference.Machine;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks whether what must survive a restart can be stored, and whether there is enough disk space.</summary>
internal static class StorageChecks
{
    /// <summary>Bytes left free for other programs.</summary>
    private const long Reserve = 64L << 20;

    /// <param name="configuration">Validated.</param>
    /// <param name="unit">The installed unit, if it reads this configuration; otherwise null.</param>
    /// <param name="currentUser">The user who checks, who may have other rights than the service's user.</param>
    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, ServiceUnit? unit, string currentUser)
    {
        var state = configuration.StateFolder;
        var problems = StateAccess.StateErrors(configuration).ToList();
        foreach (var (key, path, message) in problems)
        {
            var what = Short(key) == "Outbox:Path" ? "outbox" : "state folder";
            yield return unit is null || currentUser == "root" || currentUser == unit.User
                ? Finding.Bad(what, $"{Short(key)} '{path}' {message}", null)
                : Finding.Note(what, $"whether '{unit.User}' can write '{path}' cannot be checked by '{currentUser}'", "Run doctor with sudo.");
        }

        if (state is null)
        {
            yield return Finding.Fine("state folder", "none: states, cool-downs, switches, mode, snoozes and waiting events end with the process (StateFolder)");
        }
        else if (problems.All(it => it.Path != state))
        {
            yield return Finding.Fine("state folder", $"{state}{(configuration.Options.StateFolder is null ? ", from systemd" : "")}, can be written");
        }

        if (Outbox(configuration, state) is { } outbox)
        {
            yield return outbox;
        }

        foreach (var finding in History(configuration, unit, currentUser))
        {
            yield return finding;
        }
    }

    private static IEnumerable<Finding> History(EdgeConfiguration configuration, ServiceUnit? unit, string currentUser)
    {
        const string What = "history";
        if (configuration.ToHistorySettings() is not { } history)
        {
            yield break;
        }

        if (StateAccess.HistoryError(configuration) is var (key, path, message))
        {
            yield return unit is null || currentUser == "root" || currentUser == unit.User
                ? Finding.Bad(What, $"{Short(key)} '{path}' {message}", null)
                : Finding.Note(What, $"whether '{unit.User}' can write '{path}' cannot be checked by '{currentUser}'", "Run doctor with sudo.");
            yield break;
        }

        if (DiskSpace.NetworkFormat(history.Folder) is { } format)
        {
            yield return Finding.Note(
                What, $"{history.Folder} is on a network file system ({format})", "Use a folder on a local disk: locks and sudden disconnects of network file systems damage databases.");
        }

        var free = DiskSpace.Free(history.Folder);
        var text = $"{history.Folder}, up to {DiskSpace.Text(history.MaxBytes)} (History:MaxMegabytes) and {configuration.Options.History.MaxDays} days, {DiskSpace.Text(free)} free on the disk";
        yield return free >= history.MinFreeBytes
            ? Finding.Fine(What, text)
            : Finding.Note(What, text, "Free disk space: History:MinFreeMegabytes leaves more than that to other programs, so the oldest data is deleted and then nothing is stored.");
    }

    private static Finding? Outbox(EdgeConfiguration configuration, string? state)
    {
        var path = configuration.ToOutboxSettings()?.Path ?? state;
        if (path is null)
        {
            return null;
        }

        var most = configuration.Options.Outbox.MaxMegabytes * 1_000_000L;
        var free = DiskSpace.Free(path);
        var text = $"up to {DiskSpace.Text(most)} of events (Outbox:MaxMegabytes), {DiskSpace.Text(free)} free on the disk";
        return free >= most + Reserve
            ? Finding.Fine("disk", text)
            : Finding.Note("disk", text, "Free disk space, or lower Outbox:MaxMegabytes: with a full disk, waiting events are lost by the rules of the outbox.");
    }

    private static string Short(string key) => key.Replace($"{EdgeOptions.Section}:", "", StringComparison.Ordinal);
}
