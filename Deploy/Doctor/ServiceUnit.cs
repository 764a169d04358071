using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>The installed systemd unit, with its drop-ins: the service's user and what it may access.</summary>
internal sealed class ServiceUnit
{
    public const string Name = "mobilevlm.service";

    private const string StateRoot = "/var/lib";

    private static readonly string[] UnitFolders = ["etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"];

    private readonly Dictionary<string, List<string>> _values;

    private ServiceUnit(Dictionary<string, List<string>> values) => _values = values;

    /// <summary>The account that the service runs as.</summary>
    public string User => Last("User") ?? "root";

    /// <summary>The configuration file that the service reads; null when its command names none.</summary>
    public string? ConfigurationFile
    {
        get
        {
            var words = (Last("ExecStart") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var option = Array.IndexOf(words, "--config");
            return option >= 0 && option + 1 < words.Length ? words[option + 1] : null;
        }
    }

    /// <summary>The folder that systemd creates for the service's state; null without <c>StateDirectory=</c>.</summary>
    public string? StateFolder => Last("StateDirectory")?.Split(' ')[0] is { Length: > 0 } state ? Path.Combine(StateRoot, state) : null;

    /// <summary>What this process reads a configuration from: for the file of the installed service, its state folder too, which systemd passes
    /// to the service only.</summary>
    /// <param name="file">The configuration file; null for the one that is found.</param>
    public static ConfigurationSources SourcesOf(string? file) => SourcesOf(file, Read(), ConfigurationSources.OfThisProcess());

    /// <inheritdoc cref="SourcesOf(string?)"/>
    /// <param name="file">The configuration file; null for the one that is found.</param>
    /// <param name="unit">The installed unit; null if there is none.</param>
    /// <param name="sources">What a configuration is read from otherwise.</param>
    internal static ConfigurationSources SourcesOf(string? file, ServiceUnit? unit, ConfigurationSources sources)
    {
        var path = file is not null ? Path.GetFullPath(file, sources.CurrentFolder) : sources.Files.FirstOrDefault(File.Exists);
        return unit is not { StateFolder: { } folder } || path is null || unit.ConfigurationFile != path
            || sources.Environment.ContainsKey(ConfigurationSources.StateVariable)
            ? sources
            : sources with
            {
                Environment = new Dictionary<string, string>(sources.Environment) { [ConfigurationSources.StateVariable] = folder },
            };
    }

    /// <summary>Home folders are hidden from the service.</summary>
    public bool HidesHomes => Last("ProtectHome") is "yes" or "true" or "on" or "1" or "tmpfs";

    /// <summary>Devices are hidden from the service.</summary>
    public bool HidesDevices => IsOn("PrivateDevices");

    /// <summary>Only some folders are writable.</summary>
    public bool IsReadOnly => Last("ProtectSystem") == "strict";

    /// <summary>Folders that are writable although the rest is read-only.</summary>
    public IEnumerable<string> WritableFolders =>
    [
        .. Words("StateDirectory").Select(it => Path.Combine(StateRoot, it)),
        .. Words("CacheDirectory").Select(it => Path.Combine("/var/cache", it)),
        .. Words("LogsDirectory").Select(it => Path.Combine("/var/log", it)),
        .. Words("ReadWritePaths").Select(it => it.TrimStart('-', '+')),
    ];

    /// <summary>Reads the unit that systemd would use.</summary>
    /// <param name="root">Root of the file system; <c>/</c> except in tests.</param>
    /// <returns>Null when none is installed.</returns>
    public static ServiceUnit? Read(string root = "/")
    {
        var file = UnitFolders.Select(folder => Path.Combine(root, folder, Name)).FirstOrDefault(File.Exists);
        if (file is null)
        {
            return null;
        }

        var dropIns = UnitFolders.Prepend("run/systemd/system").Reverse()
            .Select(folder => Path.Combine(root, folder, $"{Name}.d"))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.GetFiles(folder, "*.conf"))
            .OrderBy(Path.GetFileName, StringComparer.Ordinal);
        var values = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        try
        {
            foreach (var line in new[] { file }.Concat(dropIns).SelectMany(File.ReadLines))
            {
                Take(line, values);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A unit that this user cannot read is not checked.
            return null;
        }

        return new ServiceUnit(values);
    }

    private static void Take(string line, Dictionary<string, List<string>> values)
    {
        var parts = line.Trim().Split('=', 2, StringSplitOptions.TrimEntries);
        if (parts.Length != 2 || line.TrimStart() is ['#' or ';', ..])
        {
            return;
        }

        // An empty value clears the earlier ones.
        if (parts[1].Length == 0)
        {
            values.Remove(parts[0]);
        }
        else if (values.TryGetValue(parts[0], out var earlier))
        {
            earlier.Add(parts[1]);
        }
        else
        {
            values[parts[0]] = [parts[1]];
        }
    }

    private string? Last(string key) => _values.GetValueOrDefault(key)?[^1];

    private bool IsOn(string key) => Last(key) is "yes" or "true" or "on" or "1";

    private IEnumerable<string> Words(string key) =>
        _values.GetValueOrDefault(key, []).SelectMany(it => it.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
