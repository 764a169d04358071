using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Images;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Two cameras and a slowed-down decoder: frames that cannot be answered are dropped and counted, and no answered frame
/// is old. The test takes 20 seconds; <c>MOBILEVLM_LOAD_MINUTES</c> sets another duration, and from two minutes on the test checks
/// memory too (run it alone then, because the memory is that of the whole test process).</summary>
[Collection(Alone.Name)]
public sealed class LoadTests(ITestOutputHelper output)
{
    private const double MinMinutesForMemory = 2;
    private static readonly TimeSpan MaxFrameAge = new PipelineSettings().MaxFrameAge;
    private static readonly TimeSpan Slowness = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task With_a_slow_decoder_frames_are_dropped_evenly_and_none_grows_old()
    {
        var minutes = double.Parse(
            Environment.GetEnvironmentVariable("MOBILEVLM_LOAD_MINUTES") ?? "0.33", CultureInfo.InvariantCulture);
        await using var broker = await EmbeddedBroker.StartAsync(0, NullLogger.Instance);
        var frames = new FramePool();
        await using var system = Build(broker.Address, frames);
        var answered = new ConcurrentQueue<Answered>();
        system.Answered += a => answered.Enqueue(new Answered(
            a.Camera.Value, a.Age, Stopwatch.GetTimestamp(),
            a.EncodeTime + a.PrefillTime + TimeSpan.FromTicks(a.Answers.Sum(q => q.Answer.Timings.Prefill.Ticks))));
        using var stalls = new StallMonitor();
        await system.StartAsync();

        // Memory counts from the second quarter on, when pools and the JIT have grown.
        var memory = new List<(TimeSpan At, long Resident)>();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromMinutes(minutes);)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            memory.Add((clock.Elapsed, Environment.WorkingSet));
            Assert.True(frames.Outstanding <= 8, $"{frames.Outstanding} frames are outstanding.");
        }

        await system.StopAsync();
        var stats = system.Stats();
        Assert.Equal(0, frames.Outstanding);
        foreach (var camera in (string[])["a", "b"])
        {
            var counted = stats.Cameras[camera];
            var ages = answered.Where(a => a.Camera == camera).Select(a => a.Age).Order().ToList();
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{camera}: {counted.FramesCaptured} captured, {counted.FramesReplaced} replaced, {counted.FramesStale} stale, {counted.FramesIdle} idle, {counted.FramesUsed} used; age median {ages[ages.Count / 2].TotalMilliseconds:0} ms, largest {ages[^1].TotalMilliseconds:0} ms"));
            Assert.True(counted.FramesReplaced > counted.FramesUsed, "Nothing was dropped although the decoder was slow.");
            Assert.True(counted.FramesCaptured <= counted.FramesReplaced + counted.FramesIdle + counted.FramesStale + counted.FramesUsed + counted.FramesFailed + 2, "Some frames are not counted.");
        }

        var settled = memory.Where(m => m.At.TotalMinutes > minutes / 4).Select(m => m.Resident).ToList();
        var half = settled.Count / 2;
        var (before, after) = (settled.Take(half).Average() / 1048576, settled.Skip(half).Average() / 1048576);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Resident memory {before:0.0} MiB early, {after:0.0} MiB late, after {minutes} minutes."));
        Assert.True(after < before + 16 || minutes < MinMinutesForMemory, $"Resident memory grew from {before:0.0} to {after:0.0} MiB.");

        // One cycle is the wait for the next frame (there is one each 100 ms), the encoder, the prefill, both questions, and the
        // time for which the machine itself was stalled. On a busy machine a capture thread may be scheduled late, so one frame in
        // ten may take longer; the age limit holds for all.
        var slack = TimeSpan.FromMilliseconds(100 + 300);
        var late = answered.Where(a => a.Age >= a.Cycle + slack + stalls.Within(a.At, a.Age)).ToList();
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{late.Count} of {answered.Count} frames were older than one cycle; the machine was stalled for {stalls.Total.TotalSeconds:0.0} s in total, at most {stalls.Longest.TotalMilliseconds:0} ms at once."));
        Assert.True(late.Count <= answered.Count / 10, $"{late.Count} of {answered.Count} frames were older than one cycle.");
        Assert.All(answered, a => Assert.True(
            a.Age < a.Cycle + MaxFrameAge + slack, $"{a.Camera}: a frame was {a.Age.TotalMilliseconds:0} ms old, its cycle {a.Cycle.TotalMilliseconds:0} ms."));

        var (first, second) = (answered.Count(a => a.Camera == "a"), answered.Count(a => a.Camera == "b"));
        Assert.True(Math.Abs(first - second) <= 2, $"Camera a was answered {first} times, b {second} times.");
    }

    private static EdgeSystem Build(Uri broker, FramePool frames)
    {
        var topics = new NodeTopics("mobilevlm", "load");
        var plans = ((string[])["a", "b"]).Select(id => new CameraConfiguration(
            new CameraId(id),
            [
                new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.Zero),
                new StandingQuestion("smoke", "Is there smoke?", QuestionKind.YesNo, TimeSpan.Zero),
            ],
            Snapshot: true)).ToList();
        return new EdgeSystem(
            new EdgeSettings { Node = "load", ModelName = "demo", Target = "cpu", Cameras = plans },
            new EdgeDependencies
            {
                Cameras = [.. plans.Select(p => CameraSources.Create(
                    new CameraSettings { Id = p.Id, Source = DemoModel.Clip }, frames, TimeProvider.System, NullLogger.Instance))],
                Link = new MqttLink(
                    new MqttSettings
                    {
                        Broker = broker,
                        ClientId = "load",
                        Will = new OutboundMessage(topics.Availability, "offline"u8.ToArray(), Retain: true),
                    },
                    NullLogger.Instance),
                Topics = topics,
                OpenEncoder = () => new VisionEncoder(DemoModel.Folder, new ExecutionSettings(1)),
                OpenAnswerer = () => new SlowAnswerer(QuestionAnswerer.Open(DemoModel.Folder, new ExecutionSettings(1))),
                FrameToJpeg = frame => ImageCodec.EncodeJpeg(frame),
                PictureToFrame = file => UploadedPicture.ToFrame(
                    file.Span, frames, new CameraId("picture"), new FrameSequence(1), TimeProvider.System),
            },
            TimeProvider.System,
            NullLoggerFactory.Instance);
    }

    /// <summary>An answered frame.</summary>
    /// <param name="Camera">The camera's name.</param>
    /// <param name="Age">The age of the frame when it was answered.</param>
    /// <param name="At">When it was answered, in ticks of the stopwatch.</param>
    /// <param name="Cycle">The time that the engine needed for it.</param>
    private sealed record Answered(string Camera, TimeSpan Age, long At, TimeSpan Cycle);

    /// <summary>The real answerer, slowed down to the speed of a model two hundred times as large.</summary>
    private sealed class SlowAnswerer(IQuestionAnswerer inner) : IQuestionAnswerer
    {
        public void PrefillPicture(VisualTokens picture) => inner.PrefillPicture(picture);

        public void AskAbout(
            VisualTokens picture, IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
        {
            var started = Stopwatch.GetTimestamp();
            PrefillPicture(picture);
            var prefill = Stopwatch.GetElapsedTime(started);
            AskAll(
                questions,
                (at, answer) => onAnswer(at, at == 0 ? answer with { Timings = answer.Timings with { Prefill = answer.Timings.Prefill + prefill } } : answer),
                cancel);
        }

        public void AskAll(
            IReadOnlyList<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel = default)
        {
            foreach (var (at, question) in questions.Index())
            {
                var started = Stopwatch.GetTimestamp();
                Thread.Sleep(Slowness);
                var answer = inner.Ask(question, cancel);
                onAnswer(at, answer with { Timings = answer.Timings with { Prefill = Stopwatch.GetElapsedTime(started) } });
            }
        }

        public void Dispose() => inner.Dispose();
    }
}
