using System.Diagnostics;
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
using MobileVlm.Edge.Inference.Models;
using MobileVlm.Edge.Inference.Sessions;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Measures the real pipeline: a moving test pattern as camera, one yes/no question about every frame that there is
/// time for, snapshots, and messages that are made and discarded.</summary>
internal sealed class PipelineBench(ModelFolder folder, ExecutionSettings settings, BenchProgress progress)
{
    /// <summary>Frames per second; a machine that answers more is limited by its camera.</summary>
    private const int CameraRate = 30;

    /// <summary>Frames answered before the timed ones, including the sessions' first runs.</summary>
    private const int WarmUp = 2;

    /// <summary>Shortest timed run: a fast machine answers the requested number before its speed is steady.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Minimum number of frames that are answered.</summary>
    public static int Frames(int repeats) => WarmUp + repeats;

    public async Task<PipelineResult> MeasureAsync(int repeats, CancellationToken cancel)
    {
        var pool = new FramePool();
        var answered = new List<(long At, TimeSpan Age)>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var system = new EdgeSystem(Settings(), CreateDependencies(pool), TimeProvider.System, NullLoggerFactory.Instance);
        CameraStats? before = null;
        system.Answered += frame =>
        {
            // Where the user ended the call, the wait below throws.
            if (enough.Task.IsCompleted || cancel.IsCancellationRequested)
            {
                return;
            }

            progress.Next("pipeline");
            answered.Add((Stopwatch.GetTimestamp(), frame.Age));
            before = answered.Count == WarmUp ? Camera(system) : before;
            if (answered.Count >= Frames(repeats) && Stopwatch.GetElapsedTime(answered[WarmUp - 1].At) >= Shortest)
            {
                enough.SetResult();
            }
        };
        await system.StartAsync();
        var ended = await Task.WhenAny(enough.Task, system.Completion).WaitAsync(Longest, cancel);
        if (ended == system.Completion)
        {
            throw new IOException($"The pipeline ended by itself: {(await system.Completion).Reason}");
        }

        var after = Camera(system);
        var timed = answered[WarmUp..];
        return new PipelineResult(
            timed.Count / Stopwatch.GetElapsedTime(answered[WarmUp - 1].At, timed[^1].At).TotalSeconds,
            CameraRate,
            new SampleStatistics([.. timed.Select(frame => frame.Age.TotalMilliseconds)]),
            after.FramesCaptured - before!.FramesCaptured,
            after.FramesReplaced - before.FramesReplaced);
    }

    private static CameraStats Camera(EdgeSystem system) => system.Stats().Cameras["bench"];

    private EdgeSettings Settings() => new()
    {
        Node = "bench",
        ModelName = folder.Manifest.Name,
        Target = "cpu",
        Cameras =
        [
            new CameraConfiguration(
                new CameraId("bench"),
                [new StandingQuestion("first", BenchScene.YesNo(1)[0].Text, QuestionKind.YesNo, TimeSpan.Zero)],
                Snapshot: true),
        ],
        Pipeline = new PipelineSettings { MaxFrameAge = Longest },
    };

    private EdgeDependencies CreateDependencies(FramePool pool) => new()
    {
        Cameras =
        [
            CameraSources.Create(
                new CameraSettings { Id = new CameraId("bench"), Source = $"pattern:640x480@{CameraRate}" },
                pool, TimeProvider.System, NullLogger.Instance),
        ],
        Link = new DiscardingLink(),
        Topics = new NodeTopics("mobilevlm", "bench"),
        OpenEncoder = () => new VisionEncoder(folder, settings),
        OpenAnswerer = () => QuestionAnswerer.Open(folder, settings),
        FrameToJpeg = frame => ImageCodec.EncodeJpeg(frame),
        PictureToFrame = _ => throw new NotSupportedException("A benchmark receives no pictures."),
    };
}
