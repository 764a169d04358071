using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>A new statistics message.</summary>
internal sealed record PublishStats(byte[] Body);

/// <summary>A message that is published once, in turn with everything else that waits.</summary>
internal sealed record PublishOneTime(OutboundMessage Message)
{
    /// <summary>It is in the queue; handling it again has no effect.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>Publishes whether a question is asked at this moment.</summary>
internal sealed record PublishEnabled(CameraId Camera, string Question);

/// <summary>Publishes the end of a question's snooze.</summary>
internal sealed record PublishSnooze(CameraId Camera, string Question);

/// <summary>Publishes the current mode.</summary>
internal sealed record PublishMode
{
    public static readonly PublishMode Instance = new();
}

/// <summary>Publishes the latest value of each topic again, for a subscriber that has just started.</summary>
internal sealed record PublishAllAgain
{
    public static readonly PublishAllAgain Instance = new();
}

/// <summary>Sends what still waits, then <c>stopped</c>, then disconnects; the actor then stops.</summary>
/// <param name="SendRemainingWithin">What is not sent within this time stays in the outbox, so that there is time for
/// <c>stopped</c>.</param>
internal sealed record StopPublishing(TimeSpan SendRemainingWithin);

/// <summary>The time for <see cref="StopPublishing.SendRemainingWithin"/> is over.</summary>
internal sealed record RemainingLimitReached
{
    public static readonly RemainingLimitReached Instance = new();
}

/// <summary>The connection was closed in order, or could not be.</summary>
/// <param name="Fault">Null when it was closed in order.</param>
internal sealed record DisconnectEnded(string? Fault);

/// <summary>Starts a connection attempt.</summary>
internal sealed record TryConnect
{
    public static readonly TryConnect Instance = new();
}

/// <summary>An attempt to connect has ended.</summary>
/// <param name="Attempt">See <see cref="BrokerConnection.ConnectAttempt"/>.</param>
/// <param name="Outcome">How.</param>
internal sealed record ConnectEnded(object Attempt, ConnectOutcome Outcome);

/// <summary>The connection ended.</summary>
internal sealed record LinkGone(string Reason);

/// <summary>The outcome of a message.</summary>
/// <param name="InFlight">The message.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="StartedAt">Timestamp at which it was given to the link.</param>
internal sealed record PublishEnded(InFlightMessage InFlight, PublishOutcome Outcome, long StartedAt);

/// <summary>Refused topics are tried again.</summary>
internal sealed record RefusedTopicsMayTry
{
    public static readonly RefusedTopicsMayTry Instance = new();
}

/// <summary>An outbox that failed is tried again.</summary>
internal sealed record OutboxMayTry
{
    public static readonly OutboxMayTry Instance = new();
}
