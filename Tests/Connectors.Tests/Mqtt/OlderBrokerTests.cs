using System.Net;
using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt;

/// <summary>A broker of before version 5, as its bytes on the wire; Debian has none any more.</summary>
public sealed class OlderBrokerTests
{
    [Fact]
    public async Task A_broker_that_refuses_version_5_is_spoken_to_in_the_older_one_with_a_warning()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var levels = ServeAsync(listener);
        var logger = new ListLogger();
        var settings = TestLink.Settings(new Uri($"mqtt://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"));

        await using var link = await TestLink.ConnectAsync(
            settings with { Will = settings.Will with { ContentType = "text/plain" } }, logger);
        var outcome = await link.PublishAsync(
            new OutboundMessage("a", new byte[] { 1 }, Retain: false, 1, "image/jpeg"), CancellationToken.None);

        Assert.True(outcome.Kind == PublishOutcomeKind.Accepted, $"{outcome}");
        Assert.Equal([5, 4], await levels);
        Assert.Contains(logger.Lines, l => l.StartsWith("Warning: ", StringComparison.Ordinal) && l.Contains("3.1.1", StringComparison.Ordinal));
    }

    private static async Task<List<int>> ServeAsync(TcpListener listener)
    {
        var levels = new List<int>();
        while (true)
        {
            using var client = await listener.AcceptTcpClientAsync();
            var stream = client.GetStream();
            var connect = await ReadPacketAsync(stream);
            levels.Add(connect[6]);
            var accepted = connect[6] == 4;
            await stream.WriteAsync(new byte[] { 0x20, 2, 0, (byte)(accepted ? 0 : 1) });
            if (accepted)
            {
                var publish = await ReadPacketAsync(stream);
                await stream.WriteAsync(new byte[] { 0x40, 2, publish[3], publish[4] });
                await Task.Delay(500);
                return levels;
            }
        }
    }

    /// <summary>What follows the fixed header; packets here are shorter than 128 bytes or have two length bytes.</summary>
    private static async Task<byte[]> ReadPacketAsync(NetworkStream stream)
    {
        var header = new byte[2];
        await stream.ReadExactlyAsync(header);
        var length = (int)header[1];
        if (length >= 128)
        {
            await stream.ReadExactlyAsync(header.AsMemory(0, 1));
            length = (length & 0x7F) + (header[0] << 7);
        }

        var body = new byte[length];
        await stream.ReadExactlyAsync(body);
        return body;
    }
}
