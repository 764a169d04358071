using System.Threading.Channels;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>A broker connection that accepts and discards everything, so that no network affects a measurement.</summary>
internal sealed class SilentLink : IMqttLink
{
    private readonly Channel<InboundMessage> _inbound = Channel.CreateBounded<InboundMessage>(1);

    public string Description => "nowhere";

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
