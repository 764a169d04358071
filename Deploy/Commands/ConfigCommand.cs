using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm config</c>: checks a configuration without running it.</summary>
internal static class ConfigCommand
{
    public static Command Create() => new("config", "Check a configuration without running it, or take over what was changed while it ran.") { Check(), Export() };

    private static Command Export()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "Configuration file; without it ./appsettings.json, then /etc/mobilevlm/appsettings.json.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command(
            "export-questions",
            "Print the questions that were set over HTTP as a part of a configuration file. Deleted ones are listed on stderr.") { file };
        command.SetAction(parsed => RunExport(parsed.GetValue(file)));
        return command;
    }

    private static int RunExport(string? file)
    {
        var configuration = EdgeConfiguration.Load(file, ServiceUnit.SourcesOf(file), ConfigurationPurpose.Check);
        if (configuration.StateFolder is not { } folder)
        {
            Terminal.Error("Nothing was set over HTTP: the configuration names no StateFolder, so nothing is kept.");
            return ExitCode.Failed;
        }

        var overlay = QuestionOverlayFile.Peek(QuestionOverlayFile.PathIn(folder), out var problem);
        if (problem is not null)
        {
            Terminal.Error($"{QuestionOverlayFile.PathIn(folder)} {problem}.");
            return ExitCode.Failed;
        }

        var export = OverlayExport.Of(overlay);
        Console.Write(Encoding.UTF8.GetString(QuestionOverlay.Write(export.Fragment)));
        if (export.Deleted.Count > 0)
        {
            Terminal.Info($"Deleted over HTTP, so take them out of the file: {string.Join(", ", export.Deleted)}.");
        }

        return ExitCode.Done;
    }

    private static Command Check()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "Configuration file; without it ./appsettings.json, then /etc/mobilevlm/appsettings.json.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = new Option<bool>("--json") { Description = "Print one JSON document to stdout." };
        var command = new Command(
            "check",
            "Check every key of a file, and every question against the model's tokenizer. Opens no camera, broker, port or model "
            + "session. Exit code 0: the service accepts the file; 2: it does not.")
        {
            file, json,
        };
        command.SetAction(parsed => Run(parsed.GetValue(file), parsed.GetValue(json)));
        return command;
    }

    /// <summary>Whether <c>ExecReload=</c> runs this command, as the service's user: systemd sets the variable for it. The command
    /// then refuses what the service would refuse at a reload.</summary>
    private static bool IsReload => Environment.GetEnvironmentVariable("MAINPID") is { Length: > 0 };

    private static int Run(string? file, bool json)
    {
        ConfigurationCheck found;
        string? message = null;
        IReadOnlyList<string> changes = [];
        try
        {
            var configuration = EdgeConfiguration.Load(
                file, ServiceUnit.SourcesOf(file), IsReload ? ConfigurationPurpose.Reload : ConfigurationPurpose.Check);
            var cameras = configuration.Options.Cameras;
            found = new ConfigurationCheck(
                true, configuration.File, cameras.Count, cameras.Values.Sum(camera => camera.Questions.Count), [], Lines(configuration.Warnings))
            {
                Changes = [.. configuration.OverlayUses.Select(use => new OverlayLine(
                    use.Key.Camera, use.Key.Question, use.Effect.ToString().ToLowerInvariant(), use.Reason))],
            };
            changes = [.. configuration.OverlayUses.Where(use => use.Effect != OverlayEffect.Unused).Select(use => use.ToString())];
        }
        catch (ConfigurationException refused)
        {
            message = refused.Message;
            found = new ConfigurationCheck(false, file, null, null, Lines(refused.Errors), Lines(refused.Warnings));
        }

        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(found, ConfigurationCheckJson.Readable.ConfigurationCheck));
            return found.Ok ? ExitCode.Done : ExitCode.Usage;
        }

        foreach (var warning in found.Warnings)
        {
            Terminal.Info($"warning: {warning}");
        }

        if (message is not null)
        {
            Terminal.Error(message);
            return ExitCode.Usage;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"OK: {Count(found.Cameras, "camera")}, {Count(found.Questions, "question")}."));
        foreach (var change in changes)
        {
            Console.WriteLine($"{change}.");
        }

        return ExitCode.Done;
    }

    private static string Count(int? count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static IReadOnlyList<ConfigurationCheckLine> Lines(IReadOnlyList<ConfigurationProblem> errors) =>
        [.. errors.Select(error => new ConfigurationCheckLine(
            error.Key, error.Line, error.Text, error.Variable))];
}

/// <summary>The document that <c>config check --json</c> prints.</summary>
/// <param name="Ok">Whether the service accepts the configuration.</param>
/// <param name="File">The file that was read; null if everything came from the environment.</param>
/// <param name="Cameras">The number of cameras; null if the configuration is invalid.</param>
/// <param name="Questions">The number of questions of all cameras; null if the configuration is invalid.</param>
/// <param name="Errors">The errors; each makes the configuration invalid.</param>
/// <param name="Warnings">Settings that are valid but probably not intended.</param>
internal sealed record ConfigurationCheck(
    bool Ok,
    string? File,
    int? Cameras,
    int? Questions,
    IReadOnlyList<ConfigurationCheckLine> Errors,
    IReadOnlyList<ConfigurationCheckLine> Warnings)
{
    /// <summary>The questions that were set or deleted over HTTP; empty if the configuration is invalid.</summary>
    public IReadOnlyList<OverlayLine> Changes { get; init; } = [];
}

/// <summary>A question that was set or deleted over HTTP.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">The question.</param>
/// <param name="Effect"><c>adds</c>, <c>overrides</c>, <c>deletes</c> or <c>unused</c>.</param>
/// <param name="Reason">Why it is unused; null otherwise.</param>
internal sealed record OverlayLine(string Camera, string Question, string Effect, string? Reason);

/// <summary>One error or warning.</summary>
/// <param name="Key">The key, written with colons, or the file.</param>
/// <param name="Line">The line in the file, from 1; null if the key is not in it.</param>
/// <param name="Message">Continues the sentence that the key begins.</param>
/// <param name="Variable">The environment variable that sets the key instead of the file.</param>
internal sealed record ConfigurationCheckLine(
    string Key,
    int? Line,
    string Message,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Variable)
{
    public override string ToString() =>
        $"{Key}{(Message.StartsWith('=') ? " " : ": ")}{Message}{(Line is { } line ? $" [line {line}]" : Variable is { } set ? $" [environment variable {set}]" : "")}";
}

[JsonSerializable(typeof(ConfigurationCheck))]
internal sealed partial class ConfigurationCheckJson : JsonSerializerContext
{
    /// <summary>Writes quotes and letters as readable characters instead of \u escapes.</summary>
    public static ConfigurationCheckJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
