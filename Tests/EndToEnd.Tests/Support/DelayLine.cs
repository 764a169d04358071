using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>A TCP connection that takes its time, in both directions, and loses nothing: a broker far away.</summary>
internal sealed class DelayLine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _life = new();
    private readonly int _port;
    private readonly TimeSpan _delay;
    private readonly Task _accepting;

    /// <param name="port">Behind it, on the loopback.</param>
    /// <param name="delay">Of each byte, one way.</param>
    public DelayLine(int port, TimeSpan delay)
    {
        (_port, _delay) = (port, delay);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await _life.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _life.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(JoinAsync(await _listener.AcceptTcpClientAsync(_life.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task JoinAsync(TcpClient near)
    {
        using (near)
        using (var far = new TcpClient { NoDelay = true })
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _port, _life.Token);
                await Task.WhenAny(PassAsync(near.GetStream(), far.GetStream()), PassAsync(far.GetStream(), near.GetStream()));
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                // Both ends are closed now, and see that.
                _ = fault;
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to)
    {
        var inFlight = Channel.CreateUnbounded<(byte[] Bytes, long SentAt)>();
        await Task.WhenAny(ReadAsync(), WriteAsync());

        async Task ReadAsync()
        {
            var buffer = new byte[64 * 1024];
            try
            {
                while (await from.ReadAsync(buffer, _life.Token) is > 0 and var count)
                {
                    inFlight.Writer.TryWrite((buffer[..count], Stopwatch.GetTimestamp()));
                }
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
            {
                _ = fault;
            }
        }

        async Task WriteAsync()
        {
            try
            {
                await foreach (var (bytes, sentAt) in inFlight.Reader.ReadAllAsync(_life.Token))
                {
                    if (_delay - Stopwatch.GetElapsedTime(sentAt) is { Ticks: > 0 } left)
                    {
                        await Task.Delay(left, _life.Token);
                    }

                    await to.WriteAsync(bytes, _life.Token);
                }
            }
            catch (Exception fault) when (fault is IOException or ObjectDisposedException or OperationCanceledException)
            {
                _ = fault;
            }
        }
    }
}
