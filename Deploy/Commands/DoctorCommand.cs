using System.CommandLine;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Doctor;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm doctor</c>: what this box has, what is missing, how to mend it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var config = RunCommand.ConfigOption();
        var command = new Command(
            "doctor", "Check this box, and with a configuration also its model, broker and cameras.") { config };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(config), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string? file, CancellationToken cancel)
    {
        var findings = new List<Finding>(BoxChecks.Run());
        var misconfigured = false;
        try
        {
            var configuration = EdgeConfiguration.Load(file);
            findings.Add(Finding.Fine("configuration", $"read, {configuration.ToCameraSettings().Count} camera(s)"));
            await foreach (var finding in ConfiguredChecks.RunAsync(configuration, cancel))
            {
                findings.Add(finding);
            }
        }
        catch (ConfigurationException e) when (file is null && e.Faults is [{ Key: EdgeOptions.Section }])
        {
            findings.Add(Finding.Note("configuration", "none found", "Name one with --config FILE to have its model, broker and cameras checked."));
        }
        catch (ConfigurationException e)
        {
            misconfigured = true;
            findings.AddRange(e.Message.Split('\n').Select(line => Finding.Bad("configuration", line, "See Deploy/docs/configuration.md.")));
        }

        Show(findings);
        return misconfigured ? ExitCode.Usage : findings.Any(f => f.Kind == FindingKind.Bad) ? ExitCode.Failed : ExitCode.Done;
    }

    private static void Show(List<Finding> findings)
    {
        foreach (var finding in findings)
        {
            AnsiConsole.Markup(finding.Kind switch
            {
                FindingKind.Fine => "[green]ok  [/]",
                FindingKind.Note => "[yellow]note[/]",
                _ => "[red]bad [/]",
            });

            // Not through the table library, which would break lines that people search for.
            Console.WriteLine($" {finding.What,-22} {finding.Found}");
            if (finding.Remedy is { } remedy)
            {
                Console.WriteLine($"     {"",-22} -> {remedy}");
            }
        }
    }
}
