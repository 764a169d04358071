using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses texts and conversations on a host of a cluster that has no model: only frames and uploaded pictures go to other
/// hosts.</summary>
/// <param name="stats">The state of the service; null until it runs.</param>
internal sealed class NoModelCompletion(Func<StatsPayload?> stats) : ITextCompletion
{
    public ModelDescription Model => new()
    {
        Id = stats()?.Model ?? "unknown",
        IsElsewhere = true,
        ContextTokens = 0,
        PictureTokens = 0,
        VocabularySize = 0,
        BeginId = 0,
        EndId = 0,
    };

    public Task Ready => Task.CompletedTask;

    public HttpFailureException Refusal => new(
        503,
        "this host has no model, and texts and conversations are not passed on to other hosts of its cluster; "
        + $"send them to the HTTP address (Http:Listen) of a host that has the model{Hosts()}, "
        + "or send a question about a picture to /api/v1/ask or about a camera to /api/v1/cameras/CAMERA/ask",
        "no_model");

    public IReadOnlyList<int> Tokenize(string text) => throw Refusal;

    public string Detokenize(IReadOnlyList<int> ids) => throw Refusal;

    public string TokenText(int id) => throw Refusal;

    public (IReadOnlyList<int> Before, IReadOnlyList<int> After) PromptIds(string question) => throw Refusal;

    public Task<CompletedText> ChatAsync(ChatRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;

    public Task<FieldAnswers> FillAsync(ChatRequest request, IReadOnlyList<FieldQuestion> questions, CancellationToken cancel) => throw Refusal;

    public Task<CompletedText> CompleteAsync(CompletionRequest request, Action<string> onText, CancellationToken cancel) => throw Refusal;

    private string Hosts()
    {
        if (stats()?.Cluster is not { } cluster)
        {
            return "";
        }

        List<string> hosts = [.. cluster.Nodes.Where(node => node.Value is { State: ClusterNodeStats.Up, Model: not null })
            .Select(node => node.Key[..node.Key.LastIndexOf(':')]).Distinct().Order(StringComparer.Ordinal)];
        return hosts.Count == 0 ? "" : $" ({string.Join(", ", hosts)})";
    }
}
