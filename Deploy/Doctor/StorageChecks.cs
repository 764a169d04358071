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

    public static IEnumerable<Finding> Run(EdgeConfiguration configuration, ServiceUnit? unit)
    {
        var state = configuration.StateFolder ?? unit?.StateFolder;
        var problems = StateAccess.StateErrors(configuration).ToList();
        foreach (var (key, path, message) in problems)
        {
            yield return Finding.Bad(Short(key) == "StateFolder" ? "state folder" : "outbox", $"{Short(key)} '{path}' {message}", null);
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
