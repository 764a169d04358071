using System.CommandLine;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Deploy.Configuration.Options;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Doctor;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm doctor</c>: reports what this machine has, what is missing, and how to fix it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var config = RunCommand.ConfigOption();
        var json = new Option<bool>("--json") { Description = "Print one JSON document to stdout." };
        var command = new Command(
            "doctor", "Check this machine, and with a configuration also its folders, model, broker and cameras.") { config, json };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(config), new DoctorReport(parsed.GetValue(json)), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string? file, DoctorReport report, CancellationToken cancel)
    {
        foreach (var finding in MachineChecks.Run())
        {
            report.Add(finding);
        }

        var misconfigured = false;
        try
        {
            var configuration = EdgeConfiguration.Load(file, ServiceUnit.SourcesOf(file), ConfigurationPurpose.Check);
            report.Add(Finding.Fine("configuration", $"{configuration.File ?? "environment"}: {configuration.ToCameraSettings().Count} camera(s)"));
            await ConfiguredChecks.RunAsync(configuration, report, cancel);
        }
        catch (ConfigurationException e) when (file is null && e.Errors is [{ Key: EdgeOptions.Section }])
        {
            foreach (var finding in MachineChecks.Tools([]))
            {
                report.Add(finding);
            }

            report.Add(Finding.Note("configuration", "none found", "Name one with --config FILE to have its model, broker and cameras checked; 'mobilevlm init' writes one."));
        }
        catch (ConfigurationException e)
        {
            misconfigured = true;
            for (var i = 0; i < e.Errors.Count; i++)
            {
                report.Add(Finding.Bad("configuration", e.Errors[i].ToString(), i == e.Errors.Count - 1 ? Reference() : null));
            }
        }

        report.End();
        return misconfigured ? ExitCode.Usage : report.Findings.Any(f => f.Kind == FindingKind.Bad) ? ExitCode.Failed : ExitCode.Done;
    }

    private static string? Reference() =>
        DocumentationPages.Find("configuration.md") is { } page ? $"Every key and what it accepts: {page}" : null;
}
