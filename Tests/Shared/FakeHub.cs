using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.Tests.Shared;

/// <summary>One request that the hub or its store received.</summary>
/// <param name="Store">Whether it was sent to the store for large files, which has its own port.</param>
/// <param name="Path">The path with its query.</param>
/// <param name="Headers">The headers; names are in lower case.</param>
public sealed record FakeHubRequest(bool Store, string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The number of body bytes that were sent.</summary>
    public long Served { get; set; }

    /// <summary>The first requested byte.</summary>
    public long From => Headers.TryGetValue("range", out var range)
        ? long.Parse(range["bytes=".Length..].Split('-')[0], CultureInfo.InvariantCulture)
        : 0;

    public string? Token => Headers.GetValueOrDefault("authorization");

    public bool IsFor(string file) => Path.EndsWith($"/{file}", StringComparison.Ordinal);
}

/// <summary>How a response differs from that of a correct hub.</summary>
public sealed record FakeHubFault
{
    /// <summary>Sends another status, without a body.</summary>
    public int? Status { get; init; }

    /// <summary>Sends further header lines.</summary>
    public string Headers { get; init; } = "";

    /// <summary>Sends another body instead of the real one.</summary>
    public byte[]? Body { get; init; }

    /// <summary>Closes the connection after this number of body bytes.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Sends nothing more after this number of body bytes, and keeps the connection open.</summary>
    public int? StallAfter { get; init; }

    /// <summary>Sends the body in pieces: the bytes per piece, and the time between pieces.</summary>
    public (int Bytes, TimeSpan Every)? Trickle { get; init; }

    /// <summary>Ignores a requested range: sends status 200 and the whole file.</summary>
    public bool IgnoreRange { get; init; }

    /// <summary>Uses another tag; a range request with the old tag gets the whole file.</summary>
    public string? ETag { get; init; }
}

/// <summary>A server that behaves like the Hugging Face Hub: it lists files with sizes and checksums, sends small files itself, and
/// redirects large ones to a store on another port, with ranges and tags. Faults are scripted for each request.</summary>
public sealed class FakeHub : IAsyncDisposable
{
    public const string Commit = "0123456789abcdef0123456789abcdef01234567";

    private readonly TcpListener _hub = new(IPAddress.Loopback, 0);
    private readonly TcpListener _store = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, byte[]>> _repositories = new();
    private readonly ConcurrentQueue<FakeHubRequest> _requests = new();
    private readonly Task[] _accepting;

    public FakeHub()
    {
        _hub.Start();
        _store.Start();
        _accepting = [AcceptAsync(_hub, store: false), AcceptAsync(_store, store: true)];
    }

    /// <summary>Files of at least this size are in the store and have a SHA-256; smaller ones are in git.</summary>
    public int LargeFrom { get; init; } = 1000;

    /// <summary>Called for each request; null sends a correct response.</summary>
    public Func<FakeHubRequest, FakeHubFault?> Script { get; set; } = _ => null;

    /// <summary>Changes a listing before it is sent.</summary>
    public Action<JsonNode>? Listing { get; set; }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_hub.LocalEndpoint).Port}");

    public Uri StoreAddress => new($"http://127.0.0.1:{((IPEndPoint)_store.LocalEndpoint).Port}");

    public IReadOnlyList<FakeHubRequest> Requests => [.. _requests];

    public void Add(string repository, string file, byte[] content) =>
        _repositories.GetOrAdd(repository, _ => new())[file] = content;

    public void Add(string repository, string file, string content) => Add(repository, file, Encoding.UTF8.GetBytes(content));

    /// <summary>Adds all files of a folder.</summary>
    public void AddFolder(string repository, string folder)
    {
        foreach (var path in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            Add(repository, Path.GetRelativePath(folder, path), File.ReadAllBytes(path));
        }
    }

    public byte[] Content(string repository, string file) => _repositories[repository][file];

    public void Remove(string repository, string file) => _repositories[repository].TryRemove(file, out _);

    /// <summary>The number of bytes of one file that were sent in all its requests.</summary>
    public long Served(string file) => _requests.Where(r => r.IsFor(file)).Sum(r => r.Served);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _hub.Stop();
        _store.Stop();
        await Task.WhenAll(_accepting);
        _ended.Dispose();
    }

    private async Task AcceptAsync(TcpListener listener, bool store)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(_ended.Token);
                _ = ServeAsync(client, store);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client, bool store)
    {
        using (client)
        {
            try
            {
                client.NoDelay = true;
                var stream = client.GetStream();
                if (await ReadAsync(stream, store) is { } request)
                {
                    _requests.Enqueue(request);
                    await AnswerAsync(stream, request);
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The client closed the connection, as in some tests.
            }
        }
    }

    private async Task<FakeHubRequest?> ReadAsync(NetworkStream stream, bool store)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            if (await stream.ReadAsync(one, _ended.Token) == 0)
            {
                return null;
            }

            head.Append((char)one[0]);
        }

        var lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]);
        return new FakeHubRequest(store, lines[0].Split(' ')[1], headers);
    }

    private async Task AnswerAsync(NetworkStream stream, FakeHubRequest request)
    {
        var fault = Script(request) ?? new FakeHubFault();
        if (fault.Status is { } status)
        {
            await SendAsync(stream, request, fault, $"{status} Scripted", fault.Body ?? [], 0);
            return;
        }

        if (Listed(request.Path) is { } listing)
        {
            await SendAsync(stream, request, fault, "200 OK", fault.Body ?? Encoding.UTF8.GetBytes(listing), 0);
            return;
        }

        if (Find(request.Path) is not { } content)
        {
            await SendAsync(stream, request, fault, "404 Not Found", [], 0);
            return;
        }

        content = fault.Body ?? content;
        if (!request.Store && content.Length >= LargeFrom)
        {
            var headers = $"Location: {StoreAddress.ToString().TrimEnd('/')}{request.Path}\r\n{fault.Headers}";
            await SendAsync(stream, request, new FakeHubFault { Headers = headers }, "302 Found", [], 0);
            return;
        }

        await SendFileAsync(stream, request, fault, content);
    }

    private async Task SendFileAsync(NetworkStream stream, FakeHubRequest request, FakeHubFault fault, byte[] content)
    {
        var tag = fault.ETag ?? $"\"{Convert.ToHexStringLower(SHA256.HashData(content))}\"";
        fault = fault with { Headers = $"ETag: {tag}\r\nAccept-Ranges: bytes\r\n{fault.Headers}" };
        var isSame = !request.Headers.TryGetValue("if-range", out var requestedTag) || requestedTag == tag;
        if (!request.Headers.TryGetValue("range", out var range) || fault.IgnoreRange || !isSame)
        {
            await SendAsync(stream, request, fault, "200 OK", content, 0);
        }
        else if (request.From >= content.Length)
        {
            await SendAsync(stream, request, fault, "416 Range Not Satisfiable", [], 0);
        }
        else
        {
            var last = range.Split('-')[1] is { Length: > 0 } end
                ? Math.Min(content.Length - 1, int.Parse(end, CultureInfo.InvariantCulture))
                : content.Length - 1;
            fault = fault with { Headers = $"Content-Range: bytes {request.From}-{last}/{content.Length}\r\n{fault.Headers}" };
            await SendAsync(stream, request, fault, "206 Partial Content", content[..(last + 1)], (int)request.From);
        }
    }

    private async Task SendAsync(
        NetworkStream stream, FakeHubRequest request, FakeHubFault fault, string status, byte[] content, int from)
    {
        var body = content.AsMemory(from);
        var head = $"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{fault.Headers}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head), _ended.Token);
        var end = Math.Min(body.Length, fault.CutAfter ?? fault.StallAfter ?? body.Length);
        var step = fault.Trickle?.Bytes ?? 16 * 1024;
        for (var sent = 0; sent < end;)
        {
            var piece = body[sent..Math.Min(end, sent + step)];
            // Counted before it is sent, because a test may check the count as soon as the client has received everything.
            request.Served += piece.Length;
            await stream.WriteAsync(piece, _ended.Token);
            sent += piece.Length;
            if (fault.Trickle is { } trickle)
            {
                await Task.Delay(trickle.Every, _ended.Token);
            }
        }

        if (fault.StallAfter is not null)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _ended.Token);
        }
    }

    private string? Listed(string path)
    {
        const string start = "/api/models/";
        var at = path.IndexOf("/revision/", StringComparison.Ordinal);
        if (!path.StartsWith(start, StringComparison.Ordinal) || at < 0
            || !_repositories.TryGetValue(path[start.Length..at], out var files))
        {
            return null;
        }

        var siblings = files.OrderBy(file => file.Key, StringComparer.Ordinal).Select(file => Sibling(file.Key, file.Value));
        var listing = new JsonObject { ["id"] = path[start.Length..at], ["sha"] = Commit, ["siblings"] = new JsonArray([.. siblings]) };
        Listing?.Invoke(listing);
        return listing.ToJsonString();
    }

    private JsonObject Sibling(string name, byte[] content)
    {
        var sibling = new JsonObject { ["rfilename"] = name, ["size"] = content.Length };
        if (content.Length >= LargeFrom)
        {
            sibling["blobId"] = new string('a', 40);
            sibling["lfs"] = new JsonObject
            {
                ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(content)),
                ["size"] = content.Length,
                ["pointerSize"] = 135,
            };
        }
        else
        {
#pragma warning disable CA5350 // As git does it.
            sibling["blobId"] = Convert.ToHexStringLower(
                SHA1.HashData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]));
#pragma warning restore CA5350
        }

        return sibling;
    }

    private byte[]? Find(string path)
    {
        var at = path.IndexOf($"/resolve/{Commit}/", StringComparison.Ordinal);
        return at > 0 && _repositories.TryGetValue(path[1..at], out var files)
            ? files.GetValueOrDefault(Uri.UnescapeDataString(path[(at + Commit.Length + "/resolve//".Length)..]))
            : null;
    }
}
