using System.Collections.Concurrent;
using Akka.Actor;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>The actors of one system. Their references stay the same over restarts. Written by the supervisor, read by
/// anybody; outlives the supervisor, so that a stop can reach the actors without it.</summary>
internal sealed class ChildActors
{
    private readonly ConcurrentDictionary<IActorRef, bool> _cameras = new();

    public IActorRef Publisher { get; set; } = ActorRefs.Nobody;

    public IActorRef Evaluation { get; set; } = ActorRefs.Nobody;

    public IActorRef Pipeline { get; set; } = ActorRefs.Nobody;

    public IActorRef Commands { get; set; } = ActorRefs.Nobody;

    public IActorRef AdHoc { get; set; } = ActorRefs.Nobody;

    public IActorRef Stats { get; set; } = ActorRefs.Nobody;

    public IReadOnlyList<IActorRef> Cameras => [.. _cameras.Keys];

    public void AddCamera(IActorRef camera) => _cameras[camera] = true;

    public void RemoveCamera(IActorRef camera) => _cameras.TryRemove(camera, out _);
}
