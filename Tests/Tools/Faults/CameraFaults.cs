using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>Failures of a network camera, while another camera continues.</summary>
internal static class CameraFaults
{
    private const string Street = "street";
    private const string Availability = $"mobilevlm/edge-1/{Street}/availability";

    public static IEnumerable<FaultCase> All =>
    [
        new("camera killed and back", KilledAsync),
        new("camera frozen (SIGSTOP) and back", FrozenAsync),
        new("camera changes the size of its frames within the stream", SizeAsync),
        new("camera sends damaged frames, then noise instead of RTSP", GarbageAsync),
    ];

    private static async Task<FaultResult> KilledAsync()
    {
        await using var camera = await CameraRig.StartAsync();
        camera.Server.Kill();
        await camera.Rig.PublishesAsync(Availability, "offline");
        await camera.OtherCameraContinuesAsync();
        await camera.ReplaceAsync(camera.Clip);
        await camera.AnswersAsync();
        return new FaultResult(await camera.Rig.CountAsync());
    }

    private static async Task<FaultResult> FrozenAsync()
    {
        await using var camera = await CameraRig.StartAsync();
        camera.Server.Freeze();
        await camera.Rig.PublishesAsync(Availability, "offline");
        await camera.OtherCameraContinuesAsync();
        camera.Server.Thaw();
        await camera.AnswersAsync();
        return new FaultResult(await camera.Rig.CountAsync());
    }

    private static async Task<FaultResult> SizeAsync()
    {
        await using var camera = await CameraRig.StartAsync();
        camera.Server.Kill();
        await camera.ReplaceAsync(camera.Clip, "480x360,640x480,320x240");
        await camera.AnswersAsync();
        await Task.Delay(TimeSpan.FromSeconds(10));
        await camera.AnswersAsync();
        await camera.OtherCameraContinuesAsync();
        return new FaultResult(await camera.Rig.CountAsync());
    }

    private static async Task<FaultResult> GarbageAsync()
    {
        await using var camera = await CameraRig.StartAsync();
        camera.Server.Kill();
        await camera.ReplaceAsync(Damaged(camera.Clip, Path.Combine(camera.Rig.Folder, "damaged.mp4")));
        await Task.Delay(TimeSpan.FromSeconds(10));
        await camera.OtherCameraContinuesAsync();
        camera.Server.Kill();
        using (var noise = new NoiseServer(camera.Server.Port))
        {
            await Until.HappensAsync("the service did not connect to the noise server", () => noise.Connections >= 2, FaultRig.Patience);
            await camera.OtherCameraContinuesAsync();
        }

        await camera.ReplaceAsync(camera.Clip);
        await camera.AnswersAsync();
        return new FaultResult(await camera.Rig.CountAsync());
    }

    /// <summary>Writes a copy of the clip in which about one byte in two hundred of the frames is changed. The header with the codec's
    /// parameters is not changed.</summary>
    private static string Damaged(string clip, string file)
    {
        var bytes = File.ReadAllBytes(clip);
        var frames = bytes.AsSpan().IndexOf("mdat"u8) + 2048;
        var end = bytes.AsSpan().LastIndexOf("moov"u8) is var moov && moov > frames ? moov - 8 : bytes.Length;
        for (var at = frames; at < end; at += RandomNumberGenerator.GetInt32(1, 400))
        {
            bytes[at] = (byte)RandomNumberGenerator.GetInt32(256);
        }

        File.WriteAllBytes(file, bytes);
        return file;
    }

    /// <summary>A rig with an RTSP camera in addition to the camera that shows images from a folder.</summary>
    private sealed class CameraRig : IAsyncDisposable
    {
        private CameraRig(FaultRig rig, RtspTestServer server, string clip) => (Rig, Server, Clip) = (rig, server, clip);

        public FaultRig Rig { get; }

        public RtspTestServer Server { get; private set; }

        public string Clip { get; }

        public static async Task<CameraRig> StartAsync()
        {
            var rig = await FaultRig.StartAsync();
            var clip = TestFootage.Clip(rig.Images, Path.Combine(rig.Folder, "clip.mp4"), TimeSpan.FromMinutes(3));
            var server = await RtspTestServer.StartAsync(clip: clip);
            var camera = new CameraRig(rig, server, clip);
            rig.Cameras[Street] = new FaultCamera(server.Url, FrameRate: 10);
            await rig.StartServiceAsync();
            await camera.AnswersAsync();
            return camera;
        }

        /// <summary>Another server on the same port.</summary>
        public async Task ReplaceAsync(string clip, string? sizes = null)
        {
            var port = Server.Port;
            Server.Dispose();
            Server = await RtspTestServer.StartAsync(port, clip, sizes);
        }

        public Task AnswersAsync() => Rig.ReceivesAsync(5, of: $"/{Street}/");

        public Task OtherCameraContinuesAsync() => Rig.ReceivesAsync(10, of: $"/{FaultRig.Camera}/");

        public async ValueTask DisposeAsync()
        {
            Server.Dispose();
            await Rig.DisposeAsync();
        }
    }

    /// <summary>Sends random bytes to every client.</summary>
    private sealed class NoiseServer : IDisposable
    {
        private readonly TcpListener _listener;
        private int _connections;

        public NoiseServer(int port)
        {
            _listener = new TcpListener(IPAddress.Loopback, port);
            _listener.Start();
            _ = ServeAsync();
        }

        public int Connections => Volatile.Read(ref _connections);

        public void Dispose() => _listener.Dispose();

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    Interlocked.Increment(ref _connections);
                    await client.GetStream().WriteAsync(RandomNumberGenerator.GetBytes(64 * 1024));
                }
            }
            catch (Exception exception) when (exception is SocketException or IOException or ObjectDisposedException)
            {
                // The server was disposed, or a client closed its connection.
                _ = exception;
            }
        }
    }
}
