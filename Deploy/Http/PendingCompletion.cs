using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses everything while there is no model yet.</summary>
/// <param name="reason">Why, as a sentence without its period.</param>
internal sealed class PendingCompletion(Func<string> reason) : ITextCompletion
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(30);

    public ModelDescription Model => new()
    {
        Id = "unknown",
        IsElsewhere = true,
        ContextTokens = 0,
        PictureTokens = 0,
        VocabularySize = 0,
        BeginId = 0,
        EndId = 0,
    };

    public Task Ready => Task.CompletedTask;

    public HttpFailureException Refusal => HttpFailureException.Unavailable(reason(), RetryAfter);

    public IReadOnlyList<int> Tokenize(string text) => throw Refusal;

    public string Detokenize(IReadOnlyList<int> ids) => throw Refusal;

    public string TokenText(int id) => throw Refusal;

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question) => throw Refusal;

    public Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel) => throw Refusal;

    public Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;
}
