using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Init;

/// <summary><c>mobilevlm init</c>: writes a configuration that works.</summary>
internal static class InitCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output")
        {
            Description = "File to write; an existing one is never replaced without asking.",
            HelpName = "FILE",
            DefaultValueFactory = _ => ConfigurationSources.FileName,
        };
        var force = new Option<bool>("--force") { Description = "Replace an existing file; a copy of it is kept." };
        var yes = new Option<bool>("--yes") { Description = "Do not ask; what no option sets has its default." };
        var noTest = new Option<bool>("--no-test") { Description = "Write the file without testing broker, camera and model." };
        var broker = Text("--broker", "URL", "'embedded', mqtt://HOST[:PORT] or mqtts://HOST[:PORT].");
        var user = Text("--broker-user", "NAME", "User at the broker.");
        var password = Text("--broker-password-file", "FILE", "File whose first line is that user's password.");
        var authority = Text("--broker-ca-file", "FILE", "PEM file of the authority that signed the broker's certificate.");
        var camera = new Option<string[]>("--camera")
        {
            Description = "A camera's source, or NAME=SOURCE; may be given several times.",
            HelpName = "SOURCE",
        };
        var model = Text("--model", "DIR", "Folder of an imported model.");
        var question = Text("--question", "TEXT", $"What to ask about each frame ('{InitAnswers.DefaultQuestion}').");
        var state = Text("--state-folder", "DIR", "Folder in which states survive a restart; without it none is written.");
        var node = Text("--node", "NAME", "Name of this machine in topics (its host name).");
        var http = Text("--http", "ADDRESS", "Serve the page and the API at ADDRESS, such as 127.0.0.1:8080; other machines need a token.");
        var command = new Command(
            "init", "Write a configuration: asks for broker, camera and model, and tests each of them.")
        {
            output, force, yes, noTest, broker, user, password, authority, camera, model, question, state, node, http,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            var sources = parsed.GetValue(camera) ?? [];
            var options = new InitOptions(
                Path.GetFullPath(parsed.GetRequiredValue(output)),
                parsed.GetValue(force),
                !parsed.GetValue(noTest),
                parsed.GetValue(broker),
                parsed.GetValue(user),
                parsed.GetValue(password),
                parsed.GetValue(authority),
                [.. sources.Select((it, i) => Camera(it, i))],
                parsed.GetValue(model),
                parsed.GetValue(question),
                parsed.GetValue(state),
                parsed.GetValue(node),
                parsed.GetValue(http));
            var console = new InitConsole(!parsed.GetValue(yes) && !Console.IsInputRedirected, cancel);
            try
            {
                return await new InitRun(options, console, cancel).RunAsync();
            }
            catch (OperationCanceledException)
            {
                Terminal.Info("");
                Terminal.Error("Stopped. Nothing was written.");
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static Option<string?> Text(string name, string value, string description) =>
        new(name) { Description = description, HelpName = value };

    /// <summary>Parses <c>NAME=SOURCE</c> or a source alone. An address may contain '=' after its scheme.</summary>
    private static InitCamera Camera(string text, int index)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 && text[..equals].All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? new InitCamera(text[..equals], InitRun.SourceOf(text[(equals + 1)..]))
            : new InitCamera(index == 0 ? "camera" : $"camera{index + 1}", InitRun.SourceOf(text));
    }
}
