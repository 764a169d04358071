using System.Net;
using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MQTTnet.Adapter;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Implementations;
using MQTTnet.Server;

namespace MobileVlm.Edge.Connectors.Mqtt.Broker;

/// <summary>Takes the embedded broker's connections, from this device only, each behind a
/// <see cref="PacketLimitChannel"/>.</summary>
internal sealed class LoopbackListener(Socket socket, EmbeddedBrokerLimits limits, Action<EndPoint?, string> onCutOff)
    : IMqttServerAdapter
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _accepting = Task.CompletedTask;
    private int _clients;

    public Func<IMqttChannelAdapter, Task> ClientHandler { get; set; } = _ => Task.CompletedTask;

    public Task StartAsync(MqttServerOptions options, IMqttNetLogger logger)
    {
        socket.Listen(limits.MaxClients);
        // Off the caller's context, which may be one that somebody blocks.
        _accepting = Task.Run(() => AcceptAsync(options, logger));
        return Task.CompletedTask;
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        socket.Dispose();
        await _accepting;
    }

    public void Dispose()
    {
        socket.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync(MqttServerOptions options, IMqttNetLogger logger)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await socket.AcceptAsync(_stopping.Token);
                _ = ServeAsync(client, options, logger);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e)
            {
                // A client that vanished in the queue, or no descriptors left: neither is a reason to stop serving.
                onCutOff(null, e.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    private async Task ServeAsync(Socket client, MqttServerOptions options, IMqttNetLogger logger)
    {
        using var owned = client;
        var from = client.RemoteEndPoint;
        try
        {
            if (Interlocked.Increment(ref _clients) > limits.MaxClients)
            {
                onCutOff(from, $"{limits.MaxClients} clients are connected already");
                return;
            }

            client.NoDelay = true;
            await using var stream = new NetworkStream(client, ownsSocket: false);
            using var plain = new MqttTcpChannel(stream, client.LocalEndPoint, from, null);
            using var limited = new PacketLimitChannel(
                plain, limits.MaxPacketBytes, bytes => onCutOff(from, $"it sent a packet of {bytes} bytes or more"));
            var writer = new MqttBufferWriter(options.WriterBufferSize, options.WriterBufferSizeMax);
            using var adapter = new MqttChannelAdapter(limited, new MqttPacketFormatterAdapter(writer), logger);
            await ClientHandler(new ClientIdAdapter(adapter));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // An error of one client must not affect the others.
            onCutOff(from, e.Message);
        }
        finally
        {
            Interlocked.Decrement(ref _clients);
        }
    }
}
