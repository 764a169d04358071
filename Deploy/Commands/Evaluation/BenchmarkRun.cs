using System.Diagnostics;
using System.Globalization;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Evaluation.Benchmarks;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Commands.Evaluation;

/// <summary>Asks a model the items of a benchmark. Each picture is encoded once for all items about it. Disposes its answers.</summary>
/// <param name="benchmark">The benchmark.</param>
/// <param name="items">The items to ask.</param>
/// <param name="folder">The model.</param>
/// <param name="execution">Where and how it runs.</param>
/// <param name="maxTokens">Largest number of tokens of an answer.</param>
/// <param name="answers">Holds the answers of earlier runs and receives new ones.</param>
internal sealed class BenchmarkRun(
    Benchmark benchmark, IReadOnlyList<BenchmarkItem> items, ModelFolder folder, ExecutionSettings execution, int maxTokens, AnswerFile answers)
    : IDisposable
{
    private int? _capacity;

    public string ModelName => folder.Manifest.Name;

    /// <summary>Finds items that the model cannot be asked, without opening its sessions.</summary>
    /// <exception cref="BenchmarkDataException">An item cannot be asked; the message names it.</exception>
    public void Check() => _capacity ??= Capacity(Pending());

    /// <summary>Answers and scores, after all items were answered.</summary>
    public ModelResult Result() => ModelResult.Of(benchmark, items, folder.Manifest, answers);

    /// <summary>Answers the items that have no answer yet.</summary>
    /// <param name="progress">Receives the number of items that have answers.</param>
    /// <param name="cancel">Stops; answers so far are in the file.</param>
    /// <exception cref="BenchmarkDataException">An item cannot be asked; the message names it.</exception>
    public void Answer(Action<int> progress, CancellationToken cancel)
    {
        Check();
        var pending = Pending();
        var answered = items.Count - pending.Count;
        progress(answered);
        if (pending.Count == 0)
        {
            return;
        }

        using var decoder = new LanguageDecoder(folder, execution);
        using var encoder = pending.Exists(item => item.Picture is not null) ? new VisionEncoder(folder, execution, benchmark.PictureFit) : null;
        using var answerer = new BenchmarkAnswerer(folder, decoder, _capacity!.Value, maxTokens);

        // Grouped over all items, so that a run that continues has the order of one that was not stopped.
        foreach (var group in items.GroupBy(item => (object?)item.Picture ?? item))
        {
            var open = group.Where(IsPending).ToList();
            if (open.Count == 0)
            {
                continue;
            }

            using var picture = group.Key is BenchmarkPicture source ? Encode(encoder!, source, open[0]) : null;
            foreach (var item in open)
            {
                cancel.ThrowIfCancellationRequested();
                var started = Stopwatch.GetTimestamp();
                var answer = Ask(answerer, item, picture, cancel);
                answers.Add(item, new KeptAnswer(answer, Stopwatch.GetElapsedTime(started).TotalSeconds), benchmark.RightnessOf(item, answer.Text));
                progress(++answered);
            }
        }
    }

    public void Dispose() => answers.Dispose();

    private List<BenchmarkItem> Pending() => [.. items.Where(IsPending)];

    private bool IsPending(BenchmarkItem item) => !answers.Answers.ContainsKey(item.Id);

    private int Capacity(List<BenchmarkItem> pending)
    {
        if (folder.Manifest.Vision is null && pending.Find(item => item.Picture is not null) is { } first)
        {
            throw new BenchmarkDataException(
                $"item {first.Id} has a picture, and '{folder.FolderPath}' is a text-only model. Use a model with a vision part.");
        }

        var tokenizer = LlamaTextTokenizer.Open(folder);
        var positions = folder.Manifest.Language.MaxPositions;
        var longest = 0;
        foreach (var item in pending)
        {
            var length = BenchmarkAnswerer.PromptLength(folder, tokenizer, item);
            if (length > positions)
            {
                throw new BenchmarkDataException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"item {item.Id} has {length} tokens with its picture, and the model's context {positions}. Take it out of the data, or use a model with a longer context."));
            }

            longest = Math.Max(longest, length);
        }

        return Math.Min(longest + maxTokens, positions);
    }

    private static VisualTokens Encode(VisionEncoder encoder, BenchmarkPicture source, BenchmarkItem item)
    {
        try
        {
            var decoded = ImageCodec.Decode(source.ReadBytes(), source.Name, PictureLimits.AsStored);
            return encoder.Encode(new RgbImage(decoded.Pixels, decoded.Width, decoded.Height));
        }
        catch (Exception e) when (e is ImageFileException or BenchmarkDataException or IOException or UnauthorizedAccessException)
        {
            throw new BenchmarkDataException($"item {item.Id}: {e.Message.TrimEnd('.')}. With '--answers FILE' the next run continues at this item.", e);
        }
    }

    private static BenchmarkAnswer Ask(BenchmarkAnswerer answerer, BenchmarkItem item, VisualTokens? picture, CancellationToken cancel)
    {
        try
        {
            return answerer.Answer(item.Question, picture, cancel);
        }
        catch (NonFiniteLogitsException e)
        {
            throw new BenchmarkDataException($"item {item.Id}: {e.Message}", e);
        }
    }
}
