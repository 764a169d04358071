using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Completions;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sampling;
using MobileVlm.Edge.Inference.Text;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Completes texts on the service's engine. Works in slices of time, so that the cameras' questions have their turn in
/// between.</summary>
internal sealed class EngineCompletion : ITextCompletion, IDisposable
{
    /// <summary>Tokens of an answer where a request has no limit; the same as <c>ask</c>.</summary>
    private const int DefaultMaxTokens = 128;

    /// <summary>Tokens that are left for an answer before old turns of a conversation are dropped.</summary>
    private const int ReservedTokens = 64;

    /// <summary>The cameras' questions wait at most this long for a text.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(300);

    private readonly LlamaTextTokenizer _tokenizer;
    private readonly FramePool _frames = new();
    private readonly TimeProvider _time;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EngineAccess? _engine;
    private (string Digest, VisualTokens Tokens)? _picture;
    private long _pictures;

    public EngineCompletion(ModelDescription model, LlamaTextTokenizer tokenizer, TimeProvider time) =>
        (Model, _tokenizer, _time) = (model, tokenizer, time);

    public ModelDescription Model { get; }

    public Task Ready => _ready.Task;

    private EngineAccess Engine => _engine ?? throw new InvalidOperationException("The model is not loaded.");

    /// <summary>The model is loaded.</summary>
    public void Start(EngineAccess engine)
    {
        _engine = engine;
        _ready.TrySetResult();
    }

    public IReadOnlyList<int> Tokenize(string text) => Inference.Completions.TokenText.Encode(_tokenizer, text);

    public string Detokenize(IReadOnlyList<int> ids) => Inference.Completions.TokenText.Decode(_tokenizer, ids);

    public string TokenText(int id) => Inference.Completions.TokenText.Of(_tokenizer, id);

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question)
    {
        var prompt = ChatPrompt.Build(_tokenizer, null, [new ConversationTurn(question, null)], 0);
        return (prompt.Before, prompt.After);
    }

    public Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel) => GuardedAsync(async () =>
    {
        var maxTokens = Math.Max(1, request.Sampling.MaxTokens ?? DefaultMaxTokens);
        var (prompt, dropped) = Fit(request, maxTokens);
        var (picture, encodeTime) = await EncodeAsync(request.Picture, cancel);
        var length = prompt.Length + (picture?.Count ?? 0);
        var options = Options(request.Sampling, Math.Min(maxTokens, Model.ContextTokens - length + 1), onText);
        var completion = await RunAsync(prompt, picture, options, cancel);
        return Completed(completion) with
        {
            PictureTokens = picture?.Count ?? 0,
            DroppedTurns = dropped,
            EncodeTime = encodeTime,
        };
    });

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel) => GuardedAsync(async () =>
    {
        var longest = questions.MaxBy(question => question.Text.Length)!;
        var most = questions.Max(question => question.MaxTokens);
        var (_, dropped) = Fit(WithQuestion(request, longest.Text), most);
        var fitting = Drop(request, dropped);
        var (picture, _) = await EncodeAsync(request.Picture, cancel);
        var prompts = questions.Select(question => Prompt(WithQuestion(fitting, question.Text))).ToList();
        var answers = await Engine.AnswerAsync(
            answerer => ((EngineAnswerer)answerer).Completer.AskAll(
                prompts[0].Before,
                picture,
                [.. questions.Zip(prompts).Select(it => (ToQuestion(it.First), it.Second.After))],
                cancel),
            cancel);
        cancel.ThrowIfCancellationRequested();
        return new FieldAnswers(
            [.. questions.Zip(answers).Select(it => it.First.Kind == FieldKind.Boolean ? (it.Second.Value == "yes" ? "true" : "false") : it.Second.Value)],
            prompts[0].Before.Count + (picture?.Count ?? 0) + prompts.Sum(prompt => prompt.After.Count),
            picture?.Count ?? 0,
            Math.Max(1, answers.Sum(answer => answer.TokenIds.Count)));
    });

    public Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel) => GuardedAsync(async () =>
    {
        int[] ids = request.IsBeginHidden ? [Model.BeginId, .. request.Prompt] : [.. request.Prompt];
        var fits = Model.ContextTokens - ids.Length + 1;
        var options = Options(request.Sampling, Math.Min(request.Sampling.MaxTokens ?? DefaultMaxTokens, fits), onText) with
        {
            ScoresPrompt = request.ScoresPrompt,
        };
        var completion = await RunAsync(new ChatPrompt(ids, []), null, options, cancel);
        return Completed(completion) with
        {
            Text = completion.Result.Text,
            PromptTokens = request.Prompt.Count,
            Prompt = [.. completion.Prompt.Skip(request.IsBeginHidden ? 1 : 0).Select(ToProbability)],
        };
    });

    public void Dispose()
    {
        _picture?.Tokens.Dispose();
        _picture = null;
    }

    private static CompletedText Completed(Completion completion) => new()
    {
        Text = completion.Result.Text.Trim(),
        IsCutOff = completion.Result.Finish == FinishReason.Length,
        PromptTokens = completion.PromptTokens,
        GeneratedTokens = completion.Result.TokenIds.Count,
        Generated = [.. completion.Generated.Select(ToProbability)],
        PromptTime = completion.PromptTime,
        GenerateTime = completion.GenerateTime,
    };

    private static CompletionOptions Options(SamplingSettings sampling, int maxTokens, Action<string> onText) => new(
        maxTokens > 0 ? new GenerationOptions(maxTokens, sampling.Stops) : null,
        sampling.Temperature > 0
            ? Sampler.TopP((float)Math.Max(sampling.Temperature, 1e-3), (float)Math.Max(sampling.TopP, 1e-6), sampling.Seed ?? Random.Shared.Next())
            : Sampler.Greedy)
    {
        TopCount = sampling.TopLogProbabilities,
        OnText = onText,
    };

    private static Question ToQuestion(FieldQuestion question) => question.Kind switch
    {
        FieldKind.Boolean => new Question(question.Text, AnswerKind.YesNo),
        FieldKind.Choice => new Question(question.Text, AnswerKind.Choice) { Choices = question.Choices },
        FieldKind.Text => new Question(question.Text, AnswerKind.Text, question.MaxTokens),
        _ => throw new ArgumentOutOfRangeException(nameof(question), question.Kind, "This kind of field is not asked."),
    };

    // JSON has no infinity.
    private static float Finite(float logProbability) => float.IsFinite(logProbability) ? logProbability : -9999;

    private static TokenProbability ToProbability(TokenScore score) => new(
        score.Id,
        score.LogProbability is { } value ? Finite(value) : null,
        [.. score.Top.Select(top => (top.Id, Finite(top.LogProbability)))]);

    private static ChatRequest WithQuestion(ChatRequest request, string text) => request with
    {
        Turns = [.. request.Turns.SkipLast(1), new ChatTurn(text, null)],
    };

    /// <summary>Leaves out the oldest turns. A picture of one of them moves to the oldest that stays.</summary>
    private static ChatRequest Drop(ChatRequest request, int count) => request with
    {
        Turns = [.. request.Turns.Skip(count)],
        PictureTurn = Math.Max(0, request.PictureTurn - count),
    };

    private async Task<Completion> RunAsync(ChatPrompt prompt, VisualTokens? picture, CompletionOptions options, CancellationToken cancel)
    {
        var completion = await Engine.AnswerAsync(
            answerer => ((EngineAnswerer)answerer).Completer.Begin(prompt, picture, options), cancel);
        while (!await Engine.AnswerAsync(_ => completion.Advance(Slice, cancel), cancel))
        {
            // The pipeline's work that came meanwhile runs first, because the thread takes turns.
        }

        cancel.ThrowIfCancellationRequested();
        return completion;
    }

    /// <summary>Drops turns from the beginning until the conversation fits with an answer.</summary>
    /// <exception cref="HttpFailureException">Its last turn alone does not fit.</exception>
    private (ChatPrompt Prompt, int Dropped) Fit(ChatRequest request, int maxTokens)
    {
        var picture = request.Picture is null ? 0 : Model.PictureTokens;
        for (var dropped = 0; ; dropped++)
        {
            var prompt = Prompt(Drop(request, dropped));
            var length = prompt.Length + picture;
            var isLast = dropped == request.Turns.Count - 1;
            if (length + (isLast ? 1 : Math.Min(maxTokens, ReservedTokens)) - 1 <= Model.ContextTokens)
            {
                return (prompt, dropped);
            }

            if (isLast)
            {
                throw HttpFailureException.TooLong(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the last question does not fit into the context: {prompt.Length} tokens of text + {picture} of the picture > {Model.ContextTokens}; shorten it, or raise Model:ContextTokens"));
            }
        }
    }

    private ChatPrompt Prompt(ChatRequest request) => ChatPrompt.Build(
        _tokenizer,
        request.System,
        [.. request.Turns.Select(turn => new ConversationTurn(turn.User, turn.Assistant))],
        request.Picture is null ? null : request.PictureTurn);

    /// <summary>Encodes a picture; the one of the last request is not encoded again.</summary>
    private async Task<(VisualTokens? Tokens, TimeSpan Time)> EncodeAsync(ReadOnlyMemory<byte>? file, CancellationToken cancel)
    {
        if (file is not { } picture)
        {
            return default;
        }

        var digest = Convert.ToHexString(SHA256.HashData(picture.Span));
        if (_picture is { } known && known.Digest == digest)
        {
            return (known.Tokens, TimeSpan.Zero);
        }

        var started = Stopwatch.GetTimestamp();
        using var frame = await Task.Run(
            () => UploadedPicture.ToFrame(picture.Span, _frames, new CameraId("picture"), new FrameSequence(++_pictures), _time), cancel);
        var tokens = await Engine.EncodeAsync(
            encoder => encoder.Encode(new RgbImage(frame.Pixels, frame.Width, frame.Height)), cancel);
        _picture?.Tokens.Dispose();
        _picture = (digest, tokens);
        return (tokens, Stopwatch.GetElapsedTime(started));
    }

    /// <summary>Turns what goes wrong into what the client is shown.</summary>
    private static async Task<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (ImageFileException error)
        {
            throw HttpFailureException.Invalid("messages", $"the picture cannot be used: {error.Fault}");
        }
        catch (ContextFullException error)
        {
            throw HttpFailureException.TooLong(error.Message);
        }
        catch (NonFiniteLogitsException error)
        {
            throw new HttpFailureException(500, $"the model failed at this request: {error.Message}", "model_failed");
        }
        catch (Exception gone) when (gone is EngineUnavailableException or ObjectDisposedException)
        {
            throw HttpFailureException.Unavailable("the model is opened again; try again", TimeSpan.FromSeconds(5));
        }
        catch (ArgumentException error)
        {
            throw HttpFailureException.Invalid(null, error.Message);
        }
    }
}
