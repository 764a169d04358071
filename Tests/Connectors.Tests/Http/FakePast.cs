using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Remembers what is asked about the past. The try-out <c>one</c> has two of four frames.</summary>
internal sealed class FakePast : IPastService
{
    private static readonly DateTimeOffset At = new(2026, 11, 30, 3, 0, 0, TimeSpan.Zero);

    public List<WhatIfQuery> Queries { get; } = [];

    public List<TryOutRequest> Started { get; } = [];

    public List<(string Id, int Wording, PastThresholds Thresholds)> Results { get; } = [];

    public List<ExplanationRequest> Explanations { get; } = [];

    public IReadOnlyList<TryOutView> TryOuts => [View(PastJobState.Running)];

    public Task<WhatIfResult> WhatIfAsync(WhatIfQuery query, CancellationToken cancel)
    {
        Queries.Add(query);
        return Task.FromResult(
            new WhatIfResult(3, 1, Outcome(0.6, 2), Outcome(query.Thresholds.YesAbove ?? 0.6, 1) with { Expected = new ExpectedAlarms(1.23456, 0.5, 2, 3) })
            {
                FalseAlarmsUnknown = "of a reason",
            });
    }

    public Task<TryOutView> StartTryOutAsync(TryOutRequest request, CancellationToken cancel)
    {
        Started.Add(request);
        return Task.FromResult(View(PastJobState.Running));
    }

    public TryOutResult TryOutResult(string id, int wording, PastThresholds thresholds)
    {
        Results.Add((id, wording, thresholds));
        return new TryOutResult(
            id == "one" ? View(PastJobState.Running) : throw HttpFailureException.NotFound("this id is not known"),
            wording,
            1,
            [0, 1],
            Outcome(0.6, 1),
            [new TriedFrame(At, 8, 21, "yes", 0.9, 0.99, null), new TriedFrame(At, 7, 20, null, 0.5, 0.99, "uncertain")]);
    }

    public TryOutView EndTryOut(string id) => View(PastJobState.Cancelled);

    public Task<ExplanationView> StartExplanationAsync(ExplanationRequest request, CancellationToken cancel)
    {
        Explanations.Add(request);
        return Task.FromResult(Explanation("two"));
    }

    public ExplanationView Explanation(string id) => id != "two" ? throw HttpFailureException.NotFound("this id is not known") : new ExplanationView(
        new PastProgress("two", PastJobState.Running, null, 5, 2, TimeSpan.FromSeconds(1), null),
        new ExplanationRequest("gate", "person", 21, 2),
        "Is there a person?",
        "yes",
        0.9,
        new PictureArea(0, -0.5, 1, 2),
        [[0.25, null], [null, null]]);

    public ReadOnlyMemory<byte> ExplanationPicture(string id) => FakeCameras.Jpeg;

    public ExplanationView EndExplanation(string id) => Explanation(id);

    private static TryOutView View(PastJobState state) => new(
        new PastProgress("one", state, null, 4, 2, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)),
        new TryOutRequest("gate", At, At.AddHours(1), 4, []),
        9,
        0,
        [new TryOutWordingView("person", "Is there a person?", "YesNo")]);

    private static PastOutcome Outcome(double yesAbove, int changes) => new(
        new PastThresholds(yesAbove, 0.4), changes, 1, [new PastState(At, "no", null), new PastState(At.AddMinutes(1), "unknown", "disabled")], [At.AddMinutes(2)]);
}
