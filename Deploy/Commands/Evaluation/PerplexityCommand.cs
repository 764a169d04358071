using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Commands.Models;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Text;
using Spectre.Console;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary><c>mobilevlm perplexity</c>: how well a model predicts a text, to compare precisions.</summary>
internal static class PerplexityCommand
{
    public static Command Create()
    {
        var model = new ModelOptions();
        var ids = new Option<string>("--ids")
        {
            Description = "Text as token ids of the model's tokenizer, one a line, without a begin token.",
            HelpName = "FILE",
            Required = true,
        };
        var window = new Option<int>("--context", "-c")
        {
            Description = "Tokens of a window. The first is replaced by the begin token, the second half of the window is predicted.",
            HelpName = "N",
            DefaultValueFactory = _ => PerplexityMeter.DefaultWindowLength,
        };
        window.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int>() < PerplexityMeter.MinWindowLength)
            {
                r.AddError($"-c is {PerplexityMeter.MinWindowLength} or more.");
            }
        });
        var chunks = new Option<int?>("--chunks")
        {
            Description = "Measure at most this many windows. [default: all]",
            HelpName = "N",
        };
        chunks.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() < 1)
            {
                r.AddError("--chunks is 1 or more.");
            }
        });
        var prefill = new Option<bool>("--prefill")
        {
            Description = "Measure the prefill weights, which prompts and pictures go through. Without it, the decode weights are measured, which write every token of an answer.",
        };
        var command = new Command("perplexity", "Measure how well a model predicts a text, to compare precisions.")
        {
            ids, model.Model, window, chunks, prefill, model.Json,
        };
        model.Target.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var folder = ModelFolder.Open(parsed.GetRequiredValue(model.Model));
                var usePrefill = parsed.GetValue(prefill);
                if (usePrefill && !folder.HasPrefill)
                {
                    throw new UsageException($"--prefill: '{folder.FolderPath}' has no prefill weights. 'mobilevlm model import --prefill auto' adds them.");
                }

                var file = parsed.GetRequiredValue(ids);
                var length = parsed.GetValue(window);
                var text = Read(file, folder, length);
                using var decoder = new LanguageDecoder(folder, model.Execution(parsed) with { UsePrefill = usePrefill });
                var meter = new PerplexityMeter(decoder, LlamaTextTokenizer.Open(folder).BeginId, length);
                var windows = Math.Min(parsed.GetValue(chunks) ?? int.MaxValue, meter.WindowsIn(text.Length));
                var found = Show(windows, progress => meter.Measure(text, windows, progress, cancel));
                Console.WriteLine(parsed.GetValue(model.Json)
                    ? JsonSerializer.Serialize(found, PerplexityJson.Readable.PerplexityResult)
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"perplexity {found.Perplexity:F4} ± {found.Error:F4} ({(usePrefill ? "prefill" : "decode")} weights, {found.Predictions} predictions in {found.Windows} windows of {length}, {found.Tokens} tokens in the file)"));
                return ExitCode.Done;
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    /// <exception cref="UsageException">The file is missing, has something else than ids, or is too short.</exception>
    private static int[] Read(string file, ModelFolder folder, int window)
    {
        var language = folder.Manifest.Language;
        if (window > language.MaxPositions)
        {
            throw new UsageException($"-c {window} is larger than the model's context of {language.MaxPositions} tokens.");
        }

        if (!File.Exists(file))
        {
            throw new UsageException($"--ids: there is no file {file}.");
        }

        try
        {
            var ids = TokenIdFile.Read(file, language.VocabularySize);
            return ids.Length >= window
                ? ids
                : throw new UsageException($"--ids: {file} has {ids.Length} ids, fewer than one window of {window}. Use a longer text or a smaller -c.");
        }
        catch (FormatException e)
        {
            throw new UsageException($"--ids: {e.Message}");
        }
    }

    /// <summary>Shows a bar while windows are measured, if standard error is a terminal.</summary>
    private static PerplexityResult Show(int windows, Func<Action<PerplexityResult>?, PerplexityResult> measure) =>
        Terminal.Console.Profile.Capabilities.Interactive && !Console.IsErrorRedirected
            ? Terminal.Console.Progress()
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
                .AutoClear(true)
                .Start(context =>
                {
                    var bar = context.AddTask("perplexity", maxValue: windows);
                    return measure(found => bar
                        .Description(string.Create(CultureInfo.InvariantCulture, $"perplexity {found.Perplexity:F3}"))
                        .Value(found.Windows));
                })
            : measure(null);
}
