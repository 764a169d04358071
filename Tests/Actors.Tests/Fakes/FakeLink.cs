using System.Text;
using System.Threading.Channels;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>A broker in memory.</summary>
internal sealed class FakeLink : IMqttLink
{
    private readonly Channel<InboundMessage> _inbound = Channel.CreateUnbounded<InboundMessage>();
    private volatile bool _connected;
    private int _publishing;
    private int _publishingOnce;

    public event Action<string>? Disconnected;

    public string Description => "fake broker";

    public bool IsConnected => _connected;

    public Func<ConnectOutcomeKind> OnConnect { get; set; } = () => ConnectOutcomeKind.Connected;

    public Func<OutboundMessage, Task<PublishOutcomeKind>> OnPublish { get; set; } =
        _ => Task.FromResult(PublishOutcomeKind.Accepted);

    public Recording<ConnectOutcomeKind> Connects { get; } = new();

    /// <summary>How a payload is written in <see cref="Published"/>.</summary>
    public Func<OutboundMessage, string> Text { get; set; } = message => Encoding.UTF8.GetString(message.Payload.Span);

    /// <summary>Accepted messages as <c>topic=text</c>, and <c>disconnect</c>, <c>disposed</c>.</summary>
    public Recording<string> Published { get; } = new();

    /// <summary>Accepted messages that are not retained.</summary>
    public Recording<OutboundMessage> Once { get; } = new();

    public ChannelReader<InboundMessage> Inbound => _inbound.Reader;

    public long InboundDropped => 0;

    public int MostAtOnce { get; private set; }

    /// <summary>The same of messages that are not retained.</summary>
    public int MostOnceAtOnce { get; private set; }

    /// <summary>Each connect waits for it, even if the caller cancels.</summary>
    public Task Connecting { get; set; } = Task.CompletedTask;

    /// <summary>The disconnect waits for it, even if the caller cancels.</summary>
    public Task Disconnecting { get; set; } = Task.CompletedTask;

    /// <summary>The end of the link waits for it.</summary>
    public Task Disposing { get; set; } = Task.CompletedTask;

    /// <summary>Thrown before a task is returned, as no link should.</summary>
    public Func<Exception?>? Defect { get; set; }

    public Task<ConnectOutcome> ConnectAsync(CancellationToken cancel) =>
        Defect?.Invoke() is { } defect ? throw defect : ConnectAsync();

    public Task<PublishOutcome> PublishAsync(OutboundMessage message, CancellationToken cancel) =>
        Defect?.Invoke() is { } defect ? throw defect : TakeAsync(message, cancel);

    private async Task<ConnectOutcome> ConnectAsync()
    {
        await Connecting;
        var kind = OnConnect();
        _connected = kind == ConnectOutcomeKind.Connected;
        Connects.Add(kind);
        return new ConnectOutcome(kind, "as the test wants");
    }

    private async Task<PublishOutcome> TakeAsync(OutboundMessage message, CancellationToken cancel)
    {
        MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _publishing));
        MostOnceAtOnce = Math.Max(MostOnceAtOnce, Interlocked.Add(ref _publishingOnce, message.Retain ? 0 : 1));
        try
        {
            var kind = _connected ? await OnPublish(message).WaitAsync(cancel) : PublishOutcomeKind.Unacknowledged;
            if (kind == PublishOutcomeKind.Accepted)
            {
                if (message.Retain)
                {
                    Assert.Equal(0, message.CorrelationData.Length);
                }
                else
                {
                    Once.Add(message);
                }

                Published.Add($"{message.Topic}={Text(message)}");
            }

            return new PublishOutcome(kind, "as the test wants");
        }
        finally
        {
            Interlocked.Decrement(ref _publishing);
            Interlocked.Add(ref _publishingOnce, message.Retain ? 0 : -1);
        }
    }

    public async Task DisconnectAsync(CancellationToken cancel)
    {
        await Disconnecting;
        _connected = false;
        Published.Add("disconnect");
    }

    /// <summary>A message that another client published.</summary>
    public void Receive(InboundMessage message) => Assert.True(_inbound.Writer.TryWrite(message));

    public void Receive(string topic, string text, bool retained = false) =>
        Receive(new InboundMessage(topic, Encoding.UTF8.GetBytes(text), retained));

    public void Drop()
    {
        _connected = false;
        Disconnected?.Invoke("cable pulled");
    }

    public async ValueTask DisposeAsync()
    {
        _inbound.Writer.TryComplete();
        Published.Add("disposed");
        await Disposing;
    }
}
