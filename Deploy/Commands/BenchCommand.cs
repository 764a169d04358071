using System.CommandLine;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Bench;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm bench</c>: measures how fast this machine answers with a model, and the machine's own limits.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var options = new ModelOptions();
        var only = new Option<string?>("--only")
        {
            Description = $"Measure only these parts, separated by commas: {string.Join(", ", BenchPlan.All.Select(BenchPlan.NameOf))}.",
            HelpName = "PARTS",
        };
        var repeats = new Option<int>("--repeats")
        {
            Description = "Timed runs of each part, after one run that is not timed.",
            HelpName = "N",
            DefaultValueFactory = _ => 7,
        };
        repeats.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() is not (>= 1 and <= 1000))
            {
                r.AddError("--repeats is 1 to 1000.");
            }
        });
        var image = ImageOption.Create();
        image.Description = $"Instead of a synthetic image. {image.Description}";
        var tune = new Option<bool>("--tune")
        {
            Description = $"Instead, measure the number of tokens from which the model's prefill weights are faster on this machine, and store the result in the model's folder ({MachineTuning.FileName}), where every command finds it.",
        };
        var command = new Command("bench", "Measure how fast this machine answers, and its limits (memory bandwidth, arithmetic).")
        {
            options.Model, options.Json, only, repeats, image, tune,
        };
        options.Target.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
                var (settings, json, runs) = (options.Execution(parsed), parsed.GetValue(options.Json), parsed.GetValue(repeats));
                return parsed.GetValue(tune)
                    ? TuneRun.Run(folder, settings, runs, json, cancel)
                    : Run(folder, settings, new BenchPlan(Parts(parsed.GetValue(only)), runs), new BenchScene(parsed.GetValue(image)), json, cancel);
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(
        ModelFolder folder, ExecutionSettings settings, BenchPlan plan, BenchScene scene, bool json, CancellationToken cancel)
    {
        var run = new BenchRun(folder, settings, plan, scene);
        var report = BenchProgress.Show(run.Steps, progress => run.Run(progress, cancel), cancel);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(BenchDocument.From(report), BenchDocumentJson.Readable.BenchDocument));
            return ExitCode.Done;
        }

        foreach (var line in BenchTable.Lines(report))
        {
            Console.WriteLine(line);
        }

        return ExitCode.Done;
    }

    private static IReadOnlyList<BenchPart> Parts(string? names)
    {
        try
        {
            return names is null ? BenchPlan.All : BenchPlan.Parse(names);
        }
        catch (FormatException e)
        {
            throw new UsageException($"--only: {e.Message}");
        }
    }
}
