using MobileVlm.Edge.Deploy.Configuration.Validation;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>What a configuration is read from.</summary>
/// <param name="File">The file's path; null if everything comes from the environment.</param>
/// <param name="Json">The file's content; null without a file.</param>
/// <param name="Sources">The environment and the rest.</param>
/// <param name="Purpose">What it is read for.</param>
internal sealed record ConfigurationText(string? File, byte[]? Json, ConfigurationSources Sources, ConfigurationPurpose Purpose)
{
    /// <summary>The folder in which relative paths start.</summary>
    public string Folder => (File is null ? null : Path.GetDirectoryName(File)) ?? Sources.CurrentFolder;
}
