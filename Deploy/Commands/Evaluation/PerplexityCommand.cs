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
        var file = new Argument<string?>("FILE")
        {
            Description = "Text file (UTF-8), which the model's tokenizer encodes with the begin token in front.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var ids = new Option<string?>("--ids")
        {
            Description = "Instead, a text as token ids of the model's tokenizer, one a line, without a begin token.",
            HelpName = "FILE",
        };
        var compare = new Option<string?>("--compare")
        {
            Description = "Folder of a second model with the same tokenizer: also measure it, and how far its predictions are from the first's (KL divergence).",
            HelpName = "DIR",
        };
        var window = new Option<int>("--context", "-c")
        {
            Description = "Tokens of a window. The first is replaced by the begin token, the second half of the window is predicted.",
            HelpName = "N",
            DefaultValueFactory = _ => PerplexityMeter.DefaultWindowLength,
        };
        window.Validators.Add(r => r.Require(r.GetValueOrDefault<int>() >= PerplexityMeter.MinWindowLength, $"-c is {PerplexityMeter.MinWindowLength} or more."));
        var chunks = new Option<int?>("--chunks")
        {
            Description = "Measure at most this many windows. [default: all]",
            HelpName = "N",
        };
        chunks.Validators.Add(r => r.Require(r.GetValueOrDefault<int?>() is null or >= 1, "--chunks is 1 or more."));
        var prefill = new Option<bool>("--prefill")
        {
            Description = "Measure the prefill weights, which prompts and pictures go through. Without it, the decode weights are measured, which write every token of an answer.",
        };
        var command = new Command("perplexity", "Measure how well a model predicts a text, to compare precisions.")
        {
            file, ids, model.Model, compare, window, chunks, prefill, model.Json,
        };
        model.Target.AddTo(command);
        command.SetAction((parsed, cancel) => Task.Factory.StartNew(
            () =>
            {
                var source = TextSource.Of(parsed.GetValue(file), parsed.GetValue(ids));
                var folder = Open(parsed.GetRequiredValue(model.Model), parsed.GetValue(prefill));
                var other = parsed.GetValue(compare) is { } second ? Open(second, parsed.GetValue(prefill)) : null;
                var length = parsed.GetValue(window);
                var tokenizer = LlamaTextTokenizer.Open(folder);
                CheckContext(length, folder);
                if (other is not null)
                {
                    CheckContext(length, other);
                    CheckSameTokenizer(folder, other);
                }

                var text = source.Read(folder, tokenizer, length);
                var execution = model.Execution(parsed) with { UsePrefill = parsed.GetValue(prefill) };
                using var decoder = new LanguageDecoder(folder, execution);
                using var otherDecoder = other is null ? null : new LanguageDecoder(other, execution);
                var meter = new PerplexityMeter(decoder, tokenizer.BeginId, length);
                var windows = Math.Min(parsed.GetValue(chunks) ?? int.MaxValue, meter.WindowsIn(text.Length));
                var json = parsed.GetValue(model.Json);
                var weights = parsed.GetValue(prefill) ? "prefill" : "decode";
                if (otherDecoder is null)
                {
                    var found = Show(windows, progress => meter.Measure(text, windows, progress, cancel));
                    Console.WriteLine(json ? Json(PerplexityDocument.Of(found)) : Line(found, weights, length));
                }
                else
                {
                    var found = Show(windows, progress => meter.Compare(otherDecoder, text, windows, progress, cancel));
                    Console.WriteLine(json ? Json(Document(found, other!)) : Lines(found, weights, length, other!));
                }

                return ExitCode.Done;
            },
            cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        return command;
    }

    private static string Json(PerplexityDocument document) => JsonSerializer.Serialize(document, PerplexityJson.Readable.PerplexityDocument);

    private static PerplexityDocument Document(PerplexityComparison found, ModelFolder other) => PerplexityDocument.Of(found.First) with
    {
        Compare = new PerplexityCompareDocument(
            other.Manifest.Name, PrecisionText.Line(other.Manifest), found.Second.Perplexity, found.Second.Error,
            found.MeanDivergence, found.Divergence95, found.SameChoices),
    };

    private static string Line(PerplexityResult found, string weights, int window) => string.Create(
        CultureInfo.InvariantCulture,
        $"perplexity {found.Perplexity:F4} ± {found.Error:F4} ({weights} weights, {found.Predictions} predictions in {found.Windows} windows of {window}, {found.Tokens} tokens in the file)");

    private static string Lines(PerplexityComparison found, string weights, int window, ModelFolder other) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {Line(found.First, weights, window)}
        perplexity {found.Second.Perplexity:F4} ± {found.Second.Error:F4} of {other.Manifest.Name} ({PrecisionText.Line(other.Manifest)})
        KL divergence {found.MeanDivergence:F6} nats on average, {found.Divergence95:F6} at the 95th percentile; the same most likely token in {found.SameChoices:P2} of predictions
        """);

    private static ModelFolder Open(string path, bool usesPrefill)
    {
        var folder = ModelFolder.Open(path);
        return usesPrefill && !folder.HasPrefill
            ? throw new UsageException($"--prefill: '{folder.FolderPath}' has no prefill weights. 'mobilevlm model import --prefill auto' adds them.")
            : folder;
    }

    private static void CheckContext(int window, ModelFolder folder)
    {
        if (window > folder.Manifest.Language.MaxPositions)
        {
            throw new UsageException($"-c {window} is larger than the context of '{folder.FolderPath}', {folder.Manifest.Language.MaxPositions} tokens.");
        }
    }

    private static void CheckSameTokenizer(ModelFolder folder, ModelFolder other)
    {
        static string HashOf(ModelFolder folder) => folder.Manifest.Files.First(it => it.Path == ModelFolder.TokenizerFile).Sha256;
        if (HashOf(folder) != HashOf(other) || folder.Manifest.Language.VocabularySize != other.Manifest.Language.VocabularySize)
        {
            throw new UsageException($"--compare: '{other.FolderPath}' has another tokenizer than '{folder.FolderPath}', so their predictions cannot be compared.");
        }
    }

    /// <summary>Shows a bar with the perplexity so far while windows are measured.</summary>
    private static T Show<T>(int windows, Func<Action<PerplexityResult>?, T> measure) => StepProgress.Show("perplexity", windows, bar => measure(
        bar is null ? null : found => bar.Description(string.Create(CultureInfo.InvariantCulture, $"perplexity {found.Perplexity:F3}")).Value(found.Windows)));
}
