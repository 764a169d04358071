using System.Net.Sockets;
using System.Text;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Remote.Transport.DotNetty;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using StringValue = Google.Protobuf.WellKnownTypes.StringValue;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

/// <summary>What a process can do that knows the address of a host and nothing else.</summary>
[Collection(nameof(StrangerTests))]
[CollectionDefinition(nameof(StrangerTests), DisableParallelization = true)]
public sealed class StrangerTests : IAsyncLifetime, IDisposable
{
    /// <summary>Numbers of Akka's serializers that create what a message names: JSON, protocol buffers, deployment, reliable delivery.</summary>
    private static readonly int[] Refusing = [1, 2, 3, 36];

    private static readonly TimeSpan AttackFor = TimeSpan.FromSeconds(4);

    private static int _ran;

    private readonly TestAuthority _authority = new();
    private readonly int _camera = ClusterRig.FreePort();
    private readonly int _inference = ClusterRig.FreePort();
    private ActorSystem? _stranger;

    public Task InitializeAsync()
    {
        _ran = 0;
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_stranger is not null)
        {
            await _stranger.Terminate();
        }
    }

    public void Dispose() => _authority.Dispose();

    [Fact]
    public async Task The_attacks_run_code_on_a_host_without_protection()
    {
        var port = ClusterRig.FreePort();
        using var victim = ActorSystem.Create(ClusterConfiguration.SystemName, Remote(port));
        victim.ActorOf(Props.Create(() => new Listener()), "membership");
        Attack(port, isSecure: false);
        await Eventually.TrueAsync(() => Volatile.Read(ref _ran) >= 2, "both attacks run their code");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_attack_of_a_stranger_runs_code_or_ends_anything(bool isSecure)
    {
        var (cameraSettings, inferenceSettings) = (ClusterRig.Settings(_camera, _inference), ClusterRig.Settings(_inference, _inference));
        await using var inference = await ClusterRig.InferenceHost(isSecure ? _authority.Secure(inferenceSettings) : inferenceSettings).StartAsync();
        await using var camera = await ClusterRig.CameraHost(isSecure ? _authority.Secure(cameraSettings) : cameraSettings).StartAsync();
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        var (first, second) = (camera.Edge.Cluster!.System!, inference.Edge.Cluster!.System!);

        using var foreign = new TestAuthority();
        foreach (var port in (int[])[_camera, _inference])
        {
            await SendHttpAsync(port);
            Attack(port, isSecure: false);
            if (isSecure)
            {
                await _stranger!.Terminate();
                Attack(port, isSecure: true, foreign);
            }

            await Task.Delay(AttackFor);
            await _stranger!.Terminate();
        }

        Assert.Equal(0, Volatile.Read(ref _ran));
        Assert.True(first == camera.Edge.Cluster!.System, LogOf(camera));
        Assert.True(second == inference.Edge.Cluster!.System, LogOf(inference));
        await camera.UntilStateAsync(_inference, ClusterNodeStats.Up);
        camera.Play(camera.Camera, TimeSpan.FromMilliseconds(20));
        await camera.Answers.UntilCountAsync(5);
    }

    [Fact]
    public void Nothing_that_a_host_reads_creates_a_type_that_a_message_names()
    {
        using var system = (ExtendedActorSystem)ActorSystem.Create(
            ClusterConfiguration.SystemName, ClusterConfiguration.Of(ClusterRig.Settings(_camera, _camera), [], []));

        // One more, in a newer Akka.NET for example, must be looked at before it may read what strangers send.
        var found = Enumerable.Range(1, 10_000).Where(id => !ErrorOf(id).Contains("Cannot find serializer", StringComparison.Ordinal));
        Assert.Equal(Refusing.Concat([4, 5, 6, 16, 17, 22, 7071]).Order(), found);
        Assert.All(Refusing, id => Assert.Contains("refused", ErrorOf(id), StringComparison.Ordinal));

        string ErrorOf(int id)
        {
            try
            {
                return $"{system.Serialization.Deserialize([], id, typeof(Poisoned).AssemblyQualifiedName!)}";
            }
            catch (Exception fault)
            {
                return fault.Message;
            }
        }
    }

    [Fact]
    public async Task A_host_whose_certificate_has_expired_is_kept_out_and_its_cameras_never_notice()
    {
        await using var inference = await ClusterRig.InferenceHost(_authority.Secure(ClusterRig.Settings(_inference, _inference))).StartAsync();
        using var expired = _authority.Issue("camera", validFor: TimeSpan.FromHours(-1));
        await using var camera = await ClusterRig.CameraHost(
            _authority.Secure(ClusterRig.Settings(_camera, _inference)) with { Certificate = expired }).StartAsync();
        await Eventually.TrueAsync(
            () => Refusals(inference).Any(), "the reason is logged", ClusterRig.Patience, () => LogOf(inference));
        Assert.NotEqual(ClusterNodeStats.Up, camera.Node(_inference)!.State);
        Assert.Single(camera.Camera.Attempts.Items);
        Assert.Single(Refusals(inference));

        static IEnumerable<string> Refusals(EdgeRig rig) => rig.Log.Lines.Items.Select(line => line.Text)
            .Where(text => text.Contains("is refused, because its certificate CN=camera", StringComparison.Ordinal));
    }

    private static string LogOf(EdgeRig rig) => string.Join('\n', rig.Log.Lines.Items.Select(line => $"{line.Category} {line.Level} {line.Text} {line.Fault}"));

    private static Config Remote(int port, string more = "") => ConfigurationFactory.ParseString($$"""
        akka {
          loglevel = OFF
          stdout-loglevel = OFF
          actor.provider = remote
          remote.dot-netty.tcp { hostname = "127.0.0.1", port = {{port}} }
          coordinated-shutdown.run-by-clr-shutdown-hook = off
        }
        {{more}}
        """);

    private void Attack(int port, bool isSecure, TestAuthority? foreign = null)
    {
        var config = BootstrapSetup.Create().WithConfig(Remote(0, isSecure ? "akka.remote.dot-netty.tcp.enable-ssl = on" : ""));
        var setup = ActorSystemSetup.Create(config);
        _stranger = isSecure
            ? ActorSystem.Create("stranger", setup.And(new DotNettySslSetup(foreign!.Issue("stranger"), true, false, (_, _, _, _, _) => true)))
            : ActorSystem.Create("stranger", setup);
        var host = $"{(isSecure ? "akka.ssl.tcp" : "akka.tcp")}://{ClusterConfiguration.SystemName}@127.0.0.1:{port}";
        foreach (var path in (string[])["/user/membership", "/user/dispatcher", "/user/inference", "/system/cluster/core/daemon", "/user"])
        {
            var target = _stranger.ActorSelection(host + path);
            target.Tell(new Poisoned());
            target.Tell(PoisonPill.Instance);
            target.Tell(Kill.Instance);
            target.Tell(new string('x', 100_000));
            target.Tell(new StringValue { Value = "a type that a message names" });
            target.Tell(new Status.Failure(new InvalidOperationException("a type of exception")));
        }

        _stranger.ActorOf(Props.Create(() => new Planted()).WithDeploy(new Deploy(new RemoteScope(Address.Parse(host)))), "planted");

        // A reference of the actor itself instead of a selection.
        _stranger.ActorSelection($"{host}/user/membership").ResolveOne(AttackFor).ContinueWith(
            found => found.Result.Tell(PoisonPill.Instance), TaskContinuationOptions.OnlyOnRanToCompletion);
    }

    private static async Task SendHttpAsync(int port)
    {
        using var client = new TcpClient("127.0.0.1", port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
        await client.GetStream().WriteAsync(new byte[100_000]);
    }

    /// <summary>Any type with a property whose setter has an effect.</summary>
    public sealed class Poisoned
    {
        private string _value = "harmless";

        public string Value
        {
            get => _value;
            set
            {
                _value = value;
                Interlocked.Increment(ref _ran);
            }
        }
    }

    private sealed class Listener : ReceiveActor
    {
        public Listener() => ReceiveAny(_ => { });
    }

    private sealed class Planted : ReceiveActor
    {
        public Planted() => Interlocked.Increment(ref _ran);
    }
}
