using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.Http;

/// <summary>An HTTP camera on the loopback that writes exactly the given bytes, so that it can deviate as real ones do.
/// Each connection is answered once.</summary>
internal sealed partial class HttpTestCamera : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _served = [];
    private readonly Func<HttpTestRequest, Task> _answer;
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepted;

    public HttpTestCamera(Func<HttpTestRequest, Task> answer, X509Certificate2? certificate = null)
    {
        _answer = answer;
        _certificate = certificate;
        _listener.Start();
        _accepted = AcceptAsync();
    }

    public ConcurrentQueue<string> Requests { get; } = new();

    public string Host => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}";

    public string Url(string path, string? login = null) =>
        $"{(_certificate is null ? "http" : "https")}://{(login is null ? "" : login + "@")}{Host}{path}";

    /// <summary>The response to a digest challenge of RFC 2617 with MD5, as cameras ask for.</summary>
    public static bool IsDigest(string? authorization, string user, string password)
    {
        if (authorization?.StartsWith("Digest ", StringComparison.Ordinal) != true)
        {
            return false;
        }

        var fields = Field().Matches(authorization).ToDictionary(
            match => match.Groups["name"].Value, match => match.Groups["value"].Value, StringComparer.OrdinalIgnoreCase);
        var expected = Md5(string.Join(
            ':',
            Md5($"{user}:cam:{password}"),
            fields["nonce"],
            fields["nc"],
            fields["cnonce"],
            fields["qop"],
            Md5($"GET:{fields["uri"]}")));
        return fields["response"] == expected;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll([_accepted, .. _served]);
        _listener.Dispose();
        _stop.Dispose();
    }

    private static string Md5(string text)
    {
#pragma warning disable CA5351 // It is what the protocol of the cameras asks for.
        return Convert.ToHexStringLower(MD5.HashData(Encoding.UTF8.GetBytes(text)));
#pragma warning restore CA5351
    }

    [GeneratedRegex("""(?<name>\w+)="?(?<value>[^",]+)"?""")]
    private static partial Regex Field();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _served.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Disposed.
            await Task.CompletedTask;
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(_certificate);
                    stream = tls;
                }

                using var reader = new StreamReader(stream, Encoding.Latin1, leaveOpen: true);
                if (await reader.ReadLineAsync(_stop.Token) is not { } line)
                {
                    return;
                }

                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while (await reader.ReadLineAsync(_stop.Token) is { Length: > 0 } header)
                {
                    var colon = header.IndexOf(':', StringComparison.Ordinal);
                    headers[header[..colon]] = header[(colon + 1)..].Trim();
                }

                var path = line.Split(' ').ElementAtOrDefault(1) ?? "";
                Requests.Enqueue(path);
                await _answer(new HttpTestRequest(path, headers.GetValueOrDefault("Authorization"), stream, _stop.Token));
            }
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or SocketException
            or System.Security.Authentication.AuthenticationException)
        {
            // The other side has gone, as it does when a test has seen enough.
            await Task.CompletedTask;
        }
    }
}

/// <summary>One request, and what is sent back.</summary>
internal sealed record HttpTestRequest(string Path, string? Authorization, Stream Stream, CancellationToken Stop)
{
    public Task WriteAsync(string text) => Stream.WriteAsync(Encoding.Latin1.GetBytes(text), Stop).AsTask();

    public Task WriteAsync(byte[] bytes) => Stream.WriteAsync(bytes, Stop).AsTask();

    /// <summary>A complete answer.</summary>
    /// <param name="status">Code and reason.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="headers">Whole lines.</param>
    public async Task AnswerAsync(string status, byte[] body, params string[] headers)
    {
        await WriteAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {body.Length}\r\n{string.Concat(headers.Select(it => it + "\r\n"))}\r\n"));
        await WriteAsync(body);
    }

    /// <summary>Never ends by itself.</summary>
    public Task HangAsync() => Task.Delay(Timeout.Infinite, Stop);
}
