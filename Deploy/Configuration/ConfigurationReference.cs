using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Writes the configuration reference from the options' own descriptions, so that it always agrees with them.</summary>
internal static class ConfigurationReference
{
    private const string Introduction = """
        # Configuration

        <!-- Generated from the options. After a change there: dotnet run --project Tests/Tools/Documents -c Release -- configuration -->

        `mobilevlm run --config FILE` reads that file; without `--config` it reads `appsettings.json` in the current folder or, if there is none, `/etc/mobilevlm/appsettings.json`. The file is JSON; comments and trailing commas are accepted. Start from `appsettings.example.json`.

        - **Environment variables** override the file: `MobileVlm__Mqtt__Broker=mqtt://10.0.0.2` sets `MobileVlm:Mqtt:Broker`, with two underscores for each colon. Case does not matter. An empty variable counts as not set. The environment alone, without a file, can be the whole configuration.
        - **An invalid configuration** is refused with exit code 2 and a list of all errors: key, value, what would be accepted, and the line or variable. Unknown keys are errors too.
        - **A missing key**, or `null`, has its default value.
        - **Times** are `hours:minutes:seconds` (`00:00:02`, `00:00:00.5`), with days before a point (`1.00:00:00`).
        - **Lists** are JSON lists (`["red", "green"]`); a single value is accepted as a list of one. In an environment variable, use the index as the last part: `…__Choices__0=red`.
        - **`mobilevlm config check FILE`** reports within a fraction of a second whether the service accepts a file (exit code 0 or 2). It checks every key, and every question against the model's context. It opens no camera, broker, port or model session; `--json` prints all errors and warnings.
        - **A changed file** is read again within seconds, or at once on SIGHUP (`systemctl reload mobilevlm`, which checks the file first and fails if it has errors). Changed cameras and questions take effect; the others continue. A file with errors is refused, each error is logged, and the service continues unchanged. Settings outside `Cameras` and `Tools` need a restart; the log names them.
        - **Questions that were set over HTTP** override the file's questions of the same name; [http-setup.md](http-setup.md#questions-set-over-http) says how, and `mobilevlm config check` lists them.
        - **Relative paths** start in the folder of the configuration file, wherever the service was started.
        - **Passwords**: the broker's password is in its own file (`PasswordFile`). A camera's password is part of its address, so make the configuration file readable by the service's user only; that of an `onvif://` camera can be in a file too (`Cameras:CAMERA:PasswordFile`). Messages, logs and the process list show neither; only a `gst:` pipeline is visible on its command line.
        - **Section `Logging`**, beside `MobileVlm`, configures .NET's logging: `"Logging": { "LogLevel": { "Default": "Debug" } }`.

        """;

    public static void WriteMarkdown(TextWriter writer)
    {
        // Line breaks are the same on every system.
        writer.NewLine = "\n";
        writer.WriteLine(Introduction.ReplaceLineEndings("\n").TrimEnd());
        WriteGroup(writer, typeof(EdgeOptions), EdgeOptions.Section, "This section holds all settings of the service.");
    }

    private static void WriteGroup(TextWriter writer, Type type, string key, string description)
    {
        writer.WriteLine();
        writer.WriteLine($"## {key.Replace("<", "\\<", StringComparison.Ordinal)}");
        writer.WriteLine();
        writer.WriteLine(description);
        writer.WriteLine();
        writer.WriteLine("| Key | Accepted | Default | Meaning |");
        writer.WriteLine("| --- | --- | --- | --- |");
        var settings = Setting.Of(type);
        var defaults = Activator.CreateInstance(type);
        foreach (var setting in settings)
        {
            writer.WriteLine(
                $"| `{setting.Name}` | {Cell(Accepted(setting))} | {Cell(Default(setting, defaults))} | {Cell(setting.Description)} |");
        }

        foreach (var setting in settings.Where(it => !it.IsLeaf))
        {
            WriteGroup(writer, setting.Type, KeyLocator.Inside(setting, key), setting.Map is { } map
                ? $"One {map.Placeholder}. Its name: {map.Accepted}."
                : setting.Description);
        }
    }

    private static string Accepted(Setting setting) => setting.Shape switch
    {
        SettingShape.Group => "keys, see below",
        SettingShape.List => $"list, each: {setting.Accepted}",
        SettingShape.Map => $"{setting.Map!.Placeholder}s by name, see below",
        SettingShape.Value => setting.Accepted,
        _ => throw new ArgumentOutOfRangeException(nameof(setting), setting.Shape, "This shape has no text."),
    };

    private static string Default(Setting setting, object? defaults) =>
        setting.IsRequired ? "**required**"
        : setting.DefaultText is { } text ? text
        : setting.Shape == SettingShape.List ? "none"
        : setting.Shape != SettingShape.Value ? ""
        : setting.Property.GetValue(defaults) is { } value ? $"`{ScalarText.Format(value)}`"
        : "none";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
