using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>Limits of the bodies of some addresses, and how many large bodies are in memory at once. A few clients that send slowly do not
/// block a request with a picture.</summary>
public sealed class BodyLimitTests
{
    private const int KiB = 1024;

    private static readonly string[] Short =
    [
        "PUT /api/v1/mode", "PUT /api/v1/cameras/gate/questions/person/enabled", "PUT /api/v1/cameras/gate/questions/person/snooze",
        "POST /api/v1/sources/test", "POST /api/v1/questions/check",
    ];

    public static TheoryData<string, int> Limits
    {
        get
        {
            var limits = new TheoryData<string, int>
            {
                { "POST /login", 8 * KiB },
                { "PUT /api/v1/cameras/gate/questions/person", 256 * KiB },
                { "POST /api/v1/config/check", KiB * KiB },
                { "POST /api/v1/cameras/gate/ask", KiB * KiB },
            };
            foreach (var address in Short)
            {
                limits.Add(address, 64 * KiB);
            }

            return limits;
        }
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task A_body_above_the_limit_of_its_address_is_refused(string address, int limit)
    {
        await using var rig = await HttpRig.StartAsync();
        var (method, path) = (new HttpMethod(address.Split(' ')[0]), address.Split(' ')[1]);

        var longer = await rig.SendAsync(method, path, new byte[limit + 1]);
        var chunked = await rig.SendAsync(method, path, new byte[limit + 1], change: request => request.Headers.TransferEncodingChunked = true);
        var fits = await rig.SendAsync(method, path, new byte[limit]);

        foreach (var refused in (Response[])[longer, chunked])
        {
            Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "body_too_large"), (refused.Status, refused.Json.GetProperty("error").GetProperty("code").GetString()));
            Assert.Contains(limit >= KiB * KiB ? "1 MiB" : $"{limit / KiB} KiB", refused.ErrorMessage, StringComparison.Ordinal);
        }

        Assert.NotEqual(HttpStatusCode.RequestEntityTooLarge, fits.Status);
    }

    [Fact]
    public async Task A_length_above_the_limit_is_refused_before_anything_is_read()
    {
        await using var rig = await HttpRig.StartAsync();
        using var client = await SendAsync(rig, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8193\r\n\r\n");
        var answer = new byte[12];
        await client.GetStream().ReadExactlyAsync(answer).AsTask().WaitAsync(Eventually.Patience);
        Assert.Equal("HTTP/1.1 413", Encoding.ASCII.GetString(answer));
    }

    [Theory]
    [InlineData("POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ntoken=\r\n")]
    [InlineData("POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8192\r\n\r\ntoken=")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n")]
    [InlineData("POST /api/v1/ask?question=A HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000000\r\n\r\nx")]
    public async Task Bodies_that_come_slowly_do_not_block_requests_with_pictures(string begun)
    {
        await using var rig = await HttpRig.StartAsync();
        var slow = new List<TcpClient>();
        for (var i = 0; i < 5; i++)
        {
            slow.Add(await SendAsync(rig, begun));
        }

        // Each part of a body is read as it comes, so those five are being read when this one is answered.
        var large = new byte[3 * KiB * KiB];
        var known = await rig.PostAsync("/api/v1/ask?question=A", large).WaitAsync(Eventually.Patience);
        var chunked = await rig.SendAsync(
            HttpMethod.Post, "/api/v1/ask?question=A", large, change: request => request.Headers.TransferEncodingChunked = true).WaitAsync(Eventually.Patience);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (known.Status, chunked.Status));
        Assert.All(rig.Cameras.Asked, asked => Assert.Equal(large.Length, asked.Picture!.Value.Length));
        slow.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Three_large_bodies_are_in_memory_at_once_and_the_next_one_goes_on_when_one_ends()
    {
        using var bodies = new RequestBody(64 * KiB * KiB);
        var large = Enumerable.Range(0, 3).Select(_ => new PartialBody(2 * KiB * KiB)).ToList();
        var reading = large.ConvertAll(ReadAsync);
        using var next = new MemoryStream(new byte[3 * KiB * KiB]);
        using var small = new MemoryStream(new byte[KiB]);

        var waiting = ReadAsync(next);

        Assert.Equal((false, KiB * KiB), (waiting.IsCompleted, next.Position));
        Assert.Equal(KiB, await ReadAsync(small));
        large[1].End();
        Assert.Equal(3 * KiB * KiB, await waiting.WaitAsync(Eventually.Patience));
        large.ForEach(body => body.End());
        await Task.WhenAll(reading).WaitAsync(Eventually.Patience);

        Task<int> ReadAsync(Stream body)
        {
            var http = new DefaultHttpContext();
            http.Request.Body = body;
            return bodies.ReadAsync(new RouteContext(http, [], CancellationToken.None), read => read.Length);
        }
    }

    private static async Task<TcpClient> SendAsync(HttpRig rig, string request)
    {
        var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, rig.Server.Address.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        return client;
    }

    /// <summary>A body whose end comes when the test says so.</summary>
    private sealed class PartialBody(int length) : Stream
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left = length;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public void End() => _ended.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = Math.Min(_left, buffer.Length);
            _left -= count;
            if (count == 0)
            {
                await _ended.Task.WaitAsync(cancellationToken);
            }

            return count;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
