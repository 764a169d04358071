using System.Net;
using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

public sealed partial class EmbeddedBroker
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The embedded broker listens on {Address}, for this device only")]
        public static partial void Listens(ILogger logger, Uri address);

        [LoggerMessage(2, LogLevel.Warning, "The embedded broker cut off {From}: {Reason}")]
        public static partial void CutOff(ILogger logger, EndPoint? from, string reason);

        [LoggerMessage(3, LogLevel.Warning, "The embedded broker refused a message of {Client} to {Topic}: {Reason}")]
        public static partial void Refused(ILogger logger, string client, string topic, string reason);

        [LoggerMessage(4, LogLevel.Warning, "{Client} is too slow for the embedded broker; {Dropped} messages to it were dropped so far")]
        public static partial void Dropped(ILogger logger, string client, long dropped);
    }
}
