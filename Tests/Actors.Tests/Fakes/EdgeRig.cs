using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Inference.Teaching.Files;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>A whole service on fakes. Disposing stops it and checks that nothing was left behind.</summary>
internal sealed class EdgeRig : IAsyncDisposable
{
    private readonly List<IDisposable> _players = [];

    public EdgeRig(params CameraConfiguration[] plans)
    {
        var quickly = new ReconnectSettings { Min = TimeSpan.FromMilliseconds(1), Max = TimeSpan.FromMilliseconds(5) };
        Settings = new EdgeSettings
        {
            Node = "box",
            ModelName = "fake",
            Target = "cpu",
            Cameras = plans,
            CameraReconnect = quickly,
            BrokerReconnect = quickly,
        };
    }

    public static TimeSpan Always => TimeSpan.Zero;

    public static TimeSpan Once => TimeSpan.FromHours(1);

    public EdgeSettings Settings { get; set; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>False where other hosts of a cluster answer.</summary>
    public bool HasModel { get; init; } = true;

    /// <summary>The model, as other hosts of a cluster see it.</summary>
    public ClusterModel Model { get; init; } = new("fake", "fingerprint", FakeFrame.SquareSize, 0);

    /// <summary>Called with the system before it is started.</summary>
    public Action<EdgeSystem> Prepare { get; init; } = _ => { };

    public FramePool Pool { get; } = new();

    public FakeEngine Engine { get; } = new();

    public FakeLink Link { get; } = new();

    /// <summary>Null: one in memory.</summary>
    public IEventOutbox? Outbox { get; set; }

    public RecordingLogger Log { get; } = new();

    public Recording<FrameAnswered> Answers { get; } = new();

    /// <summary>Gets what viewers follow; null where nobody does.</summary>
    public LiveEvents? Live { get; init; }

    /// <summary>Gets what is recorded; null where no history is kept.</summary>
    public FakeHistory? History { get; init; }

    /// <summary>Where labels are stored; null without a state folder.</summary>
    public LabelFiles? Labels { get; init; }

    public IReadOnlyList<WebhookParts> Webhooks { get; init; } = [];

    public Func<EventPayload, string>? EventText { get; set; }

    public Func<AnswerPayload, string>? AnswerText { get; set; }

    public Func<ReadOnlyMemory<byte>, Frame?>? Decode { get; set; }

    /// <summary>False where Akka itself is made to log an error.</summary>
    public bool ExpectsQuietAkka { get; init; } = true;

    /// <summary>False where a session is made to fail at its end.</summary>
    public bool ExpectsSoundSessions { get; set; } = true;

    public Func<Frame, byte[]> Jpeg { get; set; } = frame => Encoding.UTF8.GetBytes($"still {frame.Sequence}");

    /// <summary>Called each time the statistics are taken.</summary>
    public Func<ModelPlacement> Placement { get; set; } = () => ModelPlacement.Unknown;

    /// <summary><see cref="FakeLink.Published"/> has the payloads of answers and events instead of short texts.</summary>
    public bool IsJson { get; init; }

    public IReadOnlyList<FakeCamera> Cameras { get; private set; } = [];

    public EdgeDependencies Parts { get; private set; } = null!;

    public EdgeSystem Edge { get; private set; } = null!;

    public FakeCamera Camera => Cameras[0];

    /// <summary>Makes an actor fail between two messages, in the order of its mailbox.</summary>
    public void Kill(string actor) => Edge.Actors!.ActorSelection($"/user/{actor}").Tell(Akka.Actor.Kill.Instance);

    public StatsPayload Stats => Edge.Stats();

    /// <summary>Holds every answer until it is opened.</summary>
    public HoldPoint HoldAnswers()
    {
        var answering = new HoldPoint();
        Engine.OnAsk = (_, _, _) =>
        {
            answering.Pass();
            return Inference.Answers.FinishReason.Stopped;
        };
        return answering;
    }

    public static CameraConfiguration Plan(string camera, TimeSpan every, bool snapshot = false) =>
        new(new CameraId(camera), [new StandingQuestion("person", "person", QuestionKind.YesNo, every)], snapshot);

    public EdgeRig With(Func<PipelineSettings, PipelineSettings> change)
    {
        Settings = Settings with { Pipeline = change(Settings.Pipeline) };
        return this;
    }

    public EdgeRig Overlapping() => With(pipeline => pipeline with { Overlap = true });

    public async Task<EdgeRig> StartAsync()
    {
        Build();
        Prepare(Edge);
        await Edge.StartAsync();
        foreach (var camera in Cameras)
        {
            await camera.Attempts.UntilCountAsync(1);
        }

        return this;
    }

    public void Build()
    {
        Link.Text = Text;
        Cameras = [.. Settings.Cameras.Select(plan => new FakeCamera(plan.Id.Value, Pool, Time))];
        Parts = new EdgeDependencies
        {
            Cameras = Cameras,
            Link = Link,
            Outbox = Outbox ?? new MemoryOutbox(Time),
            Topics = new NodeTopics("mobilevlm", "box"),
            LiveEvents = Live,
            History = History,
            Labels = Labels,
            ToTaught = (question, region, result, labels) => new TaughtQuestion
            {
                Version = TaughtQuestion.CurrentVersion,
                CreatedBy = "a test",
                Model = new TaughtModel("fake", "float32", "none"),
                Question = new TaughtText(question.PromptText, question.Choices, region),
                Labels = labels,
                Chosen = result.Chosen,
                Estimate = result.Estimate,
                Head = result.Head is { } head ? TaughtHead.Of(head) : null,
            },
            SignedAddress = path => $"https://edge.example{path}?signed",
            Webhooks = Webhooks,
            Placement = () => Placement(),
            OpenEncoder = HasModel ? Engine.OpenEncoder : null,
            OpenAnswerer = HasModel ? Engine.OpenAnswerer : null,
            ClusterModel = HasModel ? Model : null,
            FrameToJpeg = frame => Jpeg(frame),
            PictureToFrame = file => Decode?.Invoke(file) ?? DecodePicture(file),
        };
        Edge = new EdgeSystem(Settings, Parts, Time, Log);
        Edge.Answered += Answers.Add;
    }

    /// <summary>A payload in short, as tests compare it.</summary>
    private string Text(OutboundMessage message)
    {
        if (message.ContentType != "application/json" || message.Payload.IsEmpty)
        {
            return Encoding.UTF8.GetString(message.Payload.Span);
        }

        return message.Topic.Split('/')[^1] switch
        {
            "stats" => $"captured {MqttJson.ReadStats(message.Payload.Span)!.Cameras.Values.Sum(camera => camera.FramesCaptured)}",
            "answer" when !IsJson && MqttJson.ReadAnswer(message.Payload.Span) is { } answer =>
                AnswerText?.Invoke(answer) ?? $"{answer.Value} #{answer.Seq}",
            "event" when !IsJson && MqttJson.ReadEvent(message.Payload.Span) is { } happened => EventText?.Invoke(happened)
                ?? $"{happened.From}>{happened.To}{(happened.Historical ? " late" : "")} '{happened.Text}' +{happened.HeldBack}",
            _ => Encoding.UTF8.GetString(message.Payload.Span),
        };
    }

    /// <summary>A picture of this test is its sequence number as text.</summary>
    private Frame DecodePicture(ReadOnlyMemory<byte> file) =>
        long.TryParse(Encoding.UTF8.GetString(file.Span), CultureInfo.InvariantCulture, out var sequence)
            ? FakeFrame.Take(Pool, new CameraId("picture"), sequence, Time)
            : throw new ImageFileException("the picture", "not a picture");

    public void Play(FakeCamera camera, TimeSpan every) => _players.Add(camera.Play(every));

    /// <summary>Stops on a manual clock that moves only while nothing but <paramref name="hanging"/> is waited for, so that a
    /// slow machine makes no other step late.</summary>
    /// <param name="hanging">Steps of the stop that wait for their limit.</param>
    /// <param name="passes">Whether time may pass just then. Null: always.</param>
    /// <returns>How long the stop took on that clock.</returns>
    public async Task<TimeSpan> StopOnManualTimeAsync(string[] hanging, Func<TimeSpan, bool>? passes = null)
    {
        var time = (FakeTime)Time;
        var within = Settings.Pipeline.StopWithin;
        var startedAt = time.GetTimestamp();
        var stopping = Edge.StopAsync();
        while (!stopping.IsCompleted && time.GetElapsedTime(startedAt) <= within)
        {
            await Eventually.TrueAsync(
                () => stopping.IsCompleted || (Edge.StopSteps is { Count: > 0 } steps && steps.All(hanging.Contains)
                    && passes?.Invoke(time.GetElapsedTime(startedAt)) != false),
                "the stop continues or waits only for what hangs",
                state: () => $"It waits for {string.Join(", ", Edge.StopSteps)}.");
            if (!stopping.IsCompleted)
            {
                time.Advance(within / 100);
            }
        }

        await stopping.WaitAsync(Eventually.Patience);
        return time.GetElapsedTime(startedAt);
    }

    public async Task StopAsync()
    {
        // A stop that never ends fails the test instead of blocking it without limit.
        await Edge.StopAsync().WaitAsync(2 * Eventually.Patience);
        foreach (var player in _players)
        {
            player.Dispose();
        }

        _players.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Edge.DisposeAsync();
        Assert.Equal(0, Pool.Outstanding);

        // A call that hung gives its tokens back when it returns, which may be after the stop.
        await Eventually.TrueAsync(() => Engine.HoldsNoTokens, "the visual tokens are given back");
        await Engine.AssertAtRestAsync();
        Assert.InRange(Link.MostAtOnce, 0, OutgoingMessages.MaxRetainedInFlight + 2);
        Assert.True(Link.MostOnceAtOnce <= 2, "more than one reply and one event at a time");
        Assert.Equal(ExpectsSoundSessions, !Log.Logged(LogLevel.Error, "A model session could not be closed").Any());

        // Akka reports here what an actor did not handle. A stage that fails as the engine did is handled by the pipeline's
        // owner.
        Assert.DoesNotContain(
            Log.Lines.Items,
            line => ExpectsQuietAkka && line is { Category: "Akka", Level: >= LogLevel.Error } && !Engine.HasThrown(line.Fault));
    }
}
