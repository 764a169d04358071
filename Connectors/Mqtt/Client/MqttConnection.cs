using System.Buffers;
using System.Text;
using MQTTnet;
using MQTTnet.Exceptions;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>One established connection, from the broker's CONNACK to its end; the link opens a new one each time. Its
/// end has the reason of the first part that notices it (the client library, a publish without answer, a ping, the owner).</summary>
internal sealed class MqttConnection : IDisposable
{
    // More unanswered publishes gain nothing on a LAN, and some brokers hang up on more than they announced.
    private const int MaxInFlight = 16;

    // The bytes around topic and payload: header, packet number, property lengths.
    private const int PacketOverhead = 32;

    private const string Disconnected = "this service disconnected";

    private const int Opening = 0;
    private const int Established = 1;
    private const int Ended = 2;

    private readonly IMqttClient _client;
    private readonly MqttSettings _settings;
    private readonly MqttProtocolVersion _version;
    private readonly Action<MqttConnection, string> _onEnded;
    private readonly CancellationTokenSource _ended = new();
    private string? _endReason;
    private volatile bool _used;
    private int _state;
    private SemaphoreSlim _slots = new(MaxInFlight);
    private int _slotCount = MaxInFlight;
    private long _maxPacketBytes = long.MaxValue;
    private int _maxQualityOfService = 2;
    private bool _retains = true;

    public MqttConnection(
        IMqttClient client, MqttSettings settings, MqttProtocolVersion version, Action<MqttConnection, string> onEnded)
    {
        _client = client;
        _settings = settings;
        _version = version;
        _onEnded = onEnded;
        client.DisconnectedAsync += e =>
        {
            // A reason shows that the broker can read what is sent.
            _used |= e.ReasonString is { Length: > 0 } || e.Reason == MqttClientDisconnectReason.SessionTakenOver;
            End(Describe(e));
            return Task.CompletedTask;
        };
    }

    public bool IsEstablished => Volatile.Read(ref _state) == Established && _client.IsConnected;

    /// <summary>Whether the connection uses MQTT 3.1.1.</summary>
    public bool UsesOlderProtocol => _version != MqttProtocolVersion.V500;

    /// <summary>The broker acknowledged something on it, or this service closed or abandoned it.</summary>
    public bool WasUsed => _used;

    public string EndReason => _endReason ?? "";

    /// <summary>Marks the connection as established: from then on its end is announced. False when it has ended already.</summary>
    public bool TryEstablish(MqttClientConnectResult accepted)
    {
        // The library gives 0 for a broker that announces none; the protocol has no such value.
        _slotCount = accepted.ReceiveMaximum is { } most and > 0 ? Math.Min((int)most, MaxInFlight) : MaxInFlight;
        _slots = new SemaphoreSlim(_slotCount);
        if (_version == MqttProtocolVersion.V500)
        {
            _maxPacketBytes = accepted.MaximumPacketSize is { } bytes and > 0 ? bytes : long.MaxValue;
            _maxQualityOfService = (int)accepted.MaximumQoS;
            _retains = accepted.RetainAvailable;
        }

        if (Interlocked.CompareExchange(ref _state, Established, Opening) != Opening)
        {
            return false;
        }

        var period = accepted.ServerKeepAlive > 0 && accepted.ServerKeepAlive < _settings.KeepAlive.TotalSeconds
            ? TimeSpan.FromSeconds(accepted.ServerKeepAlive)
            : _settings.KeepAlive;
        _ = KeepAliveAsync(period / 2);
        return true;
    }

    /// <summary>Publishes a message. Never throws; ends the connection when the broker does not answer.</summary>
    public async Task<PublishOutcome> PublishAsync(OutboundMessage message)
    {
        if (Unacceptable(message) is { } fault)
        {
            return new PublishOutcome(PublishOutcomeKind.Refused, fault);
        }

        try
        {
            await _slots.WaitAsync(_ended.Token);
        }
        catch (OperationCanceledException)
        {
            return Unacknowledged();
        }

        using var limit = new CancellationTokenSource(_settings.Timeout);
        try
        {
            var result = await _client.PublishAsync(Packet(message), limit.Token);
            _used |= message.QualityOfService > 0;
            return ToOutcome(result, message);
        }
        catch (MqttClientUnexpectedDisconnectReceivedException e) when (IsAboutTheMessage(e.ReasonCode) && IsAlone())
        {
            return new PublishOutcome(
                PublishOutcomeKind.Refused, $"the broker hung up over this message ({e.ReasonCode}); it will not take it");
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The message was checked before, so what the library throws here is caused by the connection. A
            // connection whose answers stay out is given up: on a live one the next message could overtake this one.
            _used |= limit.IsCancellationRequested;
            End(limit.IsCancellationRequested
                ? $"the broker did not answer a publish within {_settings.Timeout.TotalSeconds:0.###} s"
                : $"a publish failed: {ConnectErrors.Causes(e).Last().Message}");
            return Unacknowledged();
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>Sends the DISCONNECT packet and ends the connection in any case.</summary>
    /// <returns>Why the packet was not sent; null when it was.</returns>
    public async Task<Exception?> DisconnectAsync(CancellationToken cancel)
    {
        if (Volatile.Read(ref _state) == Ended)
        {
            return null;
        }

        _used = true;
        Interlocked.CompareExchange(ref _endReason, Disconnected, null);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(_settings.Timeout);
            await _client.DisconnectAsync(
                new MqttClientDisconnectOptions { Reason = MqttClientDisconnectOptionsReason.NormalDisconnection }, limit.Token);
            return null;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e;
        }
        finally
        {
            End(Disconnected);
        }
    }

    /// <summary>Closes the socket without a DISCONNECT packet. Announced once, if the connection was ever established.</summary>
    public void End(string reason)
    {
        Interlocked.CompareExchange(ref _endReason, reason, null);
        var before = Interlocked.Exchange(ref _state, Ended);
        if (before == Ended)
        {
            return;
        }

        _ended.Cancel();
        _client.Dispose();
        if (before == Established)
        {
            _onEnded(this, EndReason);
        }
    }

    /// <summary>Ends it. Its events and slots may be waited on for another moment, and they hold nothing native,
    /// so they are left to the collector.</summary>
    public void Dispose()
    {
        _used = true;
        End("the link was disposed");
    }

    private static bool IsAboutTheMessage(MqttDisconnectReasonCode? code) =>
        code is MqttDisconnectReasonCode.PacketTooLarge or MqttDisconnectReasonCode.TopicNameInvalid
            or MqttDisconnectReasonCode.PayloadFormatInvalid or MqttDisconnectReasonCode.RetainNotSupported
            or MqttDisconnectReasonCode.QoSNotSupported;

    private static string Describe(MqttClientDisconnectedEventArgs e)
    {
        if (e.Reason == MqttClientDisconnectReason.SessionTakenOver)
        {
            return "another client connected with the same id; give each device its own Node";
        }

        if (!string.IsNullOrEmpty(e.ReasonString))
        {
            return $"the broker reported {e.Reason}: {e.ReasonString}";
        }

        return e.Exception is { } fault ? ConnectErrors.Causes(fault).Last().Message
            : e.Reason is MqttClientDisconnectReason.NormalDisconnection
                ? "the broker closed the connection; it stopped, or another client uses the same id"
            : $"the broker reported {e.Reason}";
    }

    private static PublishOutcome ToOutcome(MqttClientPublishResult result, OutboundMessage message)
    {
        // No matching subscribers counts as success here: a retained state waits for them, an event had none.
        if (result.IsSuccess)
        {
            return new PublishOutcome(PublishOutcomeKind.Accepted, $"{result.ReasonCode}");
        }

        var words = string.IsNullOrEmpty(result.ReasonString) ? $"{result.ReasonCode}" : $"{result.ReasonCode}, '{result.ReasonString}'";
        var remedy = result.ReasonCode == MqttClientPublishReasonCode.NotAuthorized
            ? "allow this user to write the topic in the broker's access rules"
            : "see the broker's log and limits";
        return new PublishOutcome(
            PublishOutcomeKind.Refused, $"the broker refused a message to {message.Topic} ({words}): {remedy}");
    }

    private bool IsAlone() => _slots.CurrentCount == _slotCount - 1;

    private PublishOutcome Unacknowledged() => new(PublishOutcomeKind.Unacknowledged, EndReason);

    /// <summary>Checked before sending, because brokers answer these by hanging up, again after each reconnect.</summary>
    private string? Unacceptable(OutboundMessage message)
    {
        if (message.Retain && message.Payload.Length > 0 && !_retains)
        {
            return "the broker keeps no retained messages; enable them there";
        }

        var bytes = message.Payload.Length + Encoding.UTF8.GetByteCount(message.Topic) + (message.ContentType?.Length ?? 0)
            + PacketOverhead;
        return bytes > _maxPacketBytes
            ? $"the message to {message.Topic} is {bytes} bytes long, the broker takes {_maxPacketBytes}; raise its limit"
            : null;
    }

    private MqttApplicationMessage Packet(OutboundMessage message) => new()
    {
        Topic = message.Topic,
        Payload = new ReadOnlySequence<byte>(message.Payload),
        Retain = message.Retain,
        QualityOfServiceLevel = (MqttQualityOfServiceLevel)Math.Min(message.QualityOfService, _maxQualityOfService),
        ContentType = _version == MqttProtocolVersion.V500 ? message.ContentType : null,
        CorrelationData = _version == MqttProtocolVersion.V500 && message.CorrelationData.Length > 0
            ? message.CorrelationData.ToArray()
            : null,
    };

    /// <summary>Pings at its own pace, independent of other packets: the library's own pings wait for silence, so a stream of messages at
    /// quality of service 0 would hide a broker that hangs.</summary>
    private async Task KeepAliveAsync(TimeSpan every)
    {
        using var timer = new PeriodicTimer(every);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                using var limit = new CancellationTokenSource(_settings.Timeout);
                await _client.PingAsync(limit.Token);
                _used = true;
            }
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            End($"the broker did not answer a ping within {_settings.Timeout.TotalSeconds:0.###} s ({e.Message})");
        }
    }
}
