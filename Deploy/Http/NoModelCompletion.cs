using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Deploy.Http;

/// <summary>Refuses texts and conversations on a host of a cluster that has no model: only frames and uploaded pictures go to other
/// hosts.</summary>
/// <param name="stats">The state of the service; null until it runs.</param>
internal sealed class NoModelCompletion(Func<StatsPayload?> stats) : RefusingCompletion
{
    protected override string ModelName => stats()?.Model ?? "unknown";

    public override HttpFailureException Refusal => new(
        503,
        "this host has no model, and texts and conversations are not passed on to other hosts of its cluster; "
        + $"send them to the HTTP address (Http:Listen) of a host that has the model{Hosts()}, "
        + "or send a question about a picture to /api/v1/ask or about a camera to /api/v1/cameras/CAMERA/ask",
        "no_model");

    private string Hosts()
    {
        if (stats()?.Cluster is not { } cluster)
        {
            return "";
        }

        List<string> hosts = [.. cluster.Nodes.Where(node => node.Value is { State: ClusterNodeStats.Up, Model: not null })
            .Select(node => node.Key[..node.Key.LastIndexOf(':')]).Distinct().Order(StringComparer.Ordinal)];
        return hosts.Count == 0 ? "" : $" ({string.Join(", ", hosts)})";
    }
}
