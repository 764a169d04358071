namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>The embedded broker cannot listen: its port is taken or forbidden.</summary>
public sealed class EmbeddedBrokerPortBusyException : Exception
{
    internal EmbeddedBrokerPortBusyException(int port, Exception cause)
        : base(
            $"Mqtt:Port: the embedded broker cannot listen on 127.0.0.1:{port} ({cause.Message}). Another broker is " +
            $"probably running: use it with Mqtt:Broker = mqtt://127.0.0.1:{port}, or choose another Mqtt:Port.",
            cause) =>
        Port = port;

    public int Port { get; }
}
