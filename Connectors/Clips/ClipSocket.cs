using System.Globalization;
using System.Net.Sockets;

namespace MobileVlm.Edge.Connectors.Clips;

/// <summary>The address at which one decoder process delivers the video of a camera: a Unix socket in a folder that only this user can
/// open. What it delivers goes into the ring, which never waits, so that the decoder does not either. A decoder whose stream begins
/// without valid times connects again.</summary>
internal sealed class ClipSocket : IDisposable
{
    private const int ReadBytes = 64 * 1024;
    private const string Prefix = "mobilevlm-clips-";

    /// <summary>Deletes what killed processes left, once.</summary>
    private static readonly Lazy<int> Cleaned = new(DeleteLeftFolders);

    private readonly Socket _listener;
    private readonly string _folder;
    private readonly ClipRing _ring;
    private readonly CancellationTokenSource _ending = new();

    private ClipSocket(Socket listener, string folder, string file, ClipRing ring)
    {
        (_listener, _folder, _ring) = (listener, folder, ring);
        Address = $"unix:{file}";
    }

    /// <summary>The address as ffmpeg understands it.</summary>
    public string Address { get; }

    /// <summary>Waits for the decoder.</summary>
    /// <returns>Null where no socket can be created: the camera is then captured without clips.</returns>
    public static ClipSocket? TryListen(ClipRing ring)
    {
        string? folder = null;
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _ = Cleaned.Value;
            folder = Directory.CreateTempSubdirectory(string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-")).FullName;
            var file = Path.Combine(folder, "clip");
            listener.Bind(new UnixDomainSocketEndPoint(file));
            listener.Listen(1);
            var socket = new ClipSocket(listener, folder, file, ring);
            _ = Task.Run(socket.ReceiveAsync);
            return socket;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SocketException or ArgumentException)
        {
            listener.Dispose();
            DeleteFolder(folder);
            ring.SetMissing($"no socket for it can be created in {Path.GetTempPath()} ({fault.Message})");
            return null;
        }
    }

    /// <summary>Ends the connection. May be called twice.</summary>
    public void Dispose()
    {
        _ending.Cancel();
        _listener.Dispose();
        DeleteFolder(_folder);
    }

    private async Task ReceiveAsync()
    {
        try
        {
            var buffer = new byte[ReadBytes];
            while (true)
            {
                using var connection = await _listener.AcceptAsync(_ending.Token);
                await ReceiveAsync(connection, buffer);
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The attempt has ended.
            _ = fault;
        }
    }

    private async Task ReceiveAsync(Socket connection, byte[] buffer)
    {
        try
        {
            var stream = _ring.BeginStream();
            while (await connection.ReceiveAsync(buffer, _ending.Token) is > 0 and var read)
            {
                stream.Write(buffer.AsSpan(0, read));
            }
        }
        catch (SocketException fault)
        {
            // The decoder has ended, or begins again.
            _ = fault;
        }
    }

    /// <returns>How many were deleted.</returns>
    private static int DeleteLeftFolders()
    {
        try
        {
            // This process has none yet; in a container, its predecessor had the same number.
            var left = Directory.GetDirectories(Path.GetTempPath(), $"{Prefix}*")
                .Where(folder => int.TryParse(Path.GetFileName(folder)[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var process)
                    && (process == Environment.ProcessId || !Directory.Exists($"/proc/{process}")))
                .ToList();
            left.ForEach(DeleteFolder);
            return left.Count;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // They do no harm.
            _ = fault;
            return 0;
        }
    }

    private static void DeleteFolder(string? folder)
    {
        try
        {
            if (folder is not null && Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A folder of another user, or one that does no harm.
            _ = fault;
        }
    }
}
