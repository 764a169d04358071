using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses texts and conversations where this host has no model.</summary>
internal abstract class RefusingCompletion : ITextCompletion
{
    public abstract HttpFailureException Refusal { get; }

    public ModelDescription Model => new()
    {
        Id = ModelName,
        IsElsewhere = true,
        ContextTokens = 0,
        PictureTokens = 0,
        VocabularySize = 0,
        BeginId = 0,
        EndId = 0,
    };

    public Task Ready => Task.CompletedTask;

    protected virtual string ModelName => "unknown";

    public IReadOnlyList<int> Tokenize(string text) => throw Refusal;

    public string Detokenize(IReadOnlyList<int> ids) => throw Refusal;

    public string TokenText(int id) => throw Refusal;

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question) => throw Refusal;

    public Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel) => throw Refusal;

    public Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;
}
