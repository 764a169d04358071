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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The broker refuses {Topic}: {Reason}")]
    private partial void LogRefused(string topic, string reason);

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
}
