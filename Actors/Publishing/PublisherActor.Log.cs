using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Actors.Publishing;

/// <content>What it logs.</content>
internal sealed partial class PublisherActor
{
    [LoggerMessage(EventId = 50, Level = LogLevel.Information, Message = "Connected to {Broker}.")]
    private partial void LogConnected(string broker);

    [LoggerMessage(EventId = 52, Message =
        "No connection to {Broker}: {Reason}. Answering goes on and events wait; the next attempt is in {Seconds:0.0} s, and more follow for as long as the service runs.")]
    private partial void LogNoBroker(LogLevel level, string broker, string reason, double seconds);

    [LoggerMessage(EventId = 51, Level = LogLevel.Warning, Message = "The connection to {Broker} is lost: {Reason}. Answering goes on and events wait; connecting again.")]
    private partial void LogLost(string broker, string reason);

    [LoggerMessage(EventId = 74, Level = LogLevel.Warning, Message =
        "The broker refuses {Topic}: {Reason} (at most one line a minute for each topic; {Suppressed} more since the last one)")]
    private partial void LogRefused(string topic, string reason, long suppressed);

    [LoggerMessage(EventId = 53, Level = LogLevel.Warning, Message = "The connection to {Broker} could not be closed in order: {Reason}")]
    private partial void LogNoGoodbye(string broker, string reason);

    [LoggerMessage(EventId = 70, Level = LogLevel.Warning, Message = "Events of {Topic} wait for {Seconds:0} s, because the broker refuses them; others go first.")]
    private partial void LogPassedOver(string topic, double seconds);

    [LoggerMessage(EventId = 71, Level = LogLevel.Error, Message = "The outbox failed.")]
    private partial void LogOutbox(Exception fault);

    [LoggerMessage(EventId = 72, Level = LogLevel.Error, Message =
        "An event in the outbox was written by another version and cannot be read; it is given up.")]
    private partial void LogUnreadable();

    // What the fault runs hold against what was received.
    [LoggerMessage(EventId = 73, Level = LogLevel.Debug, Message = "Event {Id} of {Topic}: {Outcome}")]
    private partial void LogKept(string id, string topic, string outcome);

    [LoggerMessage(EventId = 75, Level = LogLevel.Warning, Message =
        "A reply to {Topic} was dropped, because {Limit} replies wait already: questions come faster than the broker takes replies ({Suppressed} more since the last such line).")]
    private partial void LogReplyDropped(string topic, int limit, long suppressed);

    [LoggerMessage(EventId = 76, Level = LogLevel.Warning, Message =
        "There was no time to send everything before the stop: {Events} events stay in the outbox for the next start, and {Replies} replies are not sent.")]
    private partial void LogRestLeft(long events, int replies);

    [LoggerMessage(EventId = 77, Level = LogLevel.Error, Message =
        "A message of one question could not be composed and is not published; other questions are not affected.")]
    private partial void LogNotComposed(Exception fault);

    [LoggerMessage(EventId = 79, Level = LogLevel.Error, Message = "Event {Id} could not be stored and is lost.")]
    private partial void LogLostEvent(string id);

    [LoggerMessage(EventId = 78, Level = LogLevel.Error, Message = "The publisher failed twice at {Message} and ignores it.")]
    private partial void LogGivenUp(string message);
}
