using System.Diagnostics;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Performance;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Times the model's parts, each opened as the service opens it. One run of each precedes the timed ones.</summary>
internal sealed class ModelBench : IDisposable
{
    /// <summary>Tokens of the prefill stage: about those of a prompt with its picture.</summary>
    public const int PrefillTokens = 200;

    /// <summary>Steps of one run.</summary>
    public const int DecodeSteps = 32;

    /// <summary>Maximum tokens of the text that is generated without and with a draft.</summary>
    private const int TextTokens = 32;

    /// <summary>Numbers of texts that are generated together.</summary>
    private static readonly int[] Batches = [1, 4, 8];

    private readonly BenchScene _scene;
    private readonly ModelWork _work;
    private readonly LanguageDecoder _decoder;
    private readonly VisionEncoder? _encoder;
    private readonly QuestionAnswerer? _answerer;
    private readonly int _repeats;
    private readonly int _hidden;
    private readonly EnergyMeter _energy;
    private readonly BenchProgress _progress;

    public ModelBench(
        ModelFolder folder, ExecutionSettings settings, BenchScene scene, int repeats, EnergyMeter energy, BenchProgress progress)
    {
        (_scene, _repeats, _energy, _progress, _work) = (scene, repeats, energy, progress, new ModelWork(folder.Manifest, settings));
        _hidden = folder.Manifest.Language.HiddenSize;
        _decoder = new LanguageDecoder(folder, settings);
        try
        {
            if (folder.Manifest.Vision is not null)
            {
                _encoder = new VisionEncoder(folder, settings);
                _answerer = new QuestionAnswerer(folder, _decoder);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private VisionEncoder Encoder => _encoder ?? throw new InvalidOperationException("A text-only model cannot encode pictures.");

    private QuestionAnswerer Answerer => _answerer ?? throw new InvalidOperationException("A text-only model cannot encode pictures.");

    /// <summary>Runs of a part, including the one that is not timed.</summary>
    public static int Runs(BenchPart part, int repeats) =>
        (repeats + 1) * (part is BenchPart.Decode or BenchPart.Text ? Batches.Length : 1);

    public IEnumerable<BenchResult> Measure(BenchPart part) => part switch
    {
        BenchPart.Encode => [Encode()],
        BenchPart.Prefill => [Prefill()],
        BenchPart.Decode => Batches.Select(Decode),
        BenchPart.Text => Text(),
        BenchPart.First => [First()],
        BenchPart.Questions => Questions(),
        BenchPart.Taught => Taught(),
        _ => throw new ArgumentOutOfRangeException(nameof(part), part, "This part is not measured on the model alone."),
    };

    public void Dispose()
    {
        _answerer?.Dispose();
        _encoder?.Dispose();
        _decoder.Dispose();
    }

    private BenchResult Encode() =>
        Repeat("image encode", () => Encoder.Encode(_scene.Next()).Dispose()).ToResult("encode", "image encode") with
        {
            Unit = "pictures",
            Work = _work.EncodeCost(),
        };

    private BenchResult Prefill()
    {
        var tokens = Math.Min(PrefillTokens, _decoder.MaxPositions);
        using var state = _decoder.CreateState(tokens);
        var prompt = Prompt(tokens);
        return Repeat("prefill", () =>
        {
            state.Rewind(0);
            state.Append(prompt);
        }).ToResult("prefill", $"prefill, {tokens} tokens") with
        {
            Count = tokens,
            Unit = "tokens",
            Work = _work.AppendCost(tokens, behind: 0, logits: 1),
        };
    }

    private BenchResult Decode(int batch)
    {
        // All texts must fit after the one prompt; short contexts get a shorter one.
        var promptTokens = Math.Min(PrefillTokens, _decoder.MaxPositions - (batch * DecodeSteps));
        using var state = _decoder.CreateState(promptTokens + (batch * DecodeSteps));
        var prompt = Prompt(promptTokens + DecodeSteps);
        state.Append(prompt.AsSpan(0, promptTokens));
        var parts = new SequenceTokens[batch];

        // Given tokens instead of chosen ones, so that no text ends before the others and none has a draft.
        var runs = Repeat($"decode, batch {batch}", () =>
        {
            state.Rewind(promptTokens);
            var sequences = Enumerable.Range(0, batch).Select(_ => state.Fork()).ToArray();
            for (var step = 0; step < DecodeSteps; step++)
            {
                for (var i = 0; i < batch; i++)
                {
                    parts[i] = new SequenceTokens(sequences[i], prompt.AsMemory(promptTokens + step, 1), LogitsRequested: 1);
                }

                state.Append(parts, useDecodeWeights: true);
            }
        });
        return runs.Divide(DecodeSteps).ToResult($"decode-{batch}", $"decode, batch {batch}") with
        {
            Count = batch,
            Unit = "tokens",
            Work = _work.StepCost(batch, promptTokens, DecodeSteps / 2.0),
        };
    }

    /// <summary>Measures text with as many kinds of draft as there are batch sizes: none, the answer itself, and the answer with another token in
    /// its middle, as when a scene has changed a little.</summary>
    private List<BenchResult> Text()
    {
        using var tokens = Encoder.Encode(_scene.Next());
        Answerer.PrefillPicture(tokens);
        var question = new Question("Describe the picture.", AnswerKind.Text, TextTokens);
        var answer = Answerer.Ask(question).TokenIds;
        int[] changed = [.. answer];
        changed[answer.Count / 2] = 3 + ((changed[answer.Count / 2] + 11) % (_decoder.VocabularySize - 3));
        (string Id, string Name, IReadOnlyList<int> Ids)[] drafts =
        [
            ("text", $"text of {answer.Count} tokens", []),
            ("text-same", "same, previous as draft", answer),
            ("text-changed", "same, draft off by one token", changed),
        ];
        return
        [
            .. drafts.Select(draft => Repeat(draft.Name, () => Answerer.Ask(question with { Draft = draft.Ids })).ToResult(draft.Id, draft.Name) with
            {
                Count = answer.Count,
                Unit = "tokens",
            }),
        ];
    }

    private BenchResult First() => Repeat("first yes/no", () =>
    {
        using var tokens = Encoder.Encode(_scene.Next());
        Answerer.AskAbout(tokens, BenchScene.YesNo(1), (_, _) => { });
    }).ToResult("first", "first yes/no on a new picture") with
    {
        Unit = "pictures",
    };

    private List<BenchResult> Questions()
    {
        var samples = AskAboutNewPictures("questions", BenchScene.QuestionCounts, BenchScene.YesNo);
        var first = new RunCosts(samples[1]).Time.Median;
        return [.. samples.Where(sample => sample.Key > 0).Select(sample => Questions(sample.Key, new RunCosts(sample.Value), first))];
    }

    /// <summary>Measures the encoder alone beside the questions, so that both have the same pictures at the same time.</summary>
    private List<BenchResult> Taught()
    {
        return
        [
            .. AskAboutNewPictures("taught questions", BenchScene.TaughtCounts, count => BenchScene.Taught(count, _hidden)).Select(sample =>
                new RunCosts(sample.Value).ToResult($"taught-{sample.Key}", sample.Key == 0 ? "encode, without a question" : $"{sample.Key} taught on a new picture") with
                {
                    Count = Math.Max(1, sample.Key),
                    Unit = sample.Key == 0 ? "pictures" : "answers",
                }),
        ];
    }

    /// <summary>Times different numbers of questions about new pictures. A picture is encoded once per round for all numbers, because that
    /// costs the same for each, and its time and energy are added to each.</summary>
    /// <returns>The costs by number of questions; 0 is the encoder alone.</returns>
    private Dictionary<int, List<RunCost>> AskAboutNewPictures(string what, IReadOnlyList<int> counts, Func<int, IReadOnlyList<Question>> questionsOf)
    {
        var samples = counts.Prepend(0).ToDictionary(count => count, _ => new List<RunCost>());
        var questions = counts.ToDictionary(count => count, questionsOf);
        for (var round = -1; round < _repeats; round++)
        {
            _progress.Next(what);
            VisualTokens? tokens = null;
            try
            {
                var encode = Measure(() => tokens = Encoder.Encode(_scene.Next()));
                foreach (var (count, costs) in samples)
                {
                    var cost = count == 0 ? encode : encode + Measure(() => Answerer.AskAbout(tokens!, questions[count], (_, _) => { }));
                    if (round >= 0)
                    {
                        costs.Add(cost);
                    }
                }
            }
            finally
            {
                tokens?.Dispose();
            }
        }

        return samples;
    }

    private static BenchResult Questions(int count, RunCosts costs, double first)
    {
        var result = costs.ToResult($"questions-{count}", $"{count} yes/no on a new picture") with
        {
            Count = count,
            Unit = "answers",
        };
        var further = count > 1 ? (result.Time.Median - first) / (count - 1) : (double?)null;
        return result with { Further = further, FurtherShare = further / first };
    }

    private RunCosts Repeat(string what, Action run)
    {
        var samples = new List<RunCost>(_repeats);
        for (var i = -1; i < _repeats; i++)
        {
            _progress.Next(what);
            var cost = Measure(run);
            if (i >= 0)
            {
                samples.Add(cost);
            }
        }

        return new RunCosts(samples);
    }

    private RunCost Measure(Action run)
    {
        var joules = _energy.Read();
        var started = Stopwatch.GetTimestamp();
        run();
        var milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return new RunCost(milliseconds, _energy.Read() - joules);
    }

    /// <summary>Makes a text of any tokens except the special ones.</summary>
    private int[] Prompt(int length) =>
        [.. Enumerable.Range(0, length).Select(i => 3 + (i * 7919 % (_decoder.VocabularySize - 3)))];
}
