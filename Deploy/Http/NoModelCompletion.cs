using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses texts and conversations on a host of a cluster that has no model: only frames go to other hosts.</summary>
internal sealed class NoModelCompletion : ITextCompletion
{
    public ModelDescription Model { get; } = new()
    {
        Id = "none",
        ContextTokens = 0,
        PictureTokens = 0,
        VocabularySize = 0,
        BeginId = 0,
        EndId = 0,
    };

    public Task Ready => Task.CompletedTask;

    private static HttpFailureException Refused => new(
        503, "this host has no model, and only frames of cameras and uploaded pictures go to the other hosts of its cluster; send texts to a host that has the model", "no_model");

    public IReadOnlyList<int> Tokenize(string text) => throw Refused;

    public string Detokenize(IReadOnlyList<int> ids) => throw Refused;

    public string TokenText(int id) => throw Refused;

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question) => throw Refused;

    public Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel) => throw Refused;

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel) => throw Refused;

    public Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel) => throw Refused;
}
