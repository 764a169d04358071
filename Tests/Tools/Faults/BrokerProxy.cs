using System.Net;
using System.Net.Sockets;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>A TCP proxy between the service and a broker that restarts. It opens after the subscriber has connected again, because a
/// broker also acknowledges messages without a subscriber, and such events would be missing through no fault of the
/// service.</summary>
internal sealed class BrokerProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _life = new();
    private readonly HashSet<TcpClient> _open = [];
    private readonly int _brokerPort;
    private readonly Task _accepting;
    private bool _isOpen;

    public BrokerProxy(int brokerPort)
    {
        _brokerPort = brokerPort;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"mqtt://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public void Open()
    {
        lock (_open)
        {
            _isOpen = true;
        }
    }

    /// <summary>Closes all connections and refuses new ones.</summary>
    public void Close()
    {
        lock (_open)
        {
            _isOpen = false;
            foreach (var client in _open)
            {
                client.Dispose();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close();
        await _life.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _life.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_life.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(_life.Token);
                _ = ForwardAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ForwardAsync(TcpClient client)
    {
        using var broker = new TcpClient();
        try
        {
            if (!TryAdd(client))
            {
                return;
            }

            await broker.ConnectAsync(IPAddress.Loopback, _brokerPort, _life.Token);
            if (TryAdd(broker))
            {
                await Task.WhenAny(CopyAsync(client, broker), CopyAsync(broker, client));
            }
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Closing both connections notifies both ends.
            _ = exception;
        }
        finally
        {
            lock (_open)
            {
                _open.Remove(client);
                _open.Remove(broker);
            }

            client.Dispose();
        }
    }

    private bool TryAdd(TcpClient client)
    {
        lock (_open)
        {
            return _isOpen && _open.Add(client);
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), _life.Token);
        }
        catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            _ = exception;
        }
    }
}
