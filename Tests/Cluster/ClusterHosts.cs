using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Cluster.Tests;

/// <summary>A camera host and inference hosts in this process, each with its own actor systems, on loopback ports.</summary>
internal sealed class ClusterHosts : IAsyncDisposable
{
    /// <summary>Side of the pictures: as many bytes cross the connection as with the published models.</summary>
    private const int Size = 336;

    private static readonly TimeSpan Joined = TimeSpan.FromSeconds(90);

    private readonly List<EdgeSystem> _systems = [];
    private readonly List<WaitingEngine> _engines = [];
    private readonly FramePool _pool = new();
    private readonly List<FrameAnswered> _answers = [];

    public IReadOnlyList<WaitingEngine> Engines => _engines;

    public EdgeSystem Cameras => _systems[^1];

    public IReadOnlyList<FrameAnswered> Answers
    {
        get
        {
            lock (_answers)
            {
                return [.. _answers];
            }
        }
    }

    /// <summary>Starts the hosts and waits until all inference hosts are used.</summary>
    /// <param name="inferenceHosts">How many have a model.</param>
    /// <param name="cameras">Cameras of the camera host; each has one question, due at each frame.</param>
    /// <param name="encode">The wait of stage 1.</param>
    /// <param name="answer">The wait of stage 2.</param>
    public static async Task<ClusterHosts> StartAsync(int inferenceHosts, int cameras, TimeSpan encode, TimeSpan answer)
    {
        var hosts = new ClusterHosts();
        var ports = Enumerable.Range(0, inferenceHosts + 1).Select(_ => FreePort()).ToList();
        List<string> nodes = [.. ports.Take(inferenceHosts).Select(port => $"127.0.0.1:{port}")];
        for (var at = 0; at < inferenceHosts; at++)
        {
            var engine = new WaitingEngine(encode, answer);
            hosts._engines.Add(engine);
            hosts._systems.Add(hosts.Create(ports[at], nodes, [], engine));
        }

        hosts._systems.Add(hosts.Create(ports[^1], nodes, [.. Enumerable.Range(1, cameras).Select(number => $"camera{number}")], null));
        hosts.Cameras.Answered += answered =>
        {
            lock (hosts._answers)
            {
                hosts._answers.Add(answered);
            }
        };
        await Task.WhenAll(hosts._systems.Select(system => system.StartAsync()));
        await Eventually.TrueAsync(
            () => nodes.TrueForAll(node => hosts.Cameras.Stats().Cluster!.Nodes.GetValueOrDefault(node) is { State: ClusterNodeStats.Up, Model: not null }),
            "all inference hosts are used",
            Joined);
        return hosts;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems.AsEnumerable().Reverse())
        {
            await system.DisposeAsync();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private EdgeSystem Create(int port, IReadOnlyList<string> nodes, IReadOnlyList<string> cameras, WaitingEngine? engine)
    {
        var settings = new EdgeSettings
        {
            Node = $"host{port}",
            ModelName = engine is null ? "" : "waiting",
            Target = "cpu",
            Cameras = [.. cameras.Select(camera => new CameraConfiguration(
                new CameraId(camera), [new StandingQuestion("number", "Which number?", QuestionKind.Text, TimeSpan.Zero)], Snapshot: false))],
            RunsWithoutCameras = true,
            Cluster = new ClusterSettings { Host = "127.0.0.1", Port = port, Nodes = nodes },
        };
        return new EdgeSystem(
            settings,
            new EdgeDependencies
            {
                Cameras = [.. cameras.Select(camera => new PaintedCamera(camera, Size, TimeSpan.FromMilliseconds(100), _pool, TimeProvider.System))],
                Link = new DiscardingLink(),
                Topics = new NodeTopics("mobilevlm", settings.Node),
                OpenEncoder = engine is null ? null : engine.OpenEncoder,
                OpenAnswerer = engine is null ? null : engine.OpenAnswerer,
                ClusterModel = engine is null ? null : new ClusterModel("waiting", "waiting", Size, 0),
                FrameToJpeg = _ => [],
                PictureToFrame = _ => throw new NotSupportedException("No picture is uploaded here."),
            },
            TimeProvider.System,
            NullLoggerFactory.Instance);
    }
}
