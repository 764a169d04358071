using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>A broker inside this process for devices that have none, on 127.0.0.1 and nowhere else. Every user of the device
/// may connect, without password. All it holds is in memory: retained messages, until it is disposed. Sessions end with
/// their connection.</summary>
public sealed partial class EmbeddedBroker : IAsyncDisposable
{
    /// <summary>The port that MQTT clients try first.</summary>
    public const int DefaultPort = 1883;

    private readonly MqttServer _server;
    private readonly EmbeddedBrokerLimits _limits;
    private readonly RetainedBudget _retained;
    private readonly ILogger _logger;
    private long _dropped;
    private int _disposed;

    private EmbeddedBroker(Socket socket, EmbeddedBrokerLimits limits, ILogger logger)
    {
        _limits = limits;
        _logger = logger;
        _retained = new RetainedBudget(limits.MaxRetainedMessages, limits.MaxRetainedBytes);
        Address = new Uri($"mqtt://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}");
        var options = new MqttServerOptionsBuilder()
            .WithoutDefaultEndpoint()
            .WithPersistentSessions(false)
            .WithDefaultCommunicationTimeout(limits.ClientTimeout)
            .WithMaxPendingMessagesPerClient(limits.MaxPendingPerClient)
            .WithPendingMessagesOverflowStrategy(MqttPendingMessagesOverflowStrategy.DropOldestQueuedMessage)
            .Build();
        var listener = new LoopbackListener(socket, limits, (from, reason) => Log.CutOff(logger, from, reason));
        _server = new MqttServerFactory().CreateMqttServer(options, [listener]);
        _server.ValidatingConnectionAsync += AssignClientId;
        _server.InterceptingPublishAsync += CheckPublish;
        _server.InterceptingSubscriptionAsync += CheckSubscription;
        _server.InterceptingOutboundPacketAsync += AnnounceLimit;
        _server.QueuedApplicationMessageOverwrittenAsync += CountDropped;
    }

    /// <summary>The address on which it listens: <c>mqtt://127.0.0.1:PORT</c>.</summary>
    public Uri Address { get; }

    /// <summary>Messages dropped so far because a client was too slow for them.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Starts listening.</summary>
    /// <param name="port">0 picks a free one, see <see cref="Address"/>.</param>
    /// <param name="logger">Gets clients that are cut off and messages that are refused.</param>
    /// <param name="limits">null for the defaults.</param>
    /// <exception cref="EmbeddedBrokerPortBusyException">The port cannot be listened on.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The port is not within 0..65535, or a limit is too small.</exception>
    public static async Task<EmbeddedBroker> StartAsync(int port, ILogger logger, EmbeddedBrokerLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(logger);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        limits ??= new EmbeddedBrokerLimits();
        Check(limits);
        var broker = new EmbeddedBroker(Bind(port), limits, logger);
        await broker._server.StartAsync();
        Log.Listens(logger, broker.Address);
        return broker;
    }

    /// <summary>Notifies the clients that it shuts down, and closes the port. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _server.StopAsync(new MqttServerStopOptions
            {
                DefaultClientDisconnectOptions = new MqttServerClientDisconnectOptions
                {
                    ReasonCode = MqttDisconnectReasonCode.ServerShuttingDown,
                },
            });
            _server.Dispose();
        }
    }

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new EmbeddedBrokerPortBusyException(port, e);
        }
    }

    private static void Check(EmbeddedBrokerLimits limits)
    {
        AtLeast(limits.MaxPacketBytes, 1024);
        AtLeast(limits.MaxClients, 1);
        AtLeast(limits.MaxRetainedMessages, 1);
        AtLeast(limits.MaxRetainedBytes, 1);
        AtLeast(limits.MaxPendingPerClient, limits.MaxRetainedMessages);

        static void AtLeast<T>(T value, T least) where T : INumber<T> =>
            ArgumentOutOfRangeException.ThrowIfLessThan(value, least);
    }

    /// <summary>A client may leave its name to the broker; the library leaves it to us.</summary>
    private static Task AssignClientId(ValidatingConnectionEventArgs e)
    {
        if (string.IsNullOrEmpty(e.ClientId))
        {
            e.AssignedClientIdentifier = $"auto-{Guid.NewGuid():N}";
        }

        return Task.CompletedTask;
    }

    private Task CheckPublish(InterceptingPublishEventArgs e)
    {
        var message = e.ApplicationMessage;
        if (string.IsNullOrEmpty(message.Topic) || message.Topic[0] == '$' || message.Topic.Length > TopicName.MaxBytes)
        {
            Refuse(
                e,
                MqttPubAckReasonCode.TopicNameInvalid,
                $"topics are at most {TopicName.MaxBytes} long and do not start with '$'");
        }
        else if (message.Retain && !_retained.TryKeep(message.Topic, message.Payload.Length))
        {
            Refuse(
                e,
                MqttPubAckReasonCode.QuotaExceeded,
                $"at most {_limits.MaxRetainedMessages} messages and {_limits.MaxRetainedBytes} bytes are retained");
        }

        return Task.CompletedTask;
    }

    private void Refuse(InterceptingPublishEventArgs e, MqttPubAckReasonCode code, string reason)
    {
        e.ProcessPublish = false;
        e.Response.ReasonCode = code;
        e.Response.ReasonString = reason;
        Log.Refused(_logger, e.ClientId, e.ApplicationMessage.Topic ?? "", reason);
    }

    private Task CheckSubscription(InterceptingSubscriptionEventArgs e)
    {
        if (e.TopicFilter.Topic.Length > TopicName.MaxBytes)
        {
            e.ProcessSubscription = false;
            e.Response.ReasonCode = MqttSubscribeReasonCode.TopicFilterInvalid;
        }

        return Task.CompletedTask;
    }

    private Task AnnounceLimit(InterceptingPacketEventArgs e)
    {
        if (e.Packet is MqttConnAckPacket welcome)
        {
            welcome.MaximumPacketSize = (uint)_limits.MaxPacketBytes;
        }

        return Task.CompletedTask;
    }

    private Task CountDropped(QueueMessageOverwrittenEventArgs e)
    {
        var dropped = Interlocked.Increment(ref _dropped);

        // At 1, 2, 4, 8…: a slow client must not also fill the log.
        if (BitOperations.IsPow2(dropped))
        {
            Log.Dropped(_logger, e.ReceiverClientId, dropped);
        }

        return Task.CompletedTask;
    }
}
