using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Mqtt;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Actors;

/// <content>What it logs.</content>
internal sealed partial class MqttActor
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to {Broker}.")]
    private partial void LogConnected(string broker);

    [LoggerMessage(Message = "No connection to {Broker} ({Kind}): {Reason} Trying again for ever.")]
    private partial void LogNoBroker(LogLevel level, string broker, ConnectOutcomeKind kind, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection to {Broker} is gone: {Reason}")]
    private partial void LogLost(string broker, string reason);

    [LoggerMessage(EventId = 74, Level = LogLevel.Warning, Message =
        "The broker refuses {Topic}: {Reason} (at most one line a minute for each topic; {Suppressed} more since the last one)")]
    private partial void LogRefused(string topic, string reason, long suppressed);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Left {Broker} without goodbye: {Reason}")]
    private partial void LogNoGoodbye(string broker, string reason);

    [LoggerMessage(EventId = 70, Level = LogLevel.Warning, Message = "Events of {Topic} wait for {Rest}; others go first.")]
    private partial void LogPassedOver(string topic, TimeSpan rest);

    [LoggerMessage(EventId = 71, Level = LogLevel.Error, Message = "The outbox failed.")]
    private partial void LogOutbox(Exception fault);

    [LoggerMessage(EventId = 72, Level = LogLevel.Error, Message =
        "An event in the outbox was written by another version and cannot be read; it is given up.")]
    private partial void LogUnreadable();

    // What the fault runs hold against what was received.
    [LoggerMessage(EventId = 73, Level = LogLevel.Debug, Message = "Event {Id} of {Topic}: {Outcome}")]
    private partial void LogKept(string id, string topic, StoreOutcome outcome);

    [LoggerMessage(EventId = 75, Level = LogLevel.Warning, Message =
        "A reply to {Topic} was dropped, because {Limit} replies wait already: questions come faster than the broker takes replies ({Suppressed} more since the last such line).")]
    private partial void LogReplyDropped(string topic, int limit, long suppressed);

    [LoggerMessage(EventId = 76, Level = LogLevel.Warning, Message =
        "There was no time to send everything before the stop: {Events} events stay in the outbox for the next start, and {Replies} replies are not sent.")]
    private partial void LogRestLeft(long events, int replies);

    [LoggerMessage(EventId = 77, Level = LogLevel.Error, Message =
        "A message of one question could not be composed and is not published; other questions are not affected.")]
    private partial void LogNotComposed(Exception fault);

    [LoggerMessage(EventId = 78, Level = LogLevel.Error, Message = "The publisher failed twice at {Message} and goes on without it.")]
    private partial void LogGivenUp(string message);
}
