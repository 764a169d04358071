using System.Text;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>Messages that a link receives, with either broker.</summary>
public sealed class InboundQueueTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_message_arrives_with_the_reply_properties_of_its_sender(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var link = await TestLink.ConnectAsync(Listening(broker.Address));

        Publish(broker.Address, "cmd/a", "hello", "-V", "5", "-D", "publish", "response-topic", "replies/x",
            "-D", "publish", "correlation-data", "abc", "-D", "publish", "message-expiry-interval", "60");
        var message = await NextAsync(link);

        Assert.Equal(("cmd/a", "hello", false), (message.Topic, message.Text, message.Retained));
        Assert.Equal("replies/x", message.ResponseTopic);
        Assert.Equal("abc", Encoding.UTF8.GetString(message.CorrelationData.Span));
        Assert.InRange(message.ExpiresIn!.Value.TotalSeconds, 1, 60);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Messages_of_clients_before_version_5_arrive_too_and_retained_ones_are_marked(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        Publish(broker.Address, "cmd/kept", "old", "-V", "311", "-r");
        await using var link = await TestLink.ConnectAsync(Listening(broker.Address));

        var kept = await NextAsync(link);
        Publish(broker.Address, "cmd/new", "fresh", "-V", "311");
        var fresh = await NextAsync(link);

        Assert.Equal(("old", true), (kept.Text, kept.Retained));
        Assert.Equal(("fresh", false, null, 0), (fresh.Text, fresh.Retained, fresh.ResponseTopic, fresh.CorrelationData.Length));
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_payload_above_the_limit_arrives_as_its_length(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        var settings = Listening(broker.Address) with { Inbound = new InboundLimits { MaxPayloadBytes = 100 } };
        await using var link = await TestLink.ConnectAsync(settings);

        Publish(broker.Address, "cmd/long", new string('x', 101));
        Publish(broker.Address, "cmd/fits", new string('x', 100));

        var tooLong = await NextAsync(link);
        var fits = await NextAsync(link);

        Assert.Equal(101, tooLong.RejectedLength);
        Assert.Equal(0, tooLong.Payload.Length);
        Assert.Null(fits.RejectedLength);
        Assert.Equal(100, fits.Payload.Length);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Unread_messages_are_bounded_and_counted_and_the_connection_stays(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        var logger = new ListLogger();
        var settings = Listening(broker.Address) with { Inbound = new InboundLimits { MaxWaiting = 10 } };
        await using var link = await TestLink.ConnectAsync(settings, logger);
        await using var other = await TestLink.ConnectAsync(broker.Address);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => other.PublishAsync($"cmd/{i}", "x")));
        await TestLink.UntilAsync(() => link.InboundDropped == 40, "40 dropped");

        Assert.True(link.IsConnected);
        Assert.Equal(10, link.Inbound.Count);
        Assert.InRange(logger.Lines.Count(line => line.Contains("dropped", StringComparison.Ordinal)), 1, 7);
    }

    [Fact]
    public async Task Subscriptions_are_made_again_at_a_broker_that_forgot_them()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var link = await TestLink.ConnectAsync(Listening(broker.Address));
        var ends = link.Ends();
        await broker.StopAsync();
        await TestLink.UntilAsync(() => !ends.IsEmpty, "the end of the connection");
        await broker.RestartAsync();

        await link.MustConnectAsync();
        Publish(broker.Address, "cmd/again", "hello");

        Assert.Equal("hello", (await NextAsync(link)).Text);
    }

    [Fact]
    public async Task No_command_that_was_sent_while_the_link_was_down_is_executed_later()
    {
        await using var broker = await Mosquitto.StartAsync();
        var settings = Listening(broker.Address);
        await using (await TestLink.ConnectAsync(settings))
        {
        }

        Publish(broker.Address, "cmd/missed", "late", "-q", "1");
        await using var link = await TestLink.ConnectAsync(settings);
        Publish(broker.Address, "cmd/now", "now", "-q", "1");

        Assert.Equal("now", (await NextAsync(link)).Text);
    }

    [Fact]
    public async Task A_reply_carries_its_correlation_data_to_another_client()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var sub = await MosquittoSub.StartAsync(broker.Address, "replies/#");
        await using var link = await TestLink.ConnectAsync(broker.Address);
        await using var listener = await TestLink.ConnectAsync(
            TestLink.Settings(broker.Address) with { Subscriptions = [new MqttSubscription("replies/#")] });

        var outcome = await link.PublishAsync(
            new OutboundMessage("replies/x", "yes"u8.ToArray(), Retain: false) { CorrelationData = "abc"u8.ToArray() },
            CancellationToken.None);

        Assert.Equal(PublishOutcomeKind.Accepted, outcome.Kind);
        Assert.Equal("yes", (await sub.WaitForAsync("replies/x")).Text);
        Assert.Equal("abc", Encoding.UTF8.GetString((await NextAsync(listener)).CorrelationData.Span));
    }

    [Fact]
    public async Task A_disposed_link_ends_its_readers()
    {
        await using var broker = await TestBroker.StartAsync(BrokerKind.Embedded);
        var link = await TestLink.ConnectAsync(Listening(broker.Address));
        await link.DisposeAsync();
        Assert.False(await link.Inbound.WaitToReadAsync());
    }

    private static MqttSettings Listening(Uri broker) =>
        TestLink.Settings(broker) with { Subscriptions = [new MqttSubscription("cmd/#")] };

    private static async Task<InboundMessage> NextAsync(MqttLink link)
    {
        using var limit = new CancellationTokenSource(TestLink.Soon);
        return await link.Inbound.ReadAsync(limit.Token);
    }

    // Acknowledged, so that the broker has the message when this returns: what QoS 0 sends may be lost with the connection.
    private static void Publish(Uri broker, string topic, string text, params string[] more) =>
        MosquittoTool.Run("mosquitto_pub", broker, ["-q", "1", "-t", topic, "-m", text, .. more]);
}
