using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>One label of <c>gate/person</c>, and one version that was learned.</summary>
internal sealed class FakeLabels : ILabelService, ITeachingService
{
    private static readonly DateTimeOffset At = new(2026, 11, 30, 3, 0, 0, TimeSpan.Zero);

    private static readonly LearnedResult Result = new(
        At, new Dictionary<string, int> { ["no"] = 4, ["yes"] = 5 }, "head", new LearnedEstimate(0.9, 0.7, 0.97), 0.6, ["a"], [], 1);

    public List<LabelRequest> Requests { get; } = [];

    public List<string> Calls { get; } = [];

    public int? Limit { get; private set; }

    public List<StoredLabel> Labels { get; } =
    [
        new StoredLabel("20261130-030000000-7", "yes", new LabelRecord(1, At, 7, At.AddHours(1), LabelSource.CommandLine, 0.4, "Is there a person?")),
        new StoredLabel("IMG_1", "no", null),
    ];

    public Task<LabelList> ListAsync(string camera, string question, CancellationToken cancel) => Task.FromResult(new LabelList(
        camera,
        question,
        "Is there a person?",
        ["yes", "no"],
        1000,
        Labels));

    public Task<LabelChange> SetAsync(LabelRequest request, CancellationToken cancel)
    {
        Requests.Add(request);
        return request.Label == "full"
            ? throw new HttpFailureException(507, "labels cannot be used, and nothing was changed: the disk is full", "not_stored")
            : Task.FromResult(new LabelChange("20261130-030000000-7", request.Label == "clear" ? null : request.Label, "no", new Dictionary<string, int> { ["yes"] = 1, ["no"] = 0 }));
    }

    public Task<IReadOnlyList<LabelProposal>> ProposeAsync(string camera, string question, int? limit, CancellationToken cancel)
    {
        Limit = limit;
        return Task.FromResult<IReadOnlyList<LabelProposal>>([new LabelProposal(new StoredSnapshot(3, At, 7), 0.5, ProposalReason.Unsure)]);
    }

    public Task<byte[]> PictureAsync(string camera, string question, string id, CancellationToken cancel) => Task.FromResult<byte[]>([0xFF, 0xD8]);

    public LearningState State(string camera, string question) => new(LearningStatus.Reading, true, 3, 9, null, Result);

    public Task<LearningState> TeachAsync(string camera, string question, CancellationToken cancel)
    {
        Calls.Add($"teach {camera}/{question}");
        return Task.FromResult(LearningState.Idle with { Status = LearningStatus.Waiting });
    }

    public LearningState Cancel(string camera, string question)
    {
        Calls.Add($"cancel {camera}/{question}");
        return LearningState.Idle with { Status = LearningStatus.Cancelled };
    }

    public Task<TaughtVersions> VersionsAsync(string camera, string question, CancellationToken cancel) => Task.FromResult(new TaughtVersions(
        [new TaughtVersion(2, "/state/taught/gate/person/2.json", At, null, new Dictionary<string, int>(), null), new TaughtVersion(1, "/state/taught/gate/person/1.json", At, "head", Result.Labels, Result.Estimate)]));
}
