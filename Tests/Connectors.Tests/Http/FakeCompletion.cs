using MobileVlm.Edge.Connectors.Http.Completions;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>A model that answers what the test gives it, and records what it is asked.</summary>
internal sealed class FakeCompletion : ITextCompletion
{
    private readonly TaskCompletionSource _ready = new();

    public FakeCompletion(bool isReady = true, int pictureTokens = 144)
    {
        Model = new ModelDescription
        {
            Id = "mobilevlm-v2-1.7b",
            Aliases = ["folder-name"],
            ContextTokens = 2048,
            PictureTokens = pictureTokens,
            VocabularySize = 32000,
            BeginId = 1,
            EndId = 2,
            CreatedAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
        };
        if (isReady)
        {
            _ready.SetResult();
        }
    }

    public ModelDescription Model { get; }

    public Task Ready => _ready.Task;

    /// <summary>The pieces of each answer.</summary>
    public IReadOnlyList<string> Pieces { get; set; } = ["A person", " stands", " there."];

    /// <summary>Each answer ends at its limit.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>Thrown after the pieces; null answers.</summary>
    public Exception? Fault { get; set; }

    /// <summary>Called before the first piece and after each.</summary>
    public Func<CancellationToken, Task> Step { get; set; } = _ => Task.CompletedTask;

    /// <summary>Answers of the questions of structured output; null answers by their kind.</summary>
    public Func<FieldQuestion, string>? Field { get; set; }

    public List<ChatRequest> Chats { get; } = [];

    public List<CompletionRequest> Completions { get; } = [];

    public IReadOnlyList<FieldQuestion> Fields { get; private set; } = [];

    /// <summary>Requests whose work was cancelled.</summary>
    public int Cancelled { get; private set; }

    public void Load() => _ready.TrySetResult();

    public IReadOnlyList<int> Tokenize(string text)
    {
        List<int> ids = [];
        for (var at = 0; at < text.Length;)
        {
            var (id, length) = text.AsSpan(at).StartsWith("<s>") ? (1, 3) : text.AsSpan(at).StartsWith("</s>") ? (2, 4) : (text[at] + 100, 1);
            ids.Add(id);
            at += length;
        }

        return ids;
    }

    public string Detokenize(IReadOnlyList<int> ids) => string.Concat(ids.Select(TokenText));

    public string TokenText(int id) => id switch { 1 => "<s>", 2 => "</s>", _ => ((char)Math.Max(32, id - 100)).ToString() };

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question) => ([1, 5], Tokenize(question));

    public async Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel)
    {
        Chats.Add(request);
        await WriteAsync(onText, cancel);
        return Completed(40 + (request.Picture is null ? 0 : Model.PictureTokens)) with { PictureTokens = request.Picture is null ? 0 : Model.PictureTokens };
    }

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel)
    {
        Chats.Add(request);
        Fields = questions;
        return Task.FromResult(new FieldAnswers(
            [.. questions.Select(Field ?? (question => question.Kind switch
            {
                FieldKind.Boolean => "true",
                FieldKind.Choice => question.Choices[0],
                _ => "two cars, one dog",
            }))],
            60,
            0,
            4));
    }

    public async Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel)
    {
        Completions.Add(request);
        await WriteAsync(onText, cancel);
        var top = request.Sampling.TopLogProbabilities;
        return Completed(request.Prompt.Count) with
        {
            Prompt = request.ScoresPrompt
                ? [.. request.Prompt.Select((id, i) => i == 0 && !request.IsBeginHidden ? new TokenProbability(id, null, []) : new TokenProbability(id, -0.5f, [(id, -0.5f)]))]
                : [],
            Generated = top is not null && request.Sampling.MaxTokens > 0 ? [new TokenProbability(150, -0.25f, [(150, -0.25f), (50, -1.5f)])] : [],
        };
    }

    private async Task WriteAsync(Action<string> onText, CancellationToken cancel)
    {
        try
        {
            await Step(cancel);
            foreach (var piece in Pieces)
            {
                onText(piece);
                await Step(cancel);
            }
        }
        catch (OperationCanceledException)
        {
            Cancelled++;
            throw;
        }

        if (Fault is { } fault)
        {
            throw fault;
        }
    }

    private CompletedText Completed(int prompt) => new()
    {
        Text = string.Concat(Pieces),
        IsCutOff = IsCutOff,
        PromptTokens = prompt,
        GeneratedTokens = Pieces.Count,
    };
}
