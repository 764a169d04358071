namespace MobileVlm.Edge.Deploy.Configuration;

/// <summary>Writes the reference from the options' own descriptions, so that it cannot say something else.</summary>
internal static class ConfigurationReference
{
    private const string Introduction = """
        # Configuration

        <!-- Generated from the options. After a change there: UPDATE_DOCS=1 dotnet test Tests/EndToEnd.Tests --filter Reference -->

        `mobilevlm run --config FILE` reads that file; without `--config` it reads `appsettings.json` in the current folder, or else `/etc/mobilevlm/appsettings.json`. The file is JSON; comments and trailing commas are accepted. `appsettings.example.json` is a file to begin with.

        - **Environment variables** win over the file: `MobileVlm__Mqtt__Broker=mqtt://10.0.0.2` is `MobileVlm:Mqtt:Broker`, with two underscores for each colon. Upper and lower case are the same. An empty variable counts as not set. Without a file, they may say everything.
        - **A wrong configuration** is refused with exit code 2 and a list of every fault: key, value, what would be accepted, and the line or variable where it stands. Unknown keys are faults too.
        - **A key left out**, or `null`, takes its default.
        - **Times** are `hours:minutes:seconds` (`00:00:02`, `00:00:00.5`), with days before a point (`1.00:00:00`).
        - **Lists** are JSON lists (`["red", "green"]`); a single value may stand for a list of one. Of an environment variable the last part is the place: `…__Choices__0=red`.
        - **`mobilevlm config check FILE`** says in a fraction of a second whether the service accepts a file (exit code 0 or 2): every key, and every question against the model's context. It opens no camera, broker, port or model session; `--json` prints all errors and warnings.
        - **A changed file** is read again within seconds, or at once on SIGHUP (`systemctl reload mobilevlm`, which checks it first and fails if it has errors): cameras and questions change while the others go on. A file with faults is refused, each is logged, and everything goes on as it was. What is not about cameras needs a restart; the log says what.
        - **Relative paths** begin in the folder of the configuration file, wherever the service was started.
        - **Passwords**: the broker's stands in a file of its own (`PasswordFile`). A camera's stands in its address, so make the configuration file readable for the service's user only; that of an `onvif://` camera may stand in a file too (`Cameras:CAMERA:PasswordFile`). Messages, logs and the process list show neither; only what stands in a `gst:` pipeline is on its command line.
        - **Section `Logging`**, beside `MobileVlm`, is .NET's: `"Logging": { "LogLevel": { "Default": "Debug" } }`.

        """;

    public static void WriteMarkdown(TextWriter writer)
    {
        // The same bytes on every system.
        writer.NewLine = "\n";
        writer.WriteLine(Introduction.ReplaceLineEndings("\n").TrimEnd());
        WriteGroup(writer, typeof(EdgeOptions), EdgeOptions.Section, "Everything of this service stands in this section.");
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
