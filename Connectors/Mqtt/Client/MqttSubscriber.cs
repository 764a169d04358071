using System.Buffers;
using MQTTnet;
using MQTTnet.Formatter;

namespace MobileVlm.Edge.Connectors.Mqtt.Client;

/// <summary>Listens to topics for as long as its one connection holds; publishes nothing and leaves no will.</summary>
public sealed class MqttSubscriber : IAsyncDisposable
{
    /// <summary>Larger result codes are refusals.</summary>
    private const int MostQualityOfService = 2;

    private readonly IMqttClient _client;
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private MqttSubscriber(IMqttClient client)
    {
        _client = client;
        client.DisconnectedAsync += e =>
        {
            _ended.TrySetResult(e.Exception?.Message ?? "the broker closed the connection");
            return Task.CompletedTask;
        };
    }

    /// <summary>Completes when the connection has ended, with the reason.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Connects and subscribes.</summary>
    /// <param name="settings">Of the broker; the client id is made a free one and the will is not used.</param>
    /// <param name="filter">Topics, wildcards allowed.</param>
    /// <param name="received">Called for each message, one at a time, retained ones first.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <exception cref="IOException">The broker cannot be reached or refused; the message names which.</exception>
    public static async Task<MqttSubscriber> ConnectAsync(
        MqttSettings settings, string filter, Action<InboundMessage> received, CancellationToken cancel)
    {
        var (prepared, fault) = PreparedConnect.Prepare(
            settings with { ClientId = MqttClientId.ForNode($"watch-{Guid.NewGuid():N}") }, MqttProtocolVersion.V311);
        if (prepared is null)
        {
            throw new IOException(fault?.Reason);
        }

        prepared.Options.WillTopic = null;
        var client = new MqttClientFactory().CreateMqttClient();
        client.ApplicationMessageReceivedAsync += e =>
        {
            received(new InboundMessage(
                e.ApplicationMessage.Topic, e.ApplicationMessage.Payload.ToArray(), e.ApplicationMessage.Retain));
            return Task.CompletedTask;
        };
        try
        {
            var result = await client.ConnectAsync(prepared.Options, cancel);
            if (result.ResultCode != MqttClientConnectResultCode.Success)
            {
                throw new IOException(ConnectErrors.FromCode(result.ResultCode, result.ReasonString, settings).Reason);
            }

            var subscriber = new MqttSubscriber(client);
            var granted = await client.SubscribeAsync(filter, cancellationToken: cancel);
            return granted.Items.All(it => (int)it.ResultCode <= MostQualityOfService)
                ? subscriber
                : throw new IOException($"the broker refuses the subscription to '{filter}': check its access rules");
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException or OutOfMemoryException))
        {
            client.Dispose();
            throw new IOException(ConnectErrors.FromException(e, prepared, settings).Reason, e);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            await _client.DisconnectAsync();
        }

        _client.Dispose();
    }
}
