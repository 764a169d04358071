using System.Net;
using System.Net.Sockets;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>A door between the service and a broker that starts anew: it opens once the subscriber is there again, since a
/// broker acknowledges what nobody has subscribed to, and such events would be missing without the service's fault.</summary>
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

    /// <summary>Cuts what is connected and lets nobody in.</summary>
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
                _ = JoinAsync(client);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task JoinAsync(TcpClient client)
    {
        using var broker = new TcpClient();
        try
        {
            if (!Enter(client))
            {
                return;
            }

            await broker.ConnectAsync(IPAddress.Loopback, _brokerPort, _life.Token);
            if (Enter(broker))
            {
                await Task.WhenAny(PassAsync(client, broker), PassAsync(broker, client));
            }
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The one end hears from its closed connection what became of the other.
            _ = fault;
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

    private bool Enter(TcpClient client)
    {
        lock (_open)
        {
            return _isOpen && _open.Add(client);
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to)
    {
        try
        {
            await from.GetStream().CopyToAsync(to.GetStream(), _life.Token);
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException)
        {
            _ = fault;
        }
    }
}
