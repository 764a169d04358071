using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Demo;

/// <summary>Plays the bundled clip once at real pace through the whole pipeline and a broker, and compares the answers with the
/// truth file and with the same model asked frame by frame.</summary>
[Collection(Alone.Name)]
public sealed class DemoClipTests(ITestOutputHelper output)
{
    private const double FramesPerSecond = 10;

    private static readonly CameraId Camera = new("gate");

    /// <summary>A camera with the same clip that reuses answers while the scene is the same.</summary>
    private static readonly CameraId Gated = new("gated");

    /// <summary>A camera with the same clip that reuses answers while the visual tokens are the same.</summary>
    private static readonly CameraId SameTokens = new("same_tokens");

    private static readonly Dictionary<CameraId, SceneGateSettings?> Gates = new()
    {
        [Camera] = null,
        [Gated] = new SceneGateSettings(),
        [SameTokens] = new SceneGateSettings { Threshold = -1, TokenCosine = 0.998 },
    };

    private static readonly Dictionary<string, string> Questions = new()
    {
        ["person"] = "Is there a person?",
        ["gate_open"] = "Is the gate open?",
        ["night"] = "Is it night?",
        ["dog"] = "Is there a dog?",
        ["package"] = "Is there a package?",
        ["smoke"] = "Is there smoke?",
    };

    [Fact]
    public async Task Published_answers_equal_the_truth_and_those_of_the_model_asked_frame_by_frame()
    {
        var (all, hashes) = await PlayAsync();
        foreach (var camera in Gates.Keys)
        {
            var published = all.Where(a => a.Camera == camera.Value).ToList();
            output.WriteLine(
                $"{camera}: {published.Count} answers about {published.Select(a => a.Frame).Distinct().Count()} frames, "
                + $"{published.Count(a => a.Reused)} of them reused.");
            AssertSameAsFrameByFrame(published, hashes);
            Assert.Equal(Gates[camera] is not null, published.Any(answer => answer.Reused));
        }

        foreach (var (share, question) in Compare([.. all.Where(a => a.Camera == Camera.Value)]))
        {
            output.WriteLine($"{question}: {share}");
        }
    }

    /// <summary>Plays the clip through the real parts. Returns what an independent subscriber received, and the hash of each frame.</summary>
    private static async Task<(List<AnswerPayload> Published, ConcurrentDictionary<(string, long), string> Hashes)> PlayAsync()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        var topics = new NodeTopics("mobilevlm", "demo");
        var hashes = new ConcurrentDictionary<(string, long), string>();
        var frames = new FramePool();
        var settings = new EdgeSettings
        {
            Node = "demo",
            ModelName = "demo",
            Target = "cpu",
            Cameras =
            [
                .. Gates.Select(camera => new CameraConfiguration(
                    camera.Key,
                    [.. Questions.Select(q => new StandingQuestion(q.Key, q.Value, QuestionKind.YesNo, TimeSpan.FromSeconds(0.5))
                    {
                        // The more probable answer counts, as with the model asked alone.
                        Rules = new AnswerRules { Thresholds = new Thresholds { YesAbove = 0.5, NoBelow = 0.5 } },
                    })],
                    Snapshot: false)
                {
                    Gate = camera.Value,
                }),
            ],
        };
        var mqtt = new MqttSettings
        {
            Broker = broker.Address,
            ClientId = "demo-clip",
            Will = new OutboundMessage(topics.Availability, "offline"u8.ToArray(), Retain: true),
        };
        var sources = Gates.Keys.Select(camera => CameraSources.Create(
            new CameraSettings { Id = camera, Source = DemoModel.Clip, Loop = false }, frames, TimeProvider.System, NullLogger.Instance));
        await using (var system = new EdgeSystem(
            settings,
            new EdgeDependencies
            {
                Cameras = [.. sources.Select(source => new HashingCamera(source, hashes))],
                Link = new MqttLink(mqtt, NullLogger.Instance),
                Topics = topics,
                OpenEncoder = () => new VisionEncoder(DemoModel.Folder, new ExecutionSettings(1)),
                OpenAnswerer = () => QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings(1)),
                FrameToJpeg = frame => ImageCodec.EncodeJpeg(frame),
                PictureToFrame = file => UploadedPicture.ToFrame(
                    file.Span, frames, new CameraId("picture"), new FrameSequence(1), TimeProvider.System),
            },
            TimeProvider.System,
            NullLoggerFactory.Instance))
        {
            await system.StartAsync();
            Assert.Equal(EdgeOutcomeKind.Finished, (await system.Completion.WaitAsync(TimeSpan.FromSeconds(150))).Kind);
            await system.StopAsync();
        }

        await subscriber.WaitForAsync(topics.Availability, m => m.Text == "stopped");
        Assert.Equal(0, frames.Outstanding);
        var published = subscriber.Messages.Where(m => m.Topic.EndsWith("/answer", StringComparison.Ordinal))
            .Select(m => MqttJson.ReadAnswer(m.Payload)!).ToList();
        return (published, hashes);
    }

    private static List<(string Share, string Question)> Compare(List<AnswerPayload> published)
    {
        using var truth = JsonDocument.Parse(File.ReadAllText(Path.Combine(DemoModel.Assets, "gate.truth.json")));
        var shares = new List<(string, string)>();
        foreach (var question in Questions.Keys)
        {
            var settled = 0;
            var wrong = new List<string>();
            foreach (var second in truth.RootElement.EnumerateArray())
            {
                var t = second.GetProperty("t").GetDouble();
                if (!second.GetProperty("settled").EnumerateArray().Any(s => s.GetString() == question))
                {
                    continue;
                }

                // The state of a subscriber at that second: the last answer about a frame up to it.
                if (published.LastOrDefault(a => a.Question == question && (a.Frame - 1) / FramesPerSecond <= t + 0.05) is not { } answer)
                {
                    // A slow machine has no answer yet about the first frames.
                    continue;
                }

                settled++;
                if (answer.Value != (second.GetProperty(question).GetBoolean() ? "yes" : "no"))
                {
                    wrong.Add(string.Create(CultureInfo.InvariantCulture, $"second {t}: frame {answer.Frame} {answer.Value}, score {answer.Score:0.000}"));
                }
            }

            shares.Add((string.Create(CultureInfo.InvariantCulture, $"{settled - wrong.Count}/{settled} settled seconds agree"), question));
            Assert.True(settled >= 50, $"{question} has only {settled} settled seconds.");

            // Which frames are asked depends on the machine's pace, and the model is wrong about a few of the 640.
            Assert.True(wrong.Count <= 1, $"{question}: {string.Join("; ", wrong)}.");
        }

        return shares;
    }

    private static void AssertSameAsFrameByFrame(List<AnswerPayload> published, ConcurrentDictionary<(string, long), string> hashes)
    {
        var asked = published.GroupBy(a => hashes[(a.Camera, a.Frame!.Value)]).ToDictionary(g => g.Key, g => g.ToList());
        using var encoder = new VisionEncoder(DemoModel.Folder, new ExecutionSettings(1));
        using var answerer = QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings(1));
        var compared = 0;
        ForEachFrame(frame =>
        {
            if (!asked.Remove(Hash(frame), out var answers))
            {
                return;
            }

            using var tokens = encoder.Encode(new RgbImage(frame.Pixels, frame.Width, frame.Height));
            answerer.PrefillPicture(tokens);
            foreach (var answer in answers)
            {
                var alone = answerer.Ask(new Question(answer.Ask, AnswerKind.YesNo));
                Assert.Equal(alone.Value, answer.Value);
                Assert.Equal(alone.Score!.Value, answer.Score!.Value, answer.Reused ? 0.05 : 1e-6);
                compared++;
            }
        });
        Assert.Empty(asked);
        Assert.Equal(published.Count, compared);
        Assert.True(compared > 500, $"Only {compared} answers were published.");
    }

    /// <summary>Calls an action for every frame of the clip, in order.</summary>
    private static void ForEachFrame(Action<Frame> action)
    {
        var source = CameraSources.Create(
            new CameraSettings { Id = Camera, Source = DemoModel.Clip, Loop = false, Pace = Pace.Fast },
            new FramePool(), TimeProvider.System, NullLogger.Instance);
        var end = source.CaptureAsync(
            frame =>
            {
                using (frame)
                {
                    action(frame);
                }
            },
            CancellationToken.None).GetAwaiter().GetResult();
        Assert.Equal(CaptureEndKind.Finished, end.Kind);
    }

    private static string Hash(Frame frame) => Convert.ToHexString(SHA256.HashData(frame.Pixels));

    /// <summary>A camera that records the hash of each frame.</summary>
    private sealed class HashingCamera(ICameraSource inner, ConcurrentDictionary<(string, long), string> hashes) : ICameraSource
    {
        public CameraId Id => inner.Id;

        public string Description => inner.Description;

        public bool IsLive => inner.IsLive;

        public Task<CaptureEnd> CaptureAsync(Action<Frame> deliver, CancellationToken cancel) => inner.CaptureAsync(
            frame =>
            {
                hashes[(frame.Camera.Value, frame.Sequence.Value)] = Hash(frame);
                deliver(frame);
            },
            cancel);
    }
}
