using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Tests.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Broker;

public sealed class EmbeddedBrokerTests
{
    [Fact]
    public async Task A_busy_port_is_reported_with_the_setting_and_a_remedy()
    {
        await using var first = await StartAsync();
        var port = first.Address.Port;

        var e = await Assert.ThrowsAsync<EmbeddedBrokerPortBusyException>(
            () => EmbeddedBroker.StartAsync(port, NullLogger.Instance));

        Assert.Equal(port, e.Port);
        Assert.Contains("Mqtt:Port", e.Message, StringComparison.Ordinal);
        Assert.Contains($"Mqtt:Broker = mqtt://127.0.0.1:{port}", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_is_free_again_after_disposal()
    {
        var first = await StartAsync();
        var port = first.Address.Port;
        await using (await TestLink.ConnectAsync(first.Address))
        {
            await first.DisposeAsync();
            await first.DisposeAsync();
        }

        await using var second = await EmbeddedBroker.StartAsync(port, NullLogger.Instance);
        Assert.Equal(port, second.Address.Port);
    }

    [Fact]
    public async Task Other_addresses_of_this_machine_do_not_reach_it()
    {
        await using var broker = await StartAsync();
        var others = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(n => n.GetIPProperties().UnicastAddresses)
            .Select(a => a.Address)
            .Where(a => !a.Equals(IPAddress.Loopback) && !a.IsIPv6LinkLocal)
            .Append(IPAddress.Parse("127.0.0.2"));

        foreach (var other in others)
        {
            using var client = new TcpClient(other.AddressFamily);
            await Assert.ThrowsAnyAsync<SocketException>(() => client.ConnectAsync(other, broker.Address.Port));
        }
    }

    [Theory]
    [InlineData("5")]
    [InlineData("mqttv311")]
    public async Task Clients_of_both_protocol_versions_are_served_with_or_without_a_name(string version)
    {
        await using var broker = await StartAsync();
        string[] name = version == "5" ? [] : ["-i", "named"];
        await using var sub = await MosquittoSub.StartAsync(broker.Address, "a", ["-V", version, .. name]);
        await using var link = await TestLink.ConnectAsync(broker.Address);

        await link.PublishAsync("a", "x");

        Assert.Equal("x", (await sub.WaitForAsync("a")).Text);
    }

    [Fact]
    public async Task A_client_that_announces_too_long_a_packet_is_cut_off_before_sending_it()
    {
        var logger = new ListLogger();
        await using var broker = await EmbeddedBroker.StartAsync(0, logger);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, broker.Address.Port);
        var stream = client.GetStream();

        // A publish with a length of 256 MiB.
        await stream.WriteAsync(new byte[] { 0x30, 0xFF, 0xFF, 0xFF, 0x7F });

        await ReadUntilClosedAsync(stream);
        await TestLink.UntilAsync(
            () => logger.Lines.Any(l => l.Contains("bytes or more", StringComparison.Ordinal)), "the warning");
    }

    [Fact]
    public async Task A_connected_client_that_sends_too_long_a_packet_is_cut_off_and_others_stay()
    {
        await using var broker = await StartAsync();
        await using var other = await TestLink.ConnectAsync(broker.Address);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, broker.Address.Port);
        var stream = client.GetStream();
        await stream.WriteAsync(new byte[]
        {
            0x10, 0x0D, 0, 4, (byte)'M', (byte)'Q', (byte)'T', (byte)'T', 4, 2, 0, 60, 0, 1, (byte)'a',
        });
        await stream.ReadExactlyAsync(new byte[4]);

        await stream.WriteAsync(new byte[] { 0x30, 0x81, 0x80, 0x40, 0, 1, (byte)'a' });

        await ReadUntilClosedAsync(stream);
        Assert.Equal(PublishOutcomeKind.Accepted, (await other.PublishAsync("a", "x")).Kind);
    }

    [Fact]
    public async Task More_clients_than_allowed_are_turned_away()
    {
        await using var broker = await EmbeddedBroker.StartAsync(
            0, NullLogger.Instance, new EmbeddedBrokerLimits { MaxClients = 1 });
        await using var first = await TestLink.ConnectAsync(broker.Address);
        await using var second = TestLink.Create(broker.Address);

        Assert.Equal(ConnectOutcomeKind.Unreachable, (await second.ConnectAsync(CancellationToken.None)).Kind);
        Assert.True(first.IsConnected);

        await first.DisconnectAsync(CancellationToken.None);
        await second.UntilConnectedAsync();
    }

    [Fact]
    public async Task Retained_messages_above_the_limits_are_refused_and_cleared_ones_free_space()
    {
        await using var broker = await EmbeddedBroker.StartAsync(
            0, NullLogger.Instance, new EmbeddedBrokerLimits { MaxRetainedMessages = 2, MaxRetainedBytes = 10 });
        await using var link = await TestLink.ConnectAsync(broker.Address);

        Assert.Equal(PublishOutcomeKind.Accepted, await KeepAsync("a", "12345"));
        Assert.Equal(PublishOutcomeKind.Refused, await KeepAsync("b", "123456"));
        Assert.Equal(PublishOutcomeKind.Accepted, await KeepAsync("b", "12345"));
        Assert.Equal(PublishOutcomeKind.Refused, await KeepAsync("c", "1"));
        Assert.Equal(PublishOutcomeKind.Accepted, await KeepAsync("a", ""));
        Assert.Equal(PublishOutcomeKind.Accepted, await KeepAsync("c", "1"));

        async Task<PublishOutcomeKind> KeepAsync(string topic, string text) =>
            (await link.PublishAsync(topic, text, retain: true)).Kind;
    }

    [Fact]
    public async Task A_topic_that_brokers_keep_for_themselves_is_refused_to_other_clients()
    {
        await using var broker = await StartAsync();
        await using var sub = await MosquittoSub.StartAsync(broker.Address, "$SYS/#", "-t", "allowed");
        await using var link = await TestLink.ConnectAsync(broker.Address);
        using (var pub = Mosquitto.Run(
            "mosquitto_pub",
            "mosquitto-clients",
            ["-h", "127.0.0.1", "-p", $"{broker.Address.Port}", "-V", "5", "-q", "1", "-t", "$SYS/fake", "-m", "x"]))
        {
            var error = await pub.StandardError.ReadToEndAsync();
            await pub.WaitForExitAsync();
            Assert.Contains("Topic name invalid", error, StringComparison.OrdinalIgnoreCase);
        }

        await link.PublishAsync("allowed", "y");
        await sub.WaitForAsync("allowed");
        Assert.Equal("allowed", Assert.Single(sub.Messages).Topic);
    }

    private static Task<EmbeddedBroker> StartAsync() => EmbeddedBroker.StartAsync(0, NullLogger.Instance);

    private static async Task ReadUntilClosedAsync(NetworkStream stream)
    {
        using var limit = new CancellationTokenSource(TestLink.Soon);
        try
        {
            while (await stream.ReadAsync(new byte[64], limit.Token) > 0)
            {
                limit.Token.ThrowIfCancellationRequested();
            }
        }
        catch (IOException)
        {
            // Closed with bytes unread comes as a reset.
            return;
        }
    }
}
