using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Cluster.Inference;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Cluster;

/// <summary>The cluster of one service: gives frames to other hosts, answers frames of other hosts, or both. Started once the own engine is
/// open, stopped once.</summary>
internal sealed class ClusterService : IAsyncDisposable
{
    private readonly ClusterMembers _members = new();
    private readonly ClusterCounters _counters;
    private readonly Dispatcher? _dispatcher;
    private readonly InferenceHostState? _inference;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ClusterNode _node;

    /// <param name="settings">This host and the others.</param>
    /// <param name="model">The model of this host; null without one.</param>
    /// <param name="capacity">Most frames of other hosts at once.</param>
    /// <param name="engine">The engine of this host.</param>
    /// <param name="dispatcher">Gives frames to other hosts, with these counters; null where this host has no cameras.</param>
    /// <param name="version">The protocol of this build.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For the log.</param>
    public ClusterService(
        ClusterSettings settings,
        ClusterModel? model,
        int capacity,
        EngineAccess engine,
        Func<ClusterCounters, Dispatcher>? dispatcher,
        ProtocolVersion version,
        Func<double> random,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        _counters = new ClusterCounters(settings, _members);
        _dispatcher = dispatcher?.Invoke(_counters);
        _inference = model is null ? null : new InferenceHostState(capacity);
        List<string> roles = [];
        var actors = new List<(string Name, Akka.Actor.Props Props)>();
        if (_dispatcher is { } sender)
        {
            roles.Add(ClusterConfiguration.CamerasRole);
            actors.Add(("dispatcher", Akka.Actor.Props.Create(() => new DispatcherActor(sender, _members, _counters, time))));
        }

        if (_inference is not null)
        {
            roles.Add(ClusterConfiguration.InferenceRole);
            var context = new InferenceHostContext(
                settings, model!, version, _inference, new RemoteFrameRunner(engine, time), _members, _counters, _stopping.Token);
            actors.Add(("inference", Akka.Actor.Props.Create(() => new InferenceHostActor(context, time))));
        }

        _node = new ClusterNode(
            settings,
            roles,
            _members,
            _dispatcher is { } listener ? listener : new NoListener(),
            system => actors.ForEach(actor => system.ActorOf(actor.Props, actor.Name)),
            new ReconnectSettings(),
            random,
            time,
            loggers);
    }

    /// <summary>No other host has a frame of this one.</summary>
    public bool IsIdle => _dispatcher?.IsIdle ?? true;

    /// <summary>The cluster's actor system, for tests that make it fail; null between two.</summary>
    internal Akka.Actor.ActorSystem? System => _node.System;

    /// <summary>The other hosts.</summary>
    public ClusterStats Stats() => _counters.Snapshot(address => _dispatcher?.UnusedState(address));

    /// <summary>Joins the cluster. Returns at once.</summary>
    public void Start() => _node.Start();

    /// <summary>Asks for no frame any more, and waits until the answers for other hosts are sent.</summary>
    public Task DrainAsync() => _inference?.StopAsync() ?? Task.CompletedTask;

    /// <summary>Cancels what is still computed for other hosts, gives up what others compute, and leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_dispatcher is not null)
        {
            await _dispatcher.StopAsync();
        }

        await _node.DisposeAsync();
        _stopping.Dispose();
    }

    private sealed class NoListener : IMembershipListener
    {
        public void Reachable(string address)
        {
            // Nothing is given to other hosts.
        }

        public void Unreachable(string address)
        {
            // Nothing is given to other hosts.
        }
    }
}
