using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration.Binding;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Models;

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

        if (parsed.GetValue(options.WithoutOcr) && !benchmark.HasRecognisedWords)
        {
            throw new UsageException(
                $"{options.WithoutOcr.Name} has no effect on {benchmark.Name}, whose questions have no recognised words. Leave it out.");
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
        var execution = options.Target.Read(parsed);
        BenchmarkRun Open(string path, Option<string?> option)
        {
            var folder = ModelFolder.Open(path);
            var answers = AnswerFile.Open(parsed.GetValue(option), option.Name, new AnswerStamp(EvaluationStamps.OfModel(folder.Manifest), settings));
            return new BenchmarkRun(benchmark, items, folder, execution, maxTokens, answers);
        }

        // Both are opened and checked before the first works for hours.
        using var first = Open(modelFolder, options.Answers);
        using var second = parsed.GetValue(options.Compare) is { } other ? Open(other, options.CompareAnswers) : null;
        first.Check();
        second?.Check();
        var report = new EvaluationReport(
            benchmark, Answer(first, items.Count, cancel), second is null ? null : Answer(second, items.Count, cancel), maxTokens,
            items.Count == data.Items.Count ? null : new SampleDocument(limit!.Value, seed, data.Items.Count), data.Notes);
        if (parsed.GetValue(options.Json))
        {
            Console.WriteLine(JsonSerializer.Serialize(report.Document(), EvaluationJson.Readable.EvaluationDocument));
        }
        else
        {
            WriteLines(EvaluationText.Lines(report));
        }

        // Last, so that an error here does not lose the report.
        if (parsed.GetValue(options.Html) is { } page)
        {
            File.WriteAllText(page, EvaluationPage.Create(report));
        }

        return ExitCode.Done;
    }

    private static ModelResult Answer(BenchmarkRun run, int items, CancellationToken cancel) => StepProgress.Show(run.ModelName, items, bar =>
    {
        run.Answer(done => bar?.Value = done, cancel);
        return run.Result();
    });

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
            var more = missing.Count == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $" (and those of {missing.Count - 1} more items do not either)");
            throw new BenchmarkDataException(
                $"item {missing[0].Id}: its picture '{missing[0].Picture!.Name}' does not exist{more}. Put it there, because an item that is left out changes the score.");
        }
    }

    private static void WriteLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(line);
        }
    }
}
