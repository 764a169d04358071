using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace MobileVlm.Edge.Tools.HttpLoad;

/// <summary>One kind of request that no honest client sends.</summary>
/// <param name="Name">For the report.</param>
/// <param name="SendAsync">Sends one; returns the status of the response, or null where there is none.</param>
internal sealed record HostileRequest(string Name, Func<RawConnection, Random, Task<int?>> SendAsync);

/// <summary>The kinds of hostile requests.</summary>
internal static class HostileRequests
{
    private const string Chat = "/v1/chat/completions";

    private static readonly string[] Routes =
        [Chat, "/v1/completions", "/api/chat", "/api/generate", "/api/show", "/api/pull", "/tokenize", "/detokenize", "/api/v1/cameras/gate/ask", "/mcp"];

    private static readonly string[] Bodies =
    [
        """{"model":"m","max_tokens":2,"temperature":0.5,"stream":true,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"Who?"}]}]}""",
        """{"max_tokens":2,"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object","properties":{"a":{"type":"boolean"},"b":{"type":"string","maxLength":8}}}}}}""",
        """{"prompt":[[1,5,6],[1,7]],"max_tokens":1,"logprobs":1,"echo":true,"stop":["a","b"]}""",
        """{"model":"m","stream":false,"prompt":"Who?","images":[],"options":{"num_predict":2,"temperature":0.0},"keep_alive":"-1.0s","format":{"type":"object","properties":{"n":{"type":"integer"}}}}""",
        """{"questions":[{"ask":"Is there a person?","answer":"YesNo"},{"ask":"Which?","answer":"Choice","choices":["a","b"]}]}""",
        """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask_camera","arguments":{"camera":"gate","question":"Who?"}}}""",
        """{"tokens":[1,5,6],"prompt":"x","add_special_tokens":false}""",
    ];

    /// <summary>A gzip file of 32 MiB of zeros.</summary>
    private static readonly byte[] Bomb = Compress(32 * 1024 * 1024);

    /// <summary>All kinds.</summary>
    /// <param name="host">Host and port of the server.</param>
    /// <param name="seed">The same seed damages bodies in the same way.</param>
    public static IReadOnlyList<HostileRequest> All(string host, int seed)
    {
        var damage = new Damage(seed);
        return
        [
            new("damaged bodies", (to, random) =>
            {
                byte[] body;
                lock (damage)
                {
                    body = damage.Of(Bodies);
                }

                return PostAsync(to, Pick(random, Routes), body);
            }),
            new("wrong tokens", (to, random) => ExchangeAsync(to, Head("POST", Chat, $"Authorization: {Pick(random, ["Bearer", "Basic", "bearer", ""])} {Noise(random, 200)}\r\nContent-Length: 2\r\n") + "{}")),
            new("large headers", (to, random) => ExchangeAsync(to, Head("GET", "/v1/models", $"X-Large: {new string('x', random.Next(33_000, 200_000))}\r\n"))),
            new("many headers", (to, random) => ExchangeAsync(to, Head("GET", "/", string.Concat(Enumerable.Range(0, random.Next(101, 2000)).Select(i => $"X-{i}: 1\r\n"))))),
            new("long addresses", (to, random) => ExchangeAsync(to, Head("GET", "/" + new string('a', random.Next(8_193, 60_000)), ""))),
            new("odd addresses", (to, random) => ExchangeAsync(to, Head("GET", Pick(random, ["/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "/api/v1/cameras/%00/snapshot.jpg", "/api/v1/cameras/..%2f/snapshot.jpg", "/%ff%fe", "//////", "/v1/models/%0d%0aX:1", "/api/v1/cameras/gate%20/snapshot.jpg?frame=-1"]), Bearer))),
            new("wrong hosts", (to, random) => ExchangeAsync(to, $"GET /v1/models HTTP/1.1\r\nHost: {Pick(random, ["evil.example", "evil.example:80", "[::2]", "", "a b", "127.0.0.1.evil.example"])}\r\n\r\n")),
            new("pages of others", (to, _) => ExchangeAsync(to, Head("POST", Chat, $"Origin: https://evil.example\r\n{Bearer}Content-Length: 2\r\n") + "{}")),
            new("compressed bombs", async (to, _) =>
            {
                await to.WriteAsync(Head("POST", Chat, $"{Bearer}Content-Encoding: gzip\r\nContent-Length: {Bomb.Length}\r\n"));
                await to.WriteAsync(Bomb);
                return await to.ReadStatusAsync();
            }),
            new("picture bombs", (to, random) => PostAsync(to, Pick(random, [Chat, "/api/chat"]), Encoding.UTF8.GetBytes(PictureBomb(random)))),
            new("declared too large", (to, random) => ExchangeAsync(to, Head("POST", Pick(random, Routes), $"{Bearer}Content-Length: {random.NextInt64(70_000_000, long.MaxValue)}\r\n"))),
            new("cut bodies", async (to, random) =>
            {
                await to.WriteAsync(Head("POST", Pick(random, Routes), $"{Bearer}Content-Length: {random.Next(100, 100_000)}\r\n") + "{\"messages\":");
                to.CloseHalf();
                return await to.ReadStatusAsync();
            }),
            new("slow bodies", async (to, random) =>
            {
                await to.WriteAsync(Head("POST", Chat, $"{Bearer}Content-Length: 60\r\n"));
                for (var i = random.Next(1, 12); i > 0; i--)
                {
                    await to.WriteAsync("{");
                    await Task.Delay(random.Next(1, 60));
                }

                return null;
            }),
            new("broken chunks", (to, random) => ExchangeAsync(to, Head("POST", Chat, $"{Bearer}Transfer-Encoding: chunked\r\n") + Pick(random, ["zz\r\n{}\r\n0\r\n\r\n", "-1\r\n{}\r\n", "ffffffffffffffff\r\n{}", "2\r\n{}X0\r\n\r\n", "2;a=\u0001\r\n{}\r\n0\r\n\r\n"]))),
            new("two lengths", (to, _) => ExchangeAsync(to, Head("POST", Chat, $"{Bearer}Content-Length: 2\r\nContent-Length: 3\r\n") + "{}x")),
            new("no http", async (to, random) =>
            {
                var bytes = new byte[random.Next(1, 4000)];
                random.NextBytes(bytes);
                await to.WriteAsync(bytes);
                to.CloseHalf();
                return await to.ReadStatusAsync();
            }),
            new("broken request lines", (to, random) => ExchangeAsync(to, Pick(random, ["GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n", "G\u0000T / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n", "GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"]))),
            new("half-closed", async (to, _) =>
            {
                await to.WriteAsync(Head("GET", "/v1/models", Bearer));
                to.CloseHalf();
                return await to.ReadStatusAsync();
            }),
            new("left in the middle", async (to, random) =>
            {
                const string Body = """{"stream":true,"messages":[{"role":"user","content":"Describe the scene."}]}""";
                await to.WriteAsync(Head("POST", Pick(random, [Chat, "/api/chat"]), $"{Bearer}Content-Length: {Body.Length}\r\n") + Body);
                if (random.Next(2) == 0)
                {
                    await to.ReadStatusAsync();
                }

                return null;
            }),
            new("deep nesting", (to, random) => PostAsync(to, Pick(random, Routes), Encoding.UTF8.GetBytes(new string('[', random.Next(65, 100_000))))),
        ];

        string Head(string method, string path, string headers) => $"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n";

        async Task<int?> PostAsync(RawConnection to, string path, byte[] body)
        {
            await to.WriteAsync(Head("POST", path, string.Create(CultureInfo.InvariantCulture, $"{Bearer}Content-Length: {body.Length}\r\n")));
            await to.WriteAsync(body);
            return await to.ReadStatusAsync();
        }
    }

    private static string Bearer => $"Authorization: Bearer {HttpTarget.Token}\r\n";

    private static async Task<int?> ExchangeAsync(RawConnection to, string request)
    {
        await to.WriteAsync(request);
        return await to.ReadStatusAsync();
    }

    /// <summary>A PNG whose head claims a side of up to two thousand million pixels.</summary>
    private static string PictureBomb(Random random)
    {
        byte[] head = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(16), random.Next(20_000, int.MaxValue));
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(20), random.Next(20_000, int.MaxValue));
        var picture = Convert.ToBase64String(head);
        return $$$"""{"stream":false,"messages":[{"role":"user","images":["{{{picture}}}"],"content":[{"type":"text","text":"Who?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{picture}}}"}}]}]}""";
    }

    private static byte[] Compress(int zeros)
    {
        using var file = new MemoryStream();
        using (var gzip = new GZipStream(file, CompressionLevel.SmallestSize))
        {
            gzip.Write(new byte[zeros]);
        }

        return file.ToArray();
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    private static string Noise(Random random, int length)
    {
        // Half of them are tokens by their characters.
        var highest = random.Next(2) == 0 ? 127 : 256;
        return new([.. Enumerable.Range(0, random.Next(length)).Select(_ => (char)random.Next(33, highest))]);
    }
}
