using System.CommandLine;
using System.CommandLine.Completions;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Asking;
using MobileVlm.Edge.Deploy.Commands.Cameras;
using MobileVlm.Edge.Deploy.Commands.Evaluation;
using MobileVlm.Edge.Deploy.Commands.Labels;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Deploy.Commands.Scanning;
using MobileVlm.Edge.Deploy.Commands.Teaching;
using MobileVlm.Edge.Deploy.Init;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary>The command <c>mobilevlm</c>: results on standard output, everything else on standard error.</summary>
internal static class CommandLine
{
    private const string Description = """
        Answers standing questions about what cameras see, on this device only, and publishes the answers over MQTT.

        Try it:        mobilevlm demo
        Ask an image:  mobilevlm ask --model DIR --image FILE "Is there a person?"
        Scan a video:  mobilevlm scan FILE --model DIR --ask "Is there a person?"
        Configure it:  mobilevlm init
        Run it:        mobilevlm run --config FILE
        Watch it:      mobilevlm watch --config FILE
        Check a file:  mobilevlm config check FILE
        Find problems: mobilevlm doctor --config FILE
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(Description)
        {
            RunCommand.Create(),
            DemoCommand.Create(),
            AskCommand.Create(),
            ScanCommand.Create(),
            GenerateCommand.Create(),
            TeachCommand.Create(),
            ModelCommand.Create(),
            BenchCommand.Create(),
            EvalCommand.Create(),
            PerplexityCommand.Create(),
            DoctorCommand.Create(),
            ConfigCommand.Create(),
            BackupCommand.Create(),
            RestoreCommand.Create(),
            WatchCommand.Create(),
            LabelCommand.Create(),
            CamerasCommand.Create(),
            InitCommand.Create(),
        };
        ParseResult parsed;
        try
        {
            // As in other programs: 'help' shows the help of the program, 'help run' that of a command.
            parsed = root.Parse(args is ["help", .. var command] ? [.. command, "--help"] : args);
        }
        catch (InvalidOperationException e)
        {
            // A validator has read a value that is not a number.
            Terminal.Error(e.Message);
            Terminal.Info("'mobilevlm --help' shows what is accepted.");
            return ExitCode.Usage;
        }

        HelpExamples.AddTo(parsed.CommandResult.Command);
        // A line that a shell wants completed is unfinished, not wrong.
        var completes = root.Directives.OfType<SuggestDirective>().Any(it => parsed.GetResult(it) is not null);
        if (!completes && UsageErrors.Of(parsed) is { Count: > 0 } errors)
        {
            foreach (var error in errors)
            {
                Terminal.Error(error);
            }

            Terminal.Info($"'mobilevlm{UsageErrors.PathOf(parsed.CommandResult.Command)} --help' shows what is accepted.");
            return ExitCode.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,

                // The service's host handles signals itself; the other commands get time to clean up.
                ProcessTerminationTimeout = parsed.CommandResult.Command.Name == RunCommand.Name ? null : TimeSpan.FromSeconds(20),
            });
        }
        catch (Exception e)
        {
            return FailureReport.Print(e);
        }
    }
}
