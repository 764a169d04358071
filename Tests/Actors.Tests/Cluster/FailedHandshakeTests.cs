using System.Net;
using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class FailedHandshakeTests : IAsyncLifetime, IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly TcpListener _closing = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private Task _accepting = Task.CompletedTask;
    private int _connections;

    public Task InitializeAsync()
    {
        _closing.Start();
        _accepting = AcceptAsync();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting.ContinueWith(_ => { }, TaskScheduler.Default);
    }

    public void Dispose()
    {
        _closing.Dispose();
        _end.Dispose();
        _authority.Dispose();
    }

    [Fact]
    public async Task A_host_with_which_no_handshake_succeeds_does_not_end_the_connections_to_the_others()
    {
        var (camera, inference) = (ClusterRig.FreePort(), ClusterRig.FreePort());
        var closing = ((IPEndPoint)_closing.LocalEndpoint).Port;
        await using var other = await ClusterRig.InferenceHost(_authority.Secure(ClusterRig.Settings(inference, inference, closing))).StartAsync();
        await using var host = await ClusterRig.CameraHost(_authority.Secure(ClusterRig.Settings(camera, inference, closing))).StartAsync();
        await host.UntilStateAsync(inference, ClusterNodeStats.Up);
        var systems = (host.Edge.Cluster!.System, other.Edge.Cluster!.System);
        var before = Volatile.Read(ref _connections);
        await Eventually.TrueAsync(() => Volatile.Read(ref _connections) >= before + 3, "both connect to it again", ClusterRig.Patience);
        Assert.Equal(systems, (host.Edge.Cluster!.System, other.Edge.Cluster!.System));
        host.Play(host.Camera, TimeSpan.FromMilliseconds(20));
        await host.Answers.UntilCountAsync(5);
        Assert.DoesNotContain(host.Log.Lines.Items, line => line.Text.Contains("connection system of this host ended", StringComparison.Ordinal));
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            using var client = await _closing.AcceptTcpClientAsync(_end.Token);
            Interlocked.Increment(ref _connections);
        }
    }
}
