using System.Globalization;
using System.Net;

namespace MobileVlm.Edge.EndToEnd.Tests.Support;

/// <summary>Records a process's internet sockets by polling the kernel many times per second.</summary>
internal sealed class SocketMonitor : IAsyncDisposable
{
    private const string Listening = "0A";

    private readonly CancellationTokenSource _end = new();
    private readonly HashSet<string> _seen = [];
    private readonly Task _polling;

    public SocketMonitor(int process) => _polling = PollAsync(process);

    /// <summary>The number of polls so far.</summary>
    public int Polls { get; private set; }

    /// <summary>Stops polling and returns each socket once: <c>tcp listen 127.0.0.1:1883</c>, <c>tcp 127.0.0.1:40000 > 127.0.0.1:1883</c>.</summary>
    public async Task<IReadOnlyCollection<string>> EndAsync()
    {
        await _end.CancelAsync();
        await _polling;
        return _seen;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _end.Dispose();
    }

    private async Task PollAsync(int process)
    {
        while (!_end.IsCancellationRequested)
        {
            Poll(process);
            Polls++;
            await Task.Delay(10);
        }
    }

    private void Poll(int process)
    {
        try
        {
            var own = Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")
                .Select(fd => File.ResolveLinkTarget(fd, returnFinalTarget: false)?.Name)
                .Where(name => name?.StartsWith("socket:[", StringComparison.Ordinal) == true)
                .Select(name => name!["socket:[".Length..^1])
                .ToHashSet();
            foreach (var protocol in (string[])["tcp", "tcp6", "udp", "udp6"])
            {
                foreach (var fields in File.ReadLines($"/proc/{process}/net/{protocol}").Skip(1)
                    .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                    .Where(fields => own.Contains(fields[9])))
                {
                    var (local, remote) = (Address(fields[1]), Address(fields[2]));
                    _seen.Add(fields[3] == Listening
                        ? $"{protocol[..3]} listen {local}"
                        : $"{protocol[..3]} {local} > {remote}");
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A descriptor was closed meanwhile, or the process has ended.
        }
    }

    /// <summary>Parses an address that the kernel writes as words of four bytes, each in the processor's byte order.</summary>
    private static IPEndPoint Address(string text)
    {
        var (address, port) = (text.Split(':')[0], text.Split(':')[1]);
        var bytes = Convert.FromHexString(address);
        for (var word = 0; word < bytes.Length; word += 4)
        {
            Array.Reverse(bytes, word, 4);
        }

        var found = new IPAddress(bytes);
        return new IPEndPoint(
            found.IsIPv4MappedToIPv6 ? found.MapToIPv4() : found, int.Parse(port, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }
}
