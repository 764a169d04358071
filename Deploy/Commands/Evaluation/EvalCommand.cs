using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary><c>mobilevlm eval</c>: runs a published benchmark on the user's copy of its data.</summary>
internal static class EvalCommand
{
    public static Command Create()
    {
        var options = new EvalOptions();
        var command = new Command("eval", "Run a published benchmark on your copy of its data, to compare models and precisions.");
        options.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () => Run(parsed, options, cancel), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static int Run(ParseResult parsed, EvalOptions options, CancellationToken cancel)
    {
        var benchmark = Find(parsed.GetRequiredValue(options.Name));
        if (parsed.GetValue(options.Explain))
        {
            WriteLines(EvaluationText.Explain(benchmark));
            return ExitCode.Done;
        }

        var dataFolder = Required(parsed, options.Data, benchmark, "the folder with the benchmark's data");
        var modelFolder = Required(parsed, options.Model, benchmark, "the folder of an imported model");
        CheckOutputs(parsed, options);

        // The data is checked before a model is opened.
        var data = benchmark.Read(dataFolder, new BenchmarkOptions(parsed.GetValue(options.WithoutOcr)));
        var (limit, seed) = (parsed.GetValue(options.Limit), parsed.GetValue(options.Seed));
        var items = limit is { } largest && largest < data.Items.Count ? BenchmarkSample.Take(data.Items, largest, seed) : data.Items;
        CheckPictures(items);
        var maxTokens = parsed.GetValue(options.MaxTokens) ?? benchmark.DefaultMaxTokens;
        var settings = string.Create(
            CultureInfo.InvariantCulture,
            $"{benchmark.Name}, at most {maxTokens} tokens, data {EvaluationStamps.OfData(data)}");
        var models = (string?[])[modelFolder, parsed.GetValue(options.Compare)];
        var folders = models.Select(it => it is null ? null : ModelFolder.Open(it)).ToList();
        var execution = options.Target.Read(parsed);
        ModelResult Answer(ModelFolder folder, Option<string?> answers) => EvalCommand.Answer(
            benchmark, items, folder, execution, maxTokens, settings, parsed.GetValue(answers), answers.Name, cancel);

        var first = Answer(folders[0]!, options.Answers);
        var second = folders[1] is { } other ? Answer(other, options.CompareAnswers) : null;
        var report = new EvaluationReport(
            benchmark, first, second, maxTokens,
            items.Count == data.Items.Count ? null : new SampleDocument(limit!.Value, seed, data.Items.Count), data.Notes);
        if (parsed.GetValue(options.Html) is { } page)
        {
            File.WriteAllText(page, EvaluationPage.Create(report));
        }

        if (parsed.GetValue(options.Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(report.Document(), EvaluationJson.Readable.EvaluationDocument));
        }
        else
        {
            WriteLines(EvaluationText.Lines(report));
        }

        return ExitCode.Done;
    }

    private static ModelResult Answer(
        Benchmark benchmark,
        IReadOnlyList<BenchmarkItem> items,
        ModelFolder folder,
        ExecutionSettings execution,
        int maxTokens,
        string settings,
        string? path,
        string option,
        CancellationToken cancel)
    {
        var stamp = new AnswerStamp(EvaluationStamps.OfModel(folder.Manifest), settings);
        using var file = AnswerFile.Open(path, option, stamp);
        var run = new BenchmarkRun(benchmark, items, folder, execution, maxTokens);
        Show(folder.Manifest.Name, items.Count, progress => run.Answer(file, progress, cancel));
        return ModelResult.Of(benchmark, items, folder.Manifest, file);
    }

    private static Benchmark Find(string name)
    {
        string[] known = [.. Benchmark.All.Select(it => it.Name)];
        return Benchmark.Find(name) ?? throw new UsageException(
            ClosestName.Of(name, known) is { } close
                ? $"'{name}' is not a benchmark. Did you mean '{close}'?"
                : $"'{name}' is not a benchmark. Known: {string.Join(", ", known)}.");
    }

    private static string Required(ParseResult parsed, Option<string?> option, Benchmark benchmark, string what) =>
        parsed.GetValue(option) ?? throw new UsageException(
            $"{option.Name} is missing: {what}. 'mobilevlm eval {benchmark.Name} --explain' shows what is needed.");

    /// <summary>Finds outputs that could not be written after hours of work.</summary>
    private static void CheckOutputs(ParseResult parsed, EvalOptions options)
    {
        var (answers, compared) = (parsed.GetValue(options.Answers), parsed.GetValue(options.CompareAnswers));
        if (compared is not null && parsed.GetValue(options.Compare) is null)
        {
            throw new UsageException($"{options.CompareAnswers.Name} needs {options.Compare.Name}.");
        }

        if (answers is not null && compared is not null && Path.GetFullPath(answers) == Path.GetFullPath(compared))
        {
            throw new UsageException($"{options.Answers.Name} and {options.CompareAnswers.Name} are the same file. Each model needs its own.");
        }

        OutputFile.Check(options.Html.Name, parsed.GetValue(options.Html));
    }

    /// <summary>Finds missing pictures before hours of work.</summary>
    private static void CheckPictures(IReadOnlyList<BenchmarkItem> items)
    {
        var missing = items.Where(item => item.Picture is { Exists: false }).ToList();
        if (missing.Count > 0)
        {
            var more = missing.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and those of {missing.Count - 1} more items)");
            throw new BenchmarkDataException(
                $"item {missing[0].Id}: there is no picture {missing[0].Picture!.Name}{more}. Put it there, because an item that is left out changes the score.");
        }
    }

    /// <summary>Shows a bar while items are answered, if standard error is a terminal.</summary>
    private static void Show(string model, int items, Action<Action<int>> answer)
    {
        if (!Terminal.Console.Profile.Capabilities.Interactive || Console.IsErrorRedirected)
        {
            answer(_ => { });
            return;
        }

        Terminal.Console.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .AutoClear(true)
            .Start(context =>
            {
                var bar = context.AddTask(Markup.Escape(model), maxValue: items);
                answer(done => bar.Value(done));
            });
    }

    private static void WriteLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(line);
        }
    }
}
