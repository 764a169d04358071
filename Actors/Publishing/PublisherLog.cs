using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>The publisher's log messages, in the category of <see cref="PublisherActor"/>.</summary>
internal sealed partial class PublisherLog(ILogger<PublisherActor> logger, TimeProvider time)
{
    /// <summary>Least time between two lines about one topic.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger = logger;
    private readonly LogThrottle _refused = new(Interval, time);
    private readonly LogThrottle _dropped = new(Interval, time);

    /// <summary>The broker refuses a topic; at most one line per minute for each topic.</summary>
    public void Refused(string topic, string reason)
    {
        if (_refused.TryPass(topic, out var suppressed))
        {
            LogRefused(topic, reason, suppressed);
        }
    }

    /// <summary>A reply was dropped; at most one line per minute.</summary>
    public void ReplyDropped(string topic, int limit)
    {
        if (_dropped.TryPass("", out var suppressed))
        {
            LogReplyDropped(topic, limit, suppressed);
        }
    }

    [LoggerMessage(EventId = 54, Level = LogLevel.Information, Message = "No broker is configured.")]
    public partial void NoBroker();

    [LoggerMessage(EventId = 50, Level = LogLevel.Information, Message = "Connected to {Broker}.")]
    public partial void Connected(string broker);

    [LoggerMessage(EventId = 52, Message =
        "No connection to {Broker}: {Reason}. Answering continues and events wait; the next attempt is in {Seconds:0.0} s, and more follow for as long as the service runs.")]
    public partial void NoBroker(LogLevel level, string broker, string reason, double seconds);

    [LoggerMessage(EventId = 51, Level = LogLevel.Warning, Message = "The connection to {Broker} is lost: {Reason}. Answering continues and events wait; connecting again.")]
    public partial void Lost(string broker, string reason);

    [LoggerMessage(EventId = 74, Level = LogLevel.Warning, Message =
        "The broker refuses {Topic}: {Reason}. Allow this user to publish there in the broker's access rules (at most one line per minute for each topic; {Suppressed} more since the last one).")]
    private partial void LogRefused(string topic, string reason, long suppressed);

    [LoggerMessage(EventId = 53, Level = LogLevel.Warning, Message = "The connection to {Broker} could not be closed in order: {Reason}")]
    public partial void NotDisconnected(string broker, string reason);

    [LoggerMessage(EventId = 70, Level = LogLevel.Warning, Message = "Events of {Topic} wait for {Seconds:0} s, because the broker refuses them; others go first.")]
    public partial void PassedOver(string topic, double seconds);

    [LoggerMessage(EventId = 71, Level = LogLevel.Error, Message = "The outbox failed and is tried again. If this repeats, please report it with this exception.")]
    public partial void OutboxFailed(Exception fault);

    [LoggerMessage(EventId = 72, Level = LogLevel.Error, Message =
        "An event in the outbox was written by another version and cannot be read; it is dropped.")]
    public partial void Unreadable();

    // The fault tests compare these lines with the events that subscribers received.
    [LoggerMessage(EventId = 73, Level = LogLevel.Debug, Message = "Event {Id} of {Topic}: {Outcome}")]
    public partial void Stored(string id, string topic, string outcome);

    [LoggerMessage(EventId = 75, Level = LogLevel.Warning, Message =
        "A reply to {Topic} was dropped, because {Limit} replies wait already: questions come faster than the broker accepts replies ({Suppressed} more since the last such line).")]
    private partial void LogReplyDropped(string topic, int limit, long suppressed);

    [LoggerMessage(EventId = 76, Level = LogLevel.Warning, Message =
        "There was no time to send everything before the stop: {Events} events stay in the outbox for the next start, and {Replies} replies are not sent.")]
    public partial void RemainingLeft(long events, int replies);

    [LoggerMessage(EventId = 77, Level = LogLevel.Error, Message =
        "A message of one question could not be composed and is not published; other questions are not affected. Please report this with the lines before it.")]
    public partial void NotComposed(Exception fault);

    [LoggerMessage(EventId = 79, Level = LogLevel.Error, Message = "Event {Id} could not be stored and is lost. Please report this with the lines before it.")]
    public partial void LostEvent(string id);

    [LoggerMessage(EventId = 78, Level = LogLevel.Error, Message = "The publisher failed twice at {Message} and ignores it. Please report this with the lines before it.")]
    public partial void GivenUp(string message);
}
