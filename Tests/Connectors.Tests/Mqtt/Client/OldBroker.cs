using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>How a broker of before version 5 takes what it cannot read.</summary>
public enum OldBrokerHabit
{
    /// <summary>Closes without an answer (RabbitMQ before 3.13).</summary>
    Closes,

    /// <summary>Resets the connection.</summary>
    Resets,

    /// <summary>Answers "unacceptable protocol version" in the form of 3.1.1 (mosquitto before 1.6).</summary>
    Refuses,

    /// <summary>Ignores the version and accepts, in the form of 3.1.1.</summary>
    AcceptsBlindly,

    /// <summary>Answers with bytes that are not a CONNACK of any version.</summary>
    Babbles,

    /// <summary>Accepts, and closes at the first SUBSCRIBE of version 5.</summary>
    ClosesAtSubscribe,

    /// <summary>Accepts, and closes at the first PUBLISH of version 5.</summary>
    ClosesAtPublish,

    /// <summary>Closes every connection, in any version.</summary>
    ClosesAlways,

    /// <summary>Takes every version: passes all on.</summary>
    Takes,

    /// <summary>Passes on bytes that it does not understand, of TLS for example.</summary>
    PassesBytes,
}

/// <summary>Stands before a real mosquitto, which gets what is spoken in 3.1.1. Debian has no broker that old.</summary>
internal sealed class OldBroker : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private readonly int _port;
    private int _connections;

    public OldBroker(Uri mosquitto, OldBrokerHabit habit)
    {
        Habit = habit;
        _port = mosquitto.Port;
        _listener.Start();
        _serving = ServeAsync();
    }

    public OldBrokerHabit Habit { get; set; }

    /// <summary>Takes the place of <see cref="Habit"/> for one connection each, first.</summary>
    public ConcurrentQueue<OldBrokerHabit> Next { get; } = new();

    public Uri Address => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>Protocol level of each CONNECT, in order: 5, or 4 for 3.1.1.</summary>
    public ConcurrentQueue<int> Levels { get; } = new();

    public int Connections => Volatile.Read(ref _connections);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _serving;
        _end.Dispose();
        _listener.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                Interlocked.Increment(ref _connections);
                _ = TakeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end of the test.
        }
    }

    private async Task TakeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                var habit = Next.TryDequeue(out var once) ? once : Habit;
                var stream = client.GetStream();
                if (habit == OldBrokerHabit.PassesBytes)
                {
                    await PassBytesAsync(stream);
                    return;
                }

                var connect = await ReadPacketAsync(stream);

                // Fixed header, length in one or two bytes, then 0 4 M Q T T level.
                var level = connect[Array.IndexOf(connect, (byte)'T') + 2];
                Levels.Enqueue(level);
                if (level == 5 && habit is OldBrokerHabit.Refuses or OldBrokerHabit.AcceptsBlindly or OldBrokerHabit.Babbles)
                {
                    await stream.WriteAsync(habit switch
                    {
                        OldBrokerHabit.Refuses => [0x20, 2, 0, 1],
                        OldBrokerHabit.AcceptsBlindly => new byte[] { 0x20, 2, 0, 0 },
                        _ => [0x20, 1, 0, 0xFF, 0xFF, 0xFF],
                    }, _end.Token);
                    await ReadToEndAsync(stream);
                }
                else if (habit == OldBrokerHabit.ClosesAlways || (level == 5 && habit is OldBrokerHabit.Closes or OldBrokerHabit.Resets))
                {
                    if (habit == OldBrokerHabit.Resets)
                    {
                        client.LingerState = new LingerOption(true, 0);
                    }
                }
                else
                {
                    await PassOnAsync(stream, connect, level == 4 ? null
                        : habit == OldBrokerHabit.ClosesAtSubscribe ? 0x80
                        : habit == OldBrokerHabit.ClosesAtPublish ? 0x30 : null);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
            {
                // The client left.
            }
        }
    }

    private async Task PassBytesAsync(NetworkStream client)
    {
        using var broker = new TcpClient();
        await broker.ConnectAsync(IPAddress.Loopback, _port, _end.Token);
        var stream = broker.GetStream();
        await Task.WhenAny(stream.CopyToAsync(client, _end.Token), client.CopyToAsync(stream, _end.Token));
    }

    private async Task PassOnAsync(NetworkStream client, byte[] connect, int? untilPacket)
    {
        using var broker = new TcpClient();
        await broker.ConnectAsync(IPAddress.Loopback, _port, _end.Token);
        var stream = broker.GetStream();
        await stream.WriteAsync(connect, _end.Token);
        var back = stream.CopyToAsync(client, _end.Token);
        var forth = Task.Run(async () =>
        {
            while (true)
            {
                var packet = await ReadPacketAsync(client);
                if ((packet[0] & 0xF0) == untilPacket)
                {
                    return;
                }

                await stream.WriteAsync(packet, _end.Token);
            }
        });
        await Task.WhenAny(back, forth);
    }

    /// <summary>Waits until the client has closed the connection.</summary>
    private async Task ReadToEndAsync(NetworkStream stream) => await stream.CopyToAsync(Stream.Null, _end.Token);

    /// <summary>One packet with its fixed header.</summary>
    private async Task<byte[]> ReadPacketAsync(NetworkStream stream)
    {
        var packet = new List<byte>();
        var one = new byte[1];
        var length = 0;
        do
        {
            await stream.ReadExactlyAsync(one, _end.Token);
            packet.Add(one[0]);
            length |= packet.Count > 1 ? (one[0] & 0x7F) << (7 * (packet.Count - 2)) : 0;
        }
        while (packet.Count == 1 || (one[0] & 0x80) != 0);

        var body = new byte[length];
        await stream.ReadExactlyAsync(body, _end.Token);
        return [.. packet, .. body];
    }
}
