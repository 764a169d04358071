using System.Net;
using System.Net.Sockets;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

/// <summary>Whole services on fakes, connected on loopback ports.</summary>
internal static class ClusterRig
{
    /// <summary>Joining takes some seconds, more on a loaded machine.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public static ClusterSettings Settings(int port, params int[] seeds) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        Nodes = [.. seeds.Select(seed => $"127.0.0.1:{seed}")],
    };

    public static EdgeRig With(this EdgeRig rig, ClusterSettings cluster)
    {
        rig.Settings = rig.Settings with { Cluster = cluster, RunsWithoutCameras = true };
        return rig;
    }

    /// <summary>A text question, whose answer tells which frame was seen.</summary>
    public static CameraConfiguration Plan(string camera, TimeSpan every) =>
        new(new CameraId(camera), [new StandingQuestion("scene", "scene", QuestionKind.Text, every)], false);

    /// <summary>A host with one camera and no model.</summary>
    public static EdgeRig CameraHost(ClusterSettings cluster, TimeSpan? every = null) =>
        new EdgeRig(Plan("gate", every ?? EdgeRig.Always)) { HasModel = false, IsJson = true, ExpectsQuietAkka = false }.With(cluster);

    /// <summary>A host with a model and no cameras.</summary>
    public static EdgeRig InferenceHost(ClusterSettings cluster, ClusterModel? model = null) =>
        new EdgeRig { ExpectsQuietAkka = false, Model = model ?? new ClusterModel("fake", "fingerprint", FakeFrame.SquareSize, 0) }.With(cluster);

    public static ClusterNodeStats? Node(this EdgeRig rig, int port) => rig.Stats.Cluster?.Nodes.GetValueOrDefault($"127.0.0.1:{port}");

    public static Task UntilStateAsync(this EdgeRig rig, int port, string state) => Eventually.TrueAsync(
        () => rig.Node(port)?.State == state && (state != ClusterNodeStats.Up || rig.Node(port)?.Model is not null),
        $"host {port} is {state}",
        Patience,
        () => $"{rig.Node(port)}");
}
