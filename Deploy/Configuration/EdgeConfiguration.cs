using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Taught;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>The validated configuration of the service. Immutable.</summary>
internal sealed partial class EdgeConfiguration
{
    private const string LoggingSection = "Logging";
    private const int LargestFile = 1 << 20;

    private static readonly string[] Sections = [EdgeOptions.Section, LoggingSection];

    private readonly ConfigurationText _text;
    private readonly string _hostName;
    private readonly string? _systemdState;

    /// <summary>Counts tokens as the model does; null if the model cannot be read.</summary>
    private readonly QuestionTokenCounter? _model;

    private EdgeConfiguration(
        EdgeOptions options,
        ConfigurationText text,
        IConfiguration logging,
        IReadOnlyList<ConfigurationProblem> warnings,
        IReadOnlyList<OverlayUse> overlayUses,
        QuestionTokenCounter? model,
        TaughtSettings taught)
    {
        (Options, _text, Logging, Warnings, OverlayUses, _model, Taught) = (options, text, logging, warnings, overlayUses, model, taught);
        _hostName = text.Sources.HostName;
        _systemdState = SystemdState(text.Sources);
    }

    /// <summary>The options as written, with defaults for what was left out.</summary>
    public EdgeOptions Options { get; }

    /// <summary>The file that was read; null if everything came from the environment.</summary>
    public string? File => _text.File;

    /// <summary>The folder in which relative paths start: the file's folder, so that they mean the same under systemd.</summary>
    public string Folder => _text.Folder;

    /// <summary>Section <c>Logging</c> for .NET's logging; empty if there is none.</summary>
    public IConfiguration Logging { get; }

    /// <summary>Settings that can be used but are probably not what the operator wants.</summary>
    public IReadOnlyList<ConfigurationProblem> Warnings { get; }

    /// <summary>The files of taught questions, as they were when the configuration was read.</summary>
    public TaughtSettings Taught { get; }

    /// <summary>Reads a file, then the environment, and validates all of it.</summary>
    /// <param name="file">The file to read; null searches for <c>appsettings.json</c> in the current folder, then in
    /// <c>/etc/mobilevlm</c>.</param>
    /// <exception cref="ConfigurationException">The configuration is invalid; the exception holds every error.</exception>
    public static EdgeConfiguration Load(string? file) => Load(file, ConfigurationPurpose.Start);

    /// <inheritdoc cref="Load(string?)"/>
    public static EdgeConfiguration Load(string? file, ConfigurationPurpose purpose) =>
        Load(file, ConfigurationSources.OfThisProcess(), purpose);

    /// <inheritdoc cref="Load(string?)"/>
    public static EdgeConfiguration Load(
        string? file, ConfigurationSources sources, ConfigurationPurpose purpose = ConfigurationPurpose.Start)
    {
        var path = file is not null
            ? Path.GetFullPath(file, sources.CurrentFolder)
            : sources.Files.FirstOrDefault(System.IO.File.Exists);
        return ReadWithStoredOverlay(new ConfigurationText(path, path is null ? null : ReadFile(path), sources, purpose));
    }

    /// <summary>Reads a configuration that a command supplies itself, for example the demo; it is validated in the same way.</summary>
    /// <exception cref="ConfigurationException">The configuration is invalid; the exception holds every error.</exception>
    public static EdgeConfiguration FromJson(string json, ConfigurationSources sources) =>
        ReadWithStoredOverlay(new ConfigurationText(
            Path.Combine(sources.CurrentFolder, ConfigurationSources.FileName), Encoding.UTF8.GetBytes(json), sources, ConfigurationPurpose.Start));

    /// <summary>Reads the file and the environment, without validation.</summary>
    private static SettingNode ReadTree(ConfigurationText text, ProblemList problems)
    {
        var root = text.Json is null
            ? new SettingNode("", JsonKind.Object, null, "")
            : JsonSettings.Read(text.Json, text.File ?? "", problems);
        var applied = EnvironmentSettings.Apply(text.Sources.Environment, Sections, root, problems);
        return text.File is not null || applied > 0
            ? root
            : throw Missing(
                EdgeOptions.Section,
                $"is configured nowhere: there is {NoFile(text.Sources)}; create one, or name one with --config");
    }

    /// <summary>Reads and validates everything once.</summary>
    private static EdgeConfiguration Read(ConfigurationText text, QuestionOverlay overlay, ProblemList problems)
    {
        var (sources, purpose, folder) = (text.Sources, text.Purpose, text.Folder);
        var root = ReadTree(text, problems);
        var overlayUses = OverlayMerge.Apply(root, overlay);
        var binder = new OptionsBinder(problems, typeof(EdgeOptions), EdgeOptions.Section)
        {
            Optional = ClusterValidator.IsOn(root) ? ClusterValidator.RequiredWithoutCluster : [],
        };
        var options = binder.Bind<EdgeOptions>(root.Find(EdgeOptions.Section), EdgeOptions.Section);
        foreach (var unknown in root.Children.Where(it => !Sections.Contains(it.Name, StringComparer.OrdinalIgnoreCase)))
        {
            binder.RefuseUnknown(unknown, unknown.Name, Sections);
        }

        var logging = ReadLogging(root.Find(LoggingSection), problems);
        options.Mqtt.PasswordFile = SystemdCredential.Resolve(options.Mqtt.PasswordFile, sources.Environment);
        foreach (var camera in options.Cameras.Values)
        {
            camera.PasswordFile = SystemdCredential.Resolve(camera.PasswordFile, sources.Environment);
        }

        foreach (var webhook in options.Webhooks.Values)
        {
            webhook.SecretFile = SystemdCredential.Resolve(webhook.SecretFile, sources.Environment);
        }

        options.Http.TokenFile = SystemdCredential.Resolve(options.Http.TokenFile, sources.Environment);
        options.Http.CertificateFile = SystemdCredential.Resolve(options.Http.CertificateFile, sources.Environment);
        options.Http.KeyFile = SystemdCredential.Resolve(options.Http.KeyFile, sources.Environment);
        options.Cluster.CertificateFile = SystemdCredential.Resolve(options.Cluster.CertificateFile, sources.Environment);
        options.Cluster.KeyFile = SystemdCredential.Resolve(options.Cluster.KeyFile, sources.Environment);
        options.Cluster.AuthorityFile = SystemdCredential.Resolve(options.Cluster.AuthorityFile, sources.Environment);
        var model = OptionsValidator.Validate(options, folder, SystemdState(sources), sources.HostName, purpose, problems);
        var taught = TaughtSettings.Read(options, folder, StateFolderOf(options, folder, sources), model?.Manifest, problems);
        if (problems.Errors.Count == 0)
        {
            taught.Warn(problems);
        }

        return problems.Errors.Count == 0
            ? new EdgeConfiguration(options, text, logging, problems.Warnings, overlayUses, model, taught)
            : throw new ConfigurationException(
                text.File ?? $"environment ({NoFile(sources)})", problems.Errors, problems.Warnings);
    }

    private static string? StateFolderOf(EdgeOptions options, string folder, ConfigurationSources sources) =>
        options.StateFolder is { } state ? Path.GetFullPath(state, folder) : SystemdState(sources);

    private static string? SystemdState(ConfigurationSources sources) =>
        sources.Environment.TryGetValue(ConfigurationSources.StateVariable, out var state) && state.Length > 0 ? state.Split(':')[0] : null;

    private static byte[] ReadFile(string path)
    {
        try
        {
            using var stream = System.IO.File.OpenRead(path);
            var bytes = new byte[LargestFile + 1];
            var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return length <= LargestFile
                ? bytes[..length]
                : throw Missing(path, "is larger than 1 MiB, so it is not a configuration; name a configuration file with --config");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw Missing(path, "does not exist; name a configuration file with --config");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Missing(
                path, Directory.Exists(path) ? "is a folder; name the file in it" : $"cannot be read: {exception.Message}");
        }
    }

    /// <summary>Reads and validates section <c>Logging</c>, because .NET would report a wrong level only when it creates the first
    /// logger.</summary>
    private static IConfiguration ReadLogging(SettingNode? node, ProblemList problems)
    {
        var values = node?.Flatten(LoggingSection).ToList() ?? [];
        foreach (var (key, value) in values.Where(it => it.Key.Contains(":LogLevel:", StringComparison.OrdinalIgnoreCase)))
        {
            if (!Enum.GetNames<LogLevel>().Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                problems.Add(key, value, $"is not a log level; {string.Join(", ", Enum.GetNames<LogLevel>())} would be accepted");
            }
        }

        return new ConfigurationBuilder().AddInMemoryCollection(values).Build().GetSection(LoggingSection);
    }

    private static string NoFile(ConfigurationSources sources) => $"no file {string.Join(" and no file ", sources.Files)}";

    private static ConfigurationException Missing(string key, string message) =>
        new("configuration", [new ConfigurationProblem(key, null, message)]);
}
