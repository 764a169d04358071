using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Supervision;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The state of the publisher that must survive its restart. Outlives the actor. One caller at a time.</summary>
internal sealed class PublisherState : IDisposable
{
    /// <summary>Most replies that wait. Above every burst of commands that is let through, so that each of them gets its
    /// reply; beyond that the oldest is dropped and counted.</summary>
    public const int MaxReplies = 512;

    public PublisherState(
        IEventOutbox outbox,
        IReadOnlyList<CameraPlan> plans,
        ReconnectSettings reconnect,
        Func<double> random,
        ClockMonitor clock,
        TimeProvider time)
    {
        Plans = plans;
        Outgoing = new OutgoingMessages(new LatestByTopic(), new UnretainedQueue(MaxReplies), new EventDelivery(outbox, clock, time));
        Session = new BrokerSession(reconnect, random);
    }

    public OutgoingMessages Outgoing { get; }

    public BrokerSession Session { get; }

    public RestartMemory Memory { get; } = new();

    /// <summary>The first retained values are set and the handlers of the link are registered.</summary>
    public bool IsInitialized { get; set; }

    /// <summary>The current cameras and questions.</summary>
    public IReadOnlyList<CameraPlan> Plans { get; set; }

    /// <summary>Ends when all events that were given to the outbox so far are as safe as they get. The outbox takes them
    /// in their order, so the last one's end is that of all.</summary>
    public Task EventsStored { get; set; } = Task.CompletedTask;

    /// <summary>Tells the actor that the link is gone.</summary>
    public Action<string>? OnDisconnected { get; set; }

    /// <summary>Tells the actor that a question was switched on or off.</summary>
    public Action<CameraId, string, bool>? OnSwitched { get; set; }

    public void Dispose() => Session.Dispose();
}
