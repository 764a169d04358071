using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Validation;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>What the operator wrote, checked as a whole. Immutable.</summary>
internal sealed partial class EdgeConfiguration
{
    private const string LoggingSection = "Logging";
    private const int LargestFile = 1 << 20;

    private static readonly string[] Sections = [EdgeOptions.Section, LoggingSection];

    // Set by systemd for a unit with StateDirectory=; several are separated by colons.
    private const string StateVariable = "STATE_DIRECTORY";

    private readonly string _hostName;
    private readonly string? _systemdState;

    private EdgeConfiguration(
        EdgeOptions options,
        string? file,
        string folder,
        ConfigurationPaths places,
        IConfiguration logging,
        IReadOnlyList<ConfigurationError> warnings)
    {
        (Options, File, Folder, Logging, Warnings) = (options, file, folder, logging, warnings);
        _hostName = places.HostName;
        _systemdState = places.Environment.TryGetValue(StateVariable, out var state) && state.Length > 0
            ? state.Split(':')[0]
            : null;
    }

    /// <summary>As written, with defaults where nothing was.</summary>
    public EdgeOptions Options { get; }

    /// <summary>The file that was read; null when the environment said everything.</summary>
    public string? File { get; }

    /// <summary>Relative paths begin here: the file's folder, so that they mean the same under systemd.</summary>
    public string Folder { get; }

    /// <summary>Section <c>Logging</c>, as .NET's logging understands it; empty when there is none.</summary>
    public IConfiguration Logging { get; }

    /// <summary>Settings that can be used but are probably not what the operator wants.</summary>
    public IReadOnlyList<ConfigurationError> Warnings { get; }

    /// <summary>Reads a file, then the environment, and checks all of it.</summary>
    /// <param name="file">Null looks for <c>appsettings.json</c> here, then in <c>/etc/mobilevlm</c>.</param>
    /// <exception cref="ConfigurationException">Something is wrong; it holds every fault.</exception>
    public static EdgeConfiguration Load(string? file) => Load(file, ConfigurationStrictness.Start);

    /// <inheritdoc cref="Load(string?)"/>
    public static EdgeConfiguration Load(string? file, ConfigurationStrictness strictness) =>
        Load(file, ConfigurationPaths.OfThisProcess(), strictness);

    /// <inheritdoc cref="Load(string?)"/>
    public static EdgeConfiguration Load(
        string? file, ConfigurationPaths places, ConfigurationStrictness strictness = ConfigurationStrictness.Start)
    {
        var path = file is not null
            ? Path.GetFullPath(file, places.CurrentFolder)
            : places.Files.FirstOrDefault(System.IO.File.Exists);
        return path is null ? Read(null, null, places, strictness) : Read(path, ReadFile(path), places, strictness);
    }

    /// <summary>Options that a command brings itself, such as the demo; they are checked in the same way.</summary>
    /// <exception cref="ConfigurationException">Something is wrong; it holds every fault.</exception>
    public static EdgeConfiguration FromJson(string json, ConfigurationPaths places) =>
        Read(Path.Combine(places.CurrentFolder, ConfigurationPaths.FileName), Encoding.UTF8.GetBytes(json), places, ConfigurationStrictness.Start);

    private static EdgeConfiguration Read(
        string? file, byte[]? json, ConfigurationPaths places, ConfigurationStrictness strictness)
    {
        var faults = new ErrorList();
        var root = json is null
            ? new SettingNode("", SettingKind.Object, null, "")
            : JsonSettings.Read(json, file ?? "", faults);
        var applied = EnvironmentSettings.Apply(places.Environment, Sections, root, faults);
        if (file is null && applied == 0)
        {
            throw Missing(
                EdgeOptions.Section,
                $"is configured nowhere: there is {NoFile(places)}; create one, or name one with --config");
        }

        var binder = new OptionsBinder(faults, typeof(EdgeOptions), EdgeOptions.Section);
        var options = binder.Bind<EdgeOptions>(root.Find(EdgeOptions.Section), EdgeOptions.Section);
        foreach (var unknown in root.Children.Where(it => !Sections.Contains(it.Name, StringComparer.OrdinalIgnoreCase)))
        {
            binder.RefuseUnknown(unknown, unknown.Name, Sections);
        }

        var folder = file is null ? places.CurrentFolder : Path.GetDirectoryName(file) ?? places.CurrentFolder;
        var logging = ReadLogging(root.Find(LoggingSection), faults);
        options.Mqtt.PasswordFile = SystemdCredential.Resolve(options.Mqtt.PasswordFile, places.Environment);
        foreach (var camera in options.Cameras.Values)
        {
            camera.PasswordFile = SystemdCredential.Resolve(camera.PasswordFile, places.Environment);
        }

        OptionsValidator.Validate(options, folder, strictness, faults);
        return faults.Faults.Count == 0
            ? new EdgeConfiguration(options, file, folder, places, logging, faults.Warnings)
            : throw new ConfigurationException(
                file ?? $"environment ({NoFile(places)})", faults.Faults, faults.Warnings);
    }

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var stream = System.IO.File.OpenRead(path);
            var bytes = new byte[LargestFile + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= LargestFile
                ? bytes[..length]
                : throw Missing(path, "is larger than 1 MiB and surely no configuration");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, "does not exist; name a configuration file with --config");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Missing(
                path, Directory.Exists(path) ? "is a folder; name the file in it" : $"cannot be read: {fault.Message}");
        }
    }

    /// <summary>.NET would name a wrong level only once the first logger is made.</summary>
    private static IConfiguration ReadLogging(SettingNode? node, ErrorList faults)
    {
        var values = node?.Flatten(LoggingSection).ToList() ?? [];
        foreach (var (key, value) in values.Where(it => it.Key.Contains(":LogLevel:", StringComparison.OrdinalIgnoreCase)))
        {
            if (!Enum.GetNames<LogLevel>().Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                faults.Add(key, value, $"is no log level; {string.Join(", ", Enum.GetNames<LogLevel>())} would be accepted");
            }
        }

        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(LoggingSection);
    }

    private static string NoFile(ConfigurationPaths places) => $"no file {string.Join(" and no file ", places.Files)}";

    private static ConfigurationException Missing(string key, string message) =>
        new("configuration", [new ConfigurationError(key, null, message)]);
}
