using System.Collections;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Everything outside the program that configuration is read from, so that a test can bring its own.</summary>
/// <param name="CurrentFolder">Looked in first for <c>appsettings.json</c>.</param>
/// <param name="MachineFolder">Looked in second.</param>
/// <param name="HostName">Names the node when no name is configured.</param>
/// <param name="Environment">Environment variables.</param>
internal sealed record ConfigurationPaths(
    string CurrentFolder, string MachineFolder, string HostName, IReadOnlyDictionary<string, string> Environment)
{
    public const string FileName = "appsettings.json";

    public const string DefaultMachineFolder = "/etc/mobilevlm";

    /// <summary>Where this process and this machine keep them.</summary>
    public static ConfigurationPaths OfThisProcess() => new(
        Directory.GetCurrentDirectory(),
        DefaultMachineFolder,
        System.Environment.MachineName,
        System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal));

    /// <summary>Files that are looked for, in order, when none is named.</summary>
    public IReadOnlyList<string> Files =>
        [Path.Combine(CurrentFolder, FileName), Path.Combine(MachineFolder, FileName)];
}
