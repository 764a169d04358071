using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>A TCP proxy that delays each byte in both directions and loses none, like the connection to a distant broker.</summary>
internal sealed class DelayProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _life = new();
    private readonly int _port;
    private readonly TimeSpan _delay;
    private readonly Task _accepting;

    /// <summary>Starts to listen.</summary>
    /// <param name="port">The target's port on the loopback.</param>
    /// <param name="delay">The delay of each byte, one way.</param>
    public DelayProxy(int port, TimeSpan delay)
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
                connections.Add(ForwardAsync(await _listener.AcceptTcpClientAsync(_life.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ForwardAsync(TcpClient near)
    {
        using (near)
        using (var far = new TcpClient { NoDelay = true })
        {
            near.NoDelay = true;
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _port, _life.Token);
                await Task.WhenAny(CopyAsync(near.GetStream(), far.GetStream()), CopyAsync(far.GetStream(), near.GetStream()));
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Closing both connections notifies both ends.
                _ = exception;
            }
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
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
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
            {
                _ = exception;
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
            catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException)
            {
                _ = exception;
            }
        }
    }
}
