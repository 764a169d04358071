using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Backups;

/// <summary>One kind of data in a backup: a file, or a folder with all files in it.</summary>
/// <param name="Name">The folder of its files in the archive. Never changes: older archives have it.</param>
/// <param name="Contents">What it is, for people.</param>
/// <param name="Location">Where it is on this machine; null where the configuration keeps it nowhere.</param>
internal sealed record BackupPart(string Name, string Contents, string? Location)
{
    /// <summary>Name of the part with the snapshots and clips of the history.</summary>
    public const string Snapshots = "snapshots";

    /// <summary>The name of its only file in the archive; null for a folder.</summary>
    public string? FileName { get; init; }

    /// <summary>The folder on the same disk that gets what the part replaces.</summary>
    public required string? Root { get; init; }

    /// <summary>It is a database, beside which SQLite keeps other files that belong to it.</summary>
    public bool IsDatabase { get; init; }

    /// <summary>It is a part of the history, which may be large.</summary>
    public bool IsHistory { get; init; }

    /// <summary>Everything that a backup may have, in the order in which it is shown.</summary>
    /// <param name="configuration">Says where it is.</param>
    public static IReadOnlyList<BackupPart> Of(EdgeConfiguration configuration)
    {
        var state = configuration.StateFolder;
        var history = configuration.ToHistorySettings();
        return
        [
            new("overlay", "questions set over HTTP", In(StateLayout.Overlay)) { FileName = StateLayout.Overlay, Root = state },
            new("states", "states, switches, mode and snoozes", In(StateLayout.States)) { FileName = StateLayout.States, Root = state },
            new("labels", "labelled pictures", In(StateLayout.LabelsFolder)) { Root = state },
            new("taught", "taught questions", In(StateLayout.TaughtFolder)) { Root = state },
            new("tokens", "HTTP tokens", Tokens(configuration)) { FileName = "http-tokens", Root = state },
            new("key", "key of signed addresses", In(StateLayout.AddressKey)) { FileName = StateLayout.AddressKey, Root = state },
            new("history", "answers and events of the history", history?.DatabaseFile)
            {
                FileName = "history.db",
                Root = history?.Folder,
                IsDatabase = true,
                IsHistory = true,
            },
            new(Snapshots, "snapshots of the history", history?.SnapshotFolder) { Root = history?.Folder, IsHistory = true },
        ];

        string? In(string name) => state is null ? null : Path.Combine(state, name);
    }

    /// <summary>The files of the part on this machine, with their paths in the archive. Links are left out.</summary>
    public IEnumerable<(string Path, FileInfo File)> Files()
    {
        if (Location is null)
        {
            return [];
        }

        if (FileName is not null)
        {
            return new FileInfo(Location) is { Exists: true, LinkTarget: null } file ? [($"{Name}/{FileName}", file)] : [];
        }

        var folder = new DirectoryInfo(Location);
        return !folder.Exists || folder.LinkTarget is not null
            ? []
            : folder.EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
                .Where(file => !file.Name.EndsWith(Draft, StringComparison.Ordinal))
                .Select(file => ($"{Name}/{Path.GetRelativePath(Location, file.FullName)}", file))
                .OrderBy(it => it.Item1, StringComparer.Ordinal);
    }

    // A file that is being written gets its name when it is complete.
    private const string Draft = ".new";

    // A file elsewhere is a part of the configuration, for example a credential of systemd.
    private static string? Tokens(EdgeConfiguration configuration) =>
        configuration.ToHttpSettings()?.TokenFile is { } file && AccessTokens.MayCreate(file, configuration.StateFolder) ? file : null;
}
