using System.Collections;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Everything outside the program that configuration is read from, so that a test can supply its own.</summary>
/// <param name="CurrentFolder">The first folder to search for <c>appsettings.json</c>.</param>
/// <param name="MachineFolder">The second folder to search.</param>
/// <param name="HostName">The node's name when none is configured.</param>
/// <param name="Environment">The environment variables.</param>
internal sealed record ConfigurationSources(
    string CurrentFolder, string MachineFolder, string HostName, IReadOnlyDictionary<string, string> Environment)
{
    public const string FileName = "appsettings.json";

    public const string DefaultMachineFolder = "/etc/mobilevlm";

    /// <summary>The environment variable with the state folder, which systemd sets for a unit with <c>StateDirectory=</c>; several folders are
    /// separated by colons.</summary>
    public const string StateVariable = "STATE_DIRECTORY";

    /// <summary>The paths, host name and environment of this process.</summary>
    public static ConfigurationSources OfThisProcess() => new(
        Directory.GetCurrentDirectory(),
        DefaultMachineFolder,
        System.Environment.MachineName,
        System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal));

    /// <summary>The files that are searched for, in order, when none is named.</summary>
    public IReadOnlyList<string> Files =>
        [Path.Combine(CurrentFolder, FileName), Path.Combine(MachineFolder, FileName)];
}
