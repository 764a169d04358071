using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>What a network camera can do, while another camera goes on.</summary>
internal static class CameraFaults
{
    private const string Street = "street";
    private const string Availability = $"mobilevlm/edge-1/{Street}/availability";

    public static IEnumerable<FaultCase> All =>
    [
        new("camera killed and back", KilledAsync),
        new("camera frozen (SIGSTOP) and back", FrozenAsync),
        new("camera changes the size of its pictures within the stream", SizeAsync),
        new("camera sends damaged pictures, then noise instead of RTSP", GarbageAsync),
    ];

    private static async Task<FaultResult> KilledAsync()
    {
        await using var stage = await Stage.StartAsync();
        stage.Server.Kill();
        await stage.Rig.SaysAsync(Availability, "offline");
        await stage.OthersGoOnAsync();
        await stage.ReplaceAsync(stage.Clip);
        await stage.AnswersAsync();
        return new FaultResult(await stage.Rig.CountAsync());
    }

    private static async Task<FaultResult> FrozenAsync()
    {
        await using var stage = await Stage.StartAsync();
        stage.Server.Freeze();
        await stage.Rig.SaysAsync(Availability, "offline");
        await stage.OthersGoOnAsync();
        stage.Server.Thaw();
        await stage.AnswersAsync();
        return new FaultResult(await stage.Rig.CountAsync());
    }

    private static async Task<FaultResult> SizeAsync()
    {
        await using var stage = await Stage.StartAsync();
        stage.Server.Kill();
        await stage.ReplaceAsync(stage.Clip, "480x360,640x480,320x240");
        await stage.AnswersAsync();
        await Task.Delay(TimeSpan.FromSeconds(10));
        await stage.AnswersAsync();
        await stage.OthersGoOnAsync();
        return new FaultResult(await stage.Rig.CountAsync());
    }

    private static async Task<FaultResult> GarbageAsync()
    {
        await using var stage = await Stage.StartAsync();
        stage.Server.Kill();
        await stage.ReplaceAsync(Damaged(stage.Clip, Path.Combine(stage.Rig.Folder, "damaged.mp4")));
        await Task.Delay(TimeSpan.FromSeconds(10));
        await stage.OthersGoOnAsync();
        stage.Server.Kill();
        using (var noise = new NoiseServer(stage.Server.Port))
        {
            await Until.HappensAsync("nobody came for the noise", () => noise.Visitors >= 2, FaultRig.Patience);
            await stage.OthersGoOnAsync();
        }

        await stage.ReplaceAsync(stage.Clip);
        await stage.AnswersAsync();
        return new FaultResult(await stage.Rig.CountAsync());
    }

    /// <summary>One byte in two hundred of the pictures is another one. The head with the codec's parameters stays.</summary>
    private static string Damaged(string clip, string file)
    {
        var bytes = File.ReadAllBytes(clip);
        var pictures = bytes.AsSpan().IndexOf("mdat"u8) + 2048;
        var end = bytes.AsSpan().LastIndexOf("moov"u8) is var moov && moov > pictures ? moov - 8 : bytes.Length;
        for (var at = pictures; at < end; at += RandomNumberGenerator.GetInt32(1, 400))
        {
            bytes[at] = (byte)RandomNumberGenerator.GetInt32(256);
        }

        File.WriteAllBytes(file, bytes);
        return file;
    }

    /// <summary>A rig with an RTSP camera beside the one that shows pictures.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        private Stage(FaultRig rig, RtspTestServer server, string clip) => (Rig, Server, Clip) = (rig, server, clip);

        public FaultRig Rig { get; }

        public RtspTestServer Server { get; private set; }

        public string Clip { get; }

        public static async Task<Stage> StartAsync()
        {
            var rig = await FaultRig.StartAsync();
            var clip = TestFootage.Clip(rig.Pictures, Path.Combine(rig.Folder, "clip.mp4"), TimeSpan.FromMinutes(3));
            var server = await RtspTestServer.StartAsync(clip: clip);
            var stage = new Stage(rig, server, clip);
            rig.Cameras[Street] = new FaultCamera(server.Url, FrameRate: 10);
            await rig.StartServiceAsync();
            await stage.AnswersAsync();
            return stage;
        }

        /// <summary>Another server on the same port.</summary>
        public async Task ReplaceAsync(string clip, string? sizes = null)
        {
            var port = Server.Port;
            Server.Dispose();
            Server = await RtspTestServer.StartAsync(port, clip, sizes);
        }

        public Task AnswersAsync() => Rig.ReceivesAsync(5, of: $"/{Street}/");

        public Task OthersGoOnAsync() => Rig.ReceivesAsync(10, of: $"/{FaultRig.Camera}/");

        public async ValueTask DisposeAsync()
        {
            Server.Dispose();
            await Rig.DisposeAsync();
        }
    }

    /// <summary>Answers whoever comes with random bytes.</summary>
    private sealed class NoiseServer : IDisposable
    {
        private readonly TcpListener _listener;
        private int _visitors;

        public NoiseServer(int port)
        {
            _listener = new TcpListener(IPAddress.Loopback, port);
            _listener.Start();
            _ = ServeAsync();
        }

        public int Visitors => Volatile.Read(ref _visitors);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var visitor = await _listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref _visitors);
                    await visitor.GetStream().WriteAsync(RandomNumberGenerator.GetBytes(64 * 1024));
                }
            }
            catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
            {
                // The end, or a visitor that had enough.
                _ = fault;
            }
        }
    }
}
