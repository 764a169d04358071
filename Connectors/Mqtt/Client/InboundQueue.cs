using System.Buffers;
using System.Numerics;
using System.Threading.Channels;
using MQTTnet;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Received messages that were not read yet, of all connections of one link. Bounded in number and in bytes of each;
/// thread-safe.</summary>
internal sealed class InboundQueue
{
    private readonly InboundLimits _limits;
    private readonly Action<long> _onDropped;
    private readonly Channel<InboundMessage> _waiting;
    private long _dropped;

    /// <param name="limits">How many, how long.</param>
    /// <param name="onDropped">Gets how many were dropped so far, at 1, 2, 4, 8…: a flood must not also fill the log.</param>
    public InboundQueue(InboundLimits limits, Action<long> onDropped)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxPayloadBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.MaxWaiting, 1);
        _limits = limits;
        _onDropped = onDropped;
        _waiting = Channel.CreateBounded<InboundMessage>(
            new BoundedChannelOptions(limits.MaxWaiting) { FullMode = BoundedChannelFullMode.Wait });
    }

    public ChannelReader<InboundMessage> Reader => _waiting.Reader;

    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Adds a message. Never waits, because the client library reads on this thread, and acknowledges once this returns.</summary>
    public void Enqueue(MqttApplicationMessage message)
    {
        if (!_waiting.Writer.TryWrite(Copy(message)) && Interlocked.Increment(ref _dropped) is var dropped
            && BitOperations.IsPow2(dropped))
        {
            _onDropped(dropped);
        }
    }

    public void Complete() => _waiting.Writer.TryComplete();

    private InboundMessage Copy(MqttApplicationMessage message)
    {
        var tooLong = message.Payload.Length > _limits.MaxPayloadBytes;
        return new InboundMessage(message.Topic, tooLong ? [] : message.Payload.ToArray(), message.Retain)
        {
            ResponseTopic = string.IsNullOrEmpty(message.ResponseTopic) ? null : message.ResponseTopic,
            CorrelationData = message.CorrelationData ?? [],
            ExpiresIn = message.MessageExpiryInterval > 0 ? TimeSpan.FromSeconds(message.MessageExpiryInterval) : null,
            RejectedLength = tooLong ? message.Payload.Length : null,
        };
    }
}
