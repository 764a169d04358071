using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage;
using MQTTnet;
using MQTTnet.Diagnostics.PacketInspection;
using MQTTnet.Formatter;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>A connection to a broker over TCP or TLS, MQTT 5 or else 3.1.1, always with a clean session. Thread-safe.
/// Ending it without <see cref="DisconnectAsync"/> lets the broker send the will.</summary>
/// <remarks>A broker that stops answering is noticed within half of <see cref="MqttSettings.KeepAlive"/> and one
/// <see cref="MqttSettings.Timeout"/>, or as soon as one publish goes unanswered. On 3.1.1 a broker has no word for
/// refusing a message, so <see cref="PublishOutcomeKind.Accepted"/> only means there that it arrived.</remarks>
public sealed partial class MqttLink : IMqttLink
{
    private readonly MqttSettings _settings;
    private readonly ILogger _logger;
    private readonly MqttClientFactory _factory = new();
    private readonly SemaphoreSlim _connecting = new(1, 1);
    private readonly CancellationTokenSource _disposing = new();
    private readonly InboundQueue _inbound;
    private readonly ProtocolChoice _protocol;
    private volatile MqttConnection? _connection;
    private bool _warnedOfPasswordFile;
    private int _disposed;

    /// <exception cref="ArgumentException">The address is not <c>mqtt://</c> or <c>mqtts://</c> or holds user
    /// information, the client id or will cannot be used.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A time is not positive.</exception>
    public MqttLink(MqttSettings settings, ILogger logger)
        : this(settings, logger, TimeProvider.System)
    {
    }

    /// <param name="settings">How the broker is reached.</param>
    /// <param name="logger">Receives messages that somebody may act on.</param>
    /// <param name="time">Decides when MQTT 5 is tried again.</param>
    internal MqttLink(MqttSettings settings, ILogger logger, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(logger);
        Check(settings);
        _settings = settings;
        _logger = logger;
        _protocol = new ProtocolChoice(time);
        _inbound = new InboundQueue(settings.Inbound, dropped => Log.InboundDropped(logger, dropped));
        Description = $"{settings.Broker.Scheme}://{settings.Broker.Host}:{PreparedConnect.Port(settings)}";
    }

    /// <inheritdoc/>
    public event Action<string>? Disconnected;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public ChannelReader<InboundMessage> Inbound => _inbound.Reader;

    /// <inheritdoc/>
    public long InboundDropped => _inbound.Dropped;

    /// <inheritdoc/>
    public bool IsConnected => _connection is { IsEstablished: true };

    /// <inheritdoc/>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The link was disposed.</exception>
    public async Task<ConnectOutcome> ConnectAsync(CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel, _disposing.Token);
        await _connecting.WaitAsync(ending.Token);
        try
        {
            if (IsConnected)
            {
                return new ConnectOutcome(ConnectOutcomeKind.Connected, $"already connected to {Description}");
            }

            return await NegotiateAsync(ending.Token);
        }
        finally
        {
            _connecting.Release();
        }
    }

    /// <inheritdoc/>
    /// <param name="message">Its payload is not copied and must stay as it is until the outcome is known.</param>
    /// <param name="cancel">Ends the waiting only; the message may reach the broker all the same.</param>
    /// <exception cref="ArgumentException">The topic or quality of service can never be published.</exception>
    /// <exception cref="OperationCanceledException">The caller cancelled.</exception>
    public async Task<PublishOutcome> PublishAsync(OutboundMessage message, CancellationToken cancel)
    {
        Check(message);
        cancel.ThrowIfCancellationRequested();
        return _connection is { IsEstablished: true } connection
            ? await connection.PublishAsync(message).WaitAsync(cancel)
            : new PublishOutcome(PublishOutcomeKind.Unacknowledged, $"not connected to {Description}");
    }

    /// <inheritdoc/>
    public async Task DisconnectAsync(CancellationToken cancel)
    {
        if (_connection is { } connection && await connection.DisconnectAsync(cancel) is { } fault)
        {
            Log.DisconnectFailed(_logger, Description, fault);
        }
    }

    /// <summary>Drops the connection. May be called twice.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _disposing.CancelAsync();
        await _connecting.WaitAsync();
        _connection?.Dispose();
        _inbound.Complete();
    }

    private static void Check(MqttSettings settings)
    {
        if (settings.Broker.Scheme is not ("mqtt" or "mqtts"))
        {
            throw new ArgumentException($"Mqtt:Broker is {settings.Broker.Scheme}://; mqtt:// and mqtts:// are accepted.");
        }

        if (settings.Broker.UserInfo.Length > 0)
        {
            throw new ArgumentException("Mqtt:Broker holds a user or password; use Mqtt:User and Mqtt:PasswordFile.");
        }

        if (MqttClientId.Fault(settings.ClientId) is { } fault)
        {
            throw new ArgumentException($"Client id '{settings.ClientId}' {fault}.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(settings.KeepAlive, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(settings.Timeout, TimeSpan.Zero);
        Check(settings.Will);
        if (!settings.Will.Retain)
        {
            throw new ArgumentException("The will must be retained, or 'online' stays for later subscribers.");
        }
    }

    private static void Check(OutboundMessage message)
    {
        if (TopicName.Fault(message.Topic) is { } fault)
        {
            throw new ArgumentException($"Topic '{message.Topic}' {fault}.", nameof(message));
        }

        if (message.QualityOfService is < 0 or > 2)
        {
            throw new ArgumentException($"Quality of service {message.QualityOfService} is not 0, 1 or 2.", nameof(message));
        }
    }

    /// <summary>Connects with the version of MQTT that this broker is known to take, otherwise finds it out.</summary>
    private async Task<ConnectOutcome> NegotiateAsync(CancellationToken cancel)
    {
        if (_protocol.BeginsWithOlder)
        {
            var known = await AttemptAsync(MqttProtocolVersion.V311, isProbe: false, cancel);
            if (known.End is AttemptEnd.Decided)
            {
                return known.Outcome;
            }
        }

        var newer = await AttemptAsync(MqttProtocolVersion.V500, isProbe: false, cancel);
        if (newer.End == AttemptEnd.HungUp)
        {
            // Brokers older than version 5 close the connection without an answer, and so does one that is just starting.
            var probe = await AttemptAsync(MqttProtocolVersion.V311, isProbe: true, cancel);
            if (probe is { End: AttemptEnd.Decided, Outcome.Kind: ConnectOutcomeKind.Refused })
            {
                return probe.Outcome;
            }

            if (probe.Outcome.Kind != ConnectOutcomeKind.Connected)
            {
                return newer.Outcome;
            }

            // It runs and accepts 3.1.1. The question is whether it closes connections with version 5 again.
            newer = await AttemptAsync(MqttProtocolVersion.V500, isProbe: false, cancel);
        }

        if (newer.End == AttemptEnd.Decided)
        {
            if (newer.Outcome.Kind == ConnectOutcomeKind.Connected && _protocol.LearnNewer())
            {
                Log.NewerProtocol(_logger, Description);
            }

            return newer.Outcome;
        }

        var older = await AttemptAsync(MqttProtocolVersion.V311, isProbe: false, cancel);
        if (older.Outcome.Kind == ConnectOutcomeKind.Connected && _protocol.LearnOlder())
        {
            Log.OlderProtocol(_logger, Description, newer.End == AttemptEnd.VersionRefused
                ? "does not speak MQTT 5"
                : "closes the connection when MQTT 5 is spoken");
        }

        return older.Outcome;
    }

    /// <param name="version">Spoken on this attempt.</param>
    /// <param name="isProbe">Only finds out whether the broker takes this version: a connection is ended with DISCONNECT,
    /// so that the will is not sent, and not kept.</param>
    /// <param name="cancel">The caller's.</param>
    private async Task<Attempt> AttemptAsync(MqttProtocolVersion version, bool isProbe, CancellationToken cancel)
    {
        WarnOfPasswordFile();
        if (PreparedConnect.Prepare(_settings, version) is (var prepared, var misconfigured) && prepared is null)
        {
            return new Attempt(AttemptEnd.Decided, misconfigured!);
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(_settings.Timeout);
        var client = _factory.CreateMqttClient();
        client.ApplicationMessageReceivedAsync += e =>
        {
            _inbound.Enqueue(e.ApplicationMessage);
            return Task.CompletedTask;
        };
        var answersInOlderVersion = false;
        client.InspectPacketAsync += Inspect;
        var connection = new MqttConnection(client, _settings, version, OnEnded);
        var established = false;
        var accepted = false;
        try
        {
            var result = await client.ConnectAsync(prepared.Options, limit.Token);
            client.InspectPacketAsync -= Inspect;
            if (answersInOlderVersion && version == MqttProtocolVersion.V500)
            {
                // It read version 5 as if it were 3.1.1. It would misread every later packet, even if the code is success.
                return new Attempt(AttemptEnd.VersionRefused, ConnectErrors.FromCode(
                    MqttClientConnectResultCode.UnsupportedProtocolVersion, null, _settings));
            }

            if (result.ResultCode != MqttClientConnectResultCode.Success)
            {
                return new Attempt(
                    ConnectErrors.IsVersionRefusal(result.ResultCode) ? AttemptEnd.VersionRefused : AttemptEnd.Decided,
                    ConnectErrors.FromCode(result.ResultCode, result.ReasonString, _settings));
            }

            accepted = true;
            await SubscribeAsync(client, limit.Token);
            if (isProbe)
            {
                await connection.DisconnectAsync(limit.Token);
                return Decided(ConnectOutcomeKind.Connected, "");
            }

            _connection = connection;
            established = connection.TryEstablish(result);
            return established
                ? Decided(ConnectOutcomeKind.Connected, $"connected to {Description}")
                : new Attempt(
                    AttemptEnd.HungUp, new ConnectOutcome(ConnectOutcomeKind.Unreachable, connection.EndReason));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The library reports a broker's faults through many types, some of them its own races when a connection
            // ends at the wrong moment; none of them is a fault of the caller.
            cancel.ThrowIfCancellationRequested();
            return limit.IsCancellationRequested
                ? new Attempt(AttemptEnd.Decided, ConnectErrors.TimedOut(_settings))
                : new Attempt(
                    ConnectErrors.IsVersionRefusal(e) ? AttemptEnd.VersionRefused
                        : prepared.CertificateFault is null && ConnectErrors.IsHangUp(e, accepted) ? AttemptEnd.HungUp
                        : AttemptEnd.Decided,
                    ConnectErrors.FromException(e, prepared, _settings));
        }
        finally
        {
            if (!established)
            {
                connection.End("never established");
            }
        }

        static Attempt Decided(ConnectOutcomeKind kind, string reason) =>
            new(AttemptEnd.Decided, new ConnectOutcome(kind, reason));

        Task Inspect(InspectMqttPacketEventArgs packet)
        {
            // A CONNACK of version 5 has at least three bytes behind its fixed header.
            answersInOlderVersion |= packet.Direction == MqttPacketFlowDirection.Inbound
                && packet.Buffer is [0x20, 2, ..];
            return Task.CompletedTask;
        }
    }

    /// <summary>A refused subscription does not end the connection: states are published all the same.</summary>
    private async Task SubscribeAsync(IMqttClient client, CancellationToken cancel)
    {
        if (_settings.Subscriptions.Count == 0)
        {
            return;
        }

        var result = await client.SubscribeAsync(PreparedConnect.SubscribeOptions(_settings.Subscriptions), cancel);
        foreach (var refused in result.Items.Where(it => it.ResultCode >= MqttClientSubscribeResultCode.UnspecifiedError))
        {
            Log.SubscriptionRefused(_logger, Description, refused.TopicFilter.Topic, $"{refused.ResultCode}");
        }
    }

    private void WarnOfPasswordFile()
    {
        if (!_warnedOfPasswordFile && _settings.PasswordFile is { } file && SecretFile.IsOpenToOthers(file))
        {
            _warnedOfPasswordFile = true;
            Log.PasswordFileIsOpen(_logger, file);
        }
    }

    private void OnEnded(MqttConnection connection, string reason) => _ = Task.Run(() =>
    {
        try
        {
            if (_protocol.Ended(connection.UsesOlderProtocol, connection.WasUsed))
            {
                Log.OlderProtocol(
                    _logger, Description, $"closed {ProtocolChoice.UnusedEndsBeforeOlder} connections at the first message in MQTT 5");
            }

            Disconnected?.Invoke(reason);
        }
        catch (Exception e)
        {
            Log.HandlerFailed(_logger, e);
        }
    });

    /// <summary>Result of one attempt for the choice of the protocol version.</summary>
    private enum AttemptEnd
    {
        /// <summary>The outcome has nothing to do with the version.</summary>
        Decided,

        /// <summary>The broker answered that it does not speak the version, or answered in another one.</summary>
        VersionRefused,

        /// <summary>The broker took the connection and closed it without a reason.</summary>
        HungUp,
    }

    private sealed record Attempt(AttemptEnd End, ConnectOutcome Outcome);
}
