using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>One camera with one question, and answers to ad-hoc questions.</summary>
internal sealed class FakeCameras : ICameraService
{
    public static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xD9];

    public List<(string? Camera, ReadOnlyMemory<byte>? Picture, IReadOnlyList<AskQuestion> Questions)> Asked { get; } = [];

    /// <summary>Called for each ask before it is answered.</summary>
    public Func<CancellationToken, Task> OnAsk { get; set; } = _ => Task.CompletedTask;

    public List<(string Camera, string Question, bool Enabled)> Switched { get; } = [];

    public IReadOnlyList<CameraView> Cameras { get; } =
    [
        new("gate", true, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), TimeSpan.FromSeconds(0.25),
        [
            new QuestionView { Id = "person", Ask = "Is there a person?", Answer = "YesNo", Enabled = true, State = "yes", Value = "yes", Score = 0.9 },
        ]),
    ];

    public StatsPayload Stats { get; } = new()
    {
        Node = "edge-1",
        At = null,
        UptimeS = 1,
        Model = "m",
        Target = "cpu",
        ResidentBytes = 1,
        Cameras = new Dictionary<string, CameraStats>(),
        Pipeline = new PipelineStats(),
        Mqtt = new MqttStats(),
        Asks = new AskStats(),
    };

    public Task<Snapshot?> SnapshotAsync(string camera, CancellationToken cancel) => Task.FromResult<Snapshot?>(new Snapshot(Jpeg, 7));

    public bool TrySwitch(string camera, string question, bool enabled)
    {
        Switched.Add((camera, question, enabled));
        return question == "person";
    }

    public async Task<IReadOnlyList<AskAnswer>> AskAsync(
        string? camera, ReadOnlyMemory<byte>? picture, IReadOnlyList<AskQuestion> questions, TimeSpan within, CancellationToken cancel)
    {
        lock (Asked)
        {
            Asked.Add((camera, picture, questions));
        }

        await OnAsk(cancel);
        return [.. questions.Select(question => new AskAnswer
        {
            Value = question.Type == AnswerType.Choice ? question.Choices[0] : "yes",
            Text = "Yes",
            Score = 0.75,
            Finish = "stop",
            Frame = camera is null ? null : 7,
            Age = camera is null ? null : TimeSpan.FromSeconds(0.5),
            Timings = new StageTimings(1, 2, 3),
        })];
    }
}
