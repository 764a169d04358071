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
        var compareTo = new Option<string?>("--compare-to")
        {
            Description = "Show each line beside that of an earlier result: a file that 'bench --json' has printed, or Tests/Benchmarks/llama.cpp/server.mjs.",
            HelpName = "FILE",
        };
        var command = new Command("bench", "Measure how fast this machine answers, and its limits (memory bandwidth, arithmetic).")
        {
            options.Model, options.Json, only, repeats, image, tune, compareTo,
        };
        options.Target.AddTo(command);
        command.RefuseWith(only, tune);
        command.RefuseWith(image, tune);
        command.RefuseWith(compareTo, tune);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var folder = ModelFolder.Open(parsed.GetRequiredValue(options.Model));
                var (settings, json, runs) = (options.Execution(parsed), parsed.GetValue(options.Json), parsed.GetValue(repeats));
                if (parsed.GetValue(tune))
                {
                    return TuneRun.Run(folder, settings, runs, json, cancel);
                }

                // Read before minutes are spent on measuring.
                var path = parsed.GetValue(compareTo);
                var other = path is null ? null : OtherResult.Read(path);
                var plan = new BenchPlan(Parts(parsed.GetValue(only)), runs);
                return Run(
                    folder, settings, plan, new BenchScene(parsed.GetValue(image)),
                    report => other is null ? null : new BenchComparison(report, other, path!), json, cancel);
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(
        ModelFolder folder, ExecutionSettings settings, BenchPlan plan, BenchScene scene,
        Func<BenchReport, BenchComparison?> compare, bool json, CancellationToken cancel)
    {
        var run = new BenchRun(folder, settings, plan, scene);
        var report = BenchProgress.Show(run.Steps, progress => run.Run(progress, cancel), cancel);
        var comparison = compare(report);
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(BenchDocument.From(report, comparison), BenchDocumentJson.Readable.BenchDocument));
            return ExitCode.Done;
        }

        foreach (var line in BenchTable.Lines(report).Concat(comparison?.Lines() ?? []))
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
