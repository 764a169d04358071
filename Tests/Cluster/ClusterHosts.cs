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

    private readonly TimeSpan _encode;
    private readonly TimeSpan _answer;
    private readonly List<EdgeSystem> _systems = [];
    private readonly List<WaitingEngine> _engines = [];
    private readonly FramePool _pool = new();
    private readonly List<FrameAnswered> _answers = [];

    /// <summary>The seeds: the first inference host.</summary>
    private readonly IReadOnlyList<string> _nodes;

    private readonly int _firstPort = FreePort();

    /// <param name="cameras">Cameras of the camera host; each has one question, due at each frame.</param>
    /// <param name="encode">The wait of stage 1.</param>
    /// <param name="answer">The wait of stage 2.</param>
    private ClusterHosts(int cameras, TimeSpan encode, TimeSpan answer)
    {
        (_encode, _answer) = (encode, answer);
        _nodes = [Address(_firstPort)];
        Cameras = Create(FreePort(), [.. Enumerable.Range(1, cameras).Select(number => $"camera{number}")], null);
        _systems.Add(Cameras);
        Cameras.Answered += answered =>
        {
            lock (_answers)
            {
                _answers.Add(answered);
            }
        };
    }

    public IReadOnlyList<WaitingEngine> Engines => _engines;

    public EdgeSystem Cameras { get; }

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

    /// <summary>Starts the camera host with the first inference host.</summary>
    public static async Task<ClusterHosts> StartAsync(int cameras, TimeSpan encode, TimeSpan answer)
    {
        var hosts = new ClusterHosts(cameras, encode, answer);
        await hosts.Cameras.StartAsync();
        await hosts.AddAsync(hosts._firstPort);
        return hosts;
    }

    /// <summary>Starts one more inference host and waits until it is used.</summary>
    public Task AddAsync() => AddAsync(FreePort());

    private async Task AddAsync(int port)
    {
        var engine = new WaitingEngine(_encode, _answer);
        _engines.Add(engine);
        var system = Create(port, [], engine);
        _systems.Add(system);
        await system.StartAsync();
        await Eventually.TrueAsync(
            () => Cameras.Stats().Cluster!.Nodes.GetValueOrDefault(Address(port)) is { State: ClusterNodeStats.Up, Answered: >= 2 },
            $"inference host {_engines.Count} answers",
            Joined);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems.AsEnumerable().Reverse())
        {
            await system.DisposeAsync();
        }
    }

    private static string Address(int port) => $"127.0.0.1:{port}";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private EdgeSystem Create(int port, IReadOnlyList<string> cameras, WaitingEngine? engine)
    {
        var settings = new EdgeSettings
        {
            Node = $"host{port}",
            ModelName = engine is null ? "" : "waiting",
            Target = "cpu",
            Cameras = [.. cameras.Select(camera => new CameraConfiguration(
                new CameraId(camera), [new StandingQuestion("number", "Which number?", QuestionKind.Text, TimeSpan.Zero)], Snapshot: false))],
            RunsWithoutCameras = true,
            Cluster = new ClusterSettings { Host = "127.0.0.1", Port = port, Nodes = _nodes },
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
