using Microsoft.Extensions.Logging;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

public sealed partial class MqttLink
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning,
            "Mqtt:PasswordFile '{Path}' can be read or written by other users of this device. Make the service's user its owner (chown), then run: chmod 600 '{Path}'")]
        public static partial void PasswordFileIsOpen(ILogger logger, string path);

        [LoggerMessage(2, LogLevel.Warning,
            "{Broker} {Reason}. The service now speaks MQTT 3.1.1 with it: messages that the broker refuses count as accepted there. MQTT 5 is tried again after a restart, or at a reconnect after 24 hours.")]
        public static partial void OlderProtocol(ILogger logger, string broker, string reason);

        [LoggerMessage(7, LogLevel.Information, "{Broker} speaks MQTT 5 now; the service uses it again")]
        public static partial void NewerProtocol(ILogger logger, string broker);

        [LoggerMessage(3, LogLevel.Error, "A handler of the end of a connection failed")]
        public static partial void HandlerFailed(ILogger logger, Exception e);

        [LoggerMessage(5, LogLevel.Warning,
            "{Broker} refuses the subscription to {Filter} ({Reason}), so nothing can be asked or switched there: allow this user to read it in the broker's access rules")]
        public static partial void SubscriptionRefused(ILogger logger, string broker, string filter, string reason);

        [LoggerMessage(6, LogLevel.Warning, "More messages came in than could be read; {Dropped} were dropped so far")]
        public static partial void InboundDropped(ILogger logger, long dropped);

        [LoggerMessage(4, LogLevel.Debug, "Disconnecting from {Broker} failed; the broker will send the will")]
        public static partial void DisconnectFailed(ILogger logger, string broker, Exception e);
    }
}
