using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Mqtt;

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
}
