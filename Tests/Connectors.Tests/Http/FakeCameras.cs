using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>One camera with one question, and answers to ad-hoc questions.</summary>
internal sealed class FakeCameras : ICameraService, IModeService
{
    public static readonly byte[] Jpeg = [0xFF, 0xD8, 0xFF, 0xD9];

    /// <summary>The newest frame; always number 7.</summary>
    public byte[] Picture { get; set; } = Jpeg;

    public List<(string? Camera, ReadOnlyMemory<byte>? Picture, IReadOnlyList<AskQuestion> Questions)> Asked { get; } = [];

    /// <summary>Called for each ask before it is answered.</summary>
    public Func<CancellationToken, Task> OnAsk { get; set; } = _ => Task.CompletedTask;

    public List<(string Camera, string Question, bool Enabled)> Switched { get; } = [];

    public IReadOnlyList<CameraView> Cameras { get; } =
    [
        new("gate", true, new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero), TimeSpan.FromSeconds(0.25),
        [
            new QuestionView { Id = "person", Ask = "Is there a person?", Answer = "YesNo", Enabled = true, State = "yes", Value = "yes", Score = 0.9, Thresholds = new ScoreThresholds(0.6, 0.4, null) },
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

    public IModeService Modes => this;

    public TimeSpan MaxSnooze => TimeSpan.FromHours(168);

    public IReadOnlyList<string> All { get; set; } = ["home", "away"];

    public string? Current { get; set; } = "home";

    public List<(string Camera, string Question, TimeSpan Length)> Snoozed { get; } = [];

    public bool TrySwitch(string mode)
    {
        var isKnown = All.Contains(mode);
        Current = isKnown ? mode : Current;
        return isKnown;
    }

    public bool TrySnooze(string camera, string question, TimeSpan length, out DateTimeOffset? until)
    {
        Snoozed.Add((camera, question, length));
        until = length == TimeSpan.Zero ? null : new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero) + length;
        return (camera, question) == ("gate", "person");
    }

    public Task<Snapshot?> SnapshotAsync(string camera, CancellationToken cancel) => Task.FromResult<Snapshot?>(new Snapshot(Picture, 7));

    public bool TrySwitch(string camera, string question, bool enabled)
    {
        Switched.Add((camera, question, enabled));
        return question == "person";
    }

    /// <summary>Questions that were counted as refused.</summary>
    public int Busy { get; private set; }

    public void CountBusy(int questions)
    {
        lock (Asked)
        {
            Busy += questions;
        }
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
