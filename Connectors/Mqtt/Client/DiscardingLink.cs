using System.Threading.Channels;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>A connection that accepts and discards everything: for a service without a broker, and for measurements that no network
/// may affect.</summary>
public sealed class DiscardingLink : IMqttLink
{
    private readonly Channel<InboundMessage> _inbound = Channel.CreateBounded<InboundMessage>(1);

    /// <summary>What messages to people call it.</summary>
    public const string Name = "no broker";

    /// <inheritdoc/>
    public string Description => Name;

    public ChannelReader<InboundMessage> Inbound => _inbound.Reader;

    public long InboundDropped => 0;

    public bool IsConnected { get; private set; }

    /// <summary>Never raised: this connection is not lost.</summary>
    public event Action<string>? Disconnected
    {
        add { }
        remove { }
    }

    public Task<ConnectOutcome> ConnectAsync(CancellationToken cancel)
    {
        IsConnected = true;
        return Task.FromResult(new ConnectOutcome(ConnectOutcomeKind.Connected, ""));
    }

    public Task<PublishOutcome> PublishAsync(OutboundMessage message, CancellationToken cancel) =>
        Task.FromResult(new PublishOutcome(PublishOutcomeKind.Accepted, ""));

    public Task DisconnectAsync(CancellationToken cancel)
    {
        IsConnected = false;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _inbound.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }
}
