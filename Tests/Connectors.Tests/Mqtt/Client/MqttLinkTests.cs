using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>What holds with either broker, seen by a client that shares no code with the link.</summary>
public sealed class MqttLinkTests
{
    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_link_connects_and_disconnects(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var link = TestLink.Create(broker.Address);
        var ends = link.Ends();
        Assert.False(link.IsConnected);

        await link.MustConnectAsync();
        Assert.True(link.IsConnected);
        await link.MustConnectAsync();

        await link.DisconnectAsync(CancellationToken.None);
        Assert.False(link.IsConnected);
        await TestLink.UntilAsync(() => !ends.IsEmpty, "the end of the connection");

        await link.MustConnectAsync();
        Assert.True(link.IsConnected);
        Assert.Contains("this service disconnected", Assert.Single(ends), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto, 0)]
    [InlineData(BrokerKind.Mosquitto, 1)]
    [InlineData(BrokerKind.Mosquitto, 2)]
    [InlineData(BrokerKind.Embedded, 0)]
    [InlineData(BrokerKind.Embedded, 1)]
    [InlineData(BrokerKind.Embedded, 2)]
    public async Task A_subscriber_gets_the_bytes_that_were_published(BrokerKind kind, int qualityOfService)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        await using var link = await TestLink.ConnectAsync(broker.Address);
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];

        var outcome = await link.PublishAsync(
            new OutboundMessage("a/b", bytes, Retain: false, qualityOfService, "image/jpeg"), CancellationToken.None);

        Assert.True(outcome.Kind == PublishOutcomeKind.Accepted, $"{outcome}");
        var message = await sub.WaitForAsync("a/b");
        Assert.Equal(bytes, message.Payload);
        Assert.Equal(qualityOfService, message.QualityOfService);
        Assert.False(message.Retained);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_late_subscriber_gets_the_last_retained_message_and_no_other(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var link = await TestLink.ConnectAsync(broker.Address);
        await link.PublishAsync("a/state", "no", retain: true);
        await link.PublishAsync("a/state", "yes", retain: true);
        await link.PublishAsync("a/event", "gone");
        await link.PublishAsync("a/cleared", "once", retain: true);
        await link.PublishAsync("a/cleared", "", retain: true);

        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        await sub.WaitForAsync("a/state");
        await link.PublishAsync("a/last", "now");
        await sub.WaitForAsync("a/last");

        Assert.Equal(["a/state=yes retained=True", "a/last=now retained=False"], sub.Messages.Select(Line));
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_publish_without_subscriber_counts_as_accepted(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var link = await TestLink.ConnectAsync(broker.Address);

        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("nobody/listens", "x")).Kind);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task The_will_is_sent_and_retained_when_a_link_vanishes(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        var link = await TestLink.ConnectAsync(broker.Address);
        await link.PublishAsync(TestLink.Availability, "online", retain: true);

        await link.DisposeAsync();

        var will = await sub.WaitForAsync(TestLink.Availability, m => m.Text == "offline");
        Assert.Equal(1, will.QualityOfService);
        await using var late = await MosquittoSub.StartAsync(broker.Address);
        var kept = await late.WaitForAsync(TestLink.Availability);
        Assert.Equal($"{TestLink.Availability}=offline retained=True", Line(kept));
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task The_will_is_not_sent_after_a_disconnect(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind, maxClients: 2);
        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        await using var link = await TestLink.ConnectAsync(broker.Address);
        await link.PublishAsync(TestLink.Availability, "stopped", retain: true);
        await link.DisconnectAsync(CancellationToken.None);

        // The broker accepts another client once it is done with the first.
        await using var other = TestLink.Create(broker.Address);
        await other.UntilConnectedAsync();
        await other.PublishAsync("end", "");
        await sub.WaitForAsync("end");

        Assert.Equal(["stopped", ""], sub.Messages.Select(m => m.Text));
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_broker_that_dies_ends_the_connection_once_and_loses_publishes(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var link = await TestLink.ConnectAsync(broker.Address);
        var ends = link.Ends();

        await broker.StopAsync();

        await TestLink.UntilAsync(() => !ends.IsEmpty, "the end of the connection");
        Assert.False(link.IsConnected);
        Assert.Equal(PublishOutcomeKind.Unacknowledged, (await link.PublishAsync("a", "x")).Kind);
        var again = await link.ConnectAsync(CancellationToken.None);
        Assert.Equal(ConnectOutcomeKind.Unreachable, again.Kind);
        Assert.NotEmpty(await link.OneEndAsync(ends));
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_second_client_with_the_same_id_ends_the_first_one_with_that_reason(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        var settings = TestLink.Settings(broker.Address);
        await using var first = await TestLink.ConnectAsync(settings);
        var ends = first.Ends();

        await using var second = await TestLink.ConnectAsync(settings);

        Assert.Contains("same id", await first.OneEndAsync(ends), StringComparison.Ordinal);
        Assert.True(second.IsConnected);
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task Many_publishes_at_once_all_arrive(BrokerKind kind)
    {
        await using var broker = await TestBroker.StartAsync(kind);
        await using var sub = await MosquittoSub.StartAsync(broker.Address);
        await using var link = await TestLink.ConnectAsync(broker.Address);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => link.PublishAsync($"many/{i}", "x")));

        Assert.All(outcomes, o => Assert.Equal(PublishOutcomeKind.Accepted, o.Kind));
        await TestLink.UntilAsync(() => sub.Messages.Count == 200, "200 messages");
    }

    [Theory]
    [InlineData(BrokerKind.Mosquitto)]
    [InlineData(BrokerKind.Embedded)]
    public async Task A_message_above_the_brokers_limit_is_refused_and_the_connection_stays(BrokerKind kind)
    {
        await using var mosquitto = kind == BrokerKind.Mosquitto
            ? await Mosquitto.StartAsync(new MosquittoOptions { Extra = "max_packet_size 1048576" })
            : null;
        await using var broker = kind == BrokerKind.Embedded ? await TestBroker.StartAsync(kind) : null;
        await using var link = await TestLink.ConnectAsync(mosquitto?.Address ?? broker!.Address);

        var outcome = await link.PublishAsync(
            new OutboundMessage("a", new byte[2_000_000], Retain: false), CancellationToken.None);

        Assert.Equal(PublishOutcomeKind.Refused, outcome.Kind);
        Assert.Contains("1048576", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "small")).Kind);
    }

    [Fact]
    public async Task A_port_without_a_listener_is_reported_as_unreachable()
    {
        await using var link = TestLink.Create(new Uri($"mqtt://127.0.0.1:{Mosquitto.FreePort()}"));
        var ends = link.Ends();

        var outcome = await link.ConnectAsync(CancellationToken.None);

        Assert.Equal(ConnectOutcomeKind.Unreachable, outcome.Kind);
        Assert.Contains("Mqtt:Broker", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal(PublishOutcomeKind.Unacknowledged, (await link.PublishAsync("a", "x")).Kind);
        await link.DisposeAsync();
        Assert.Empty(ends);
    }

    [Fact]
    public async Task An_unknown_host_is_unreachable()
    {
        await using var link = TestLink.Create(new Uri("mqtt://no-such-host.invalid"));

        Assert.Equal(ConnectOutcomeKind.Unreachable, (await link.ConnectAsync(CancellationToken.None)).Kind);
        Assert.Equal("mqtt://no-such-host.invalid:1883", link.Description);
    }

    [Fact]
    public async Task A_disposed_link_cannot_connect_and_loses_publishes()
    {
        var link = TestLink.Create(new Uri("mqtt://127.0.0.1"));
        await link.DisposeAsync();
        await link.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => link.ConnectAsync(CancellationToken.None));
        Assert.Equal(PublishOutcomeKind.Unacknowledged, (await link.PublishAsync("a", "x")).Kind);
    }

    [Fact]
    public async Task What_can_never_be_published_throws()
    {
        await using var link = TestLink.Create(new Uri("mqtt://127.0.0.1"));

        await Assert.ThrowsAsync<ArgumentException>(() => link.PublishAsync("a/#", "x"));
        await Assert.ThrowsAsync<ArgumentException>(() => link.PublishAsync("a", "x", qualityOfService: 3));
    }

    [Theory]
    [InlineData("http://localhost")]
    [InlineData("mqtt://user:password@localhost")]
    public void An_address_that_cannot_be_used_is_refused_without_repeating_it(string address)
    {
        var e = Assert.Throws<ArgumentException>(() => TestLink.Create(new Uri(address)));

        Assert.Contains("Mqtt:Broker", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("password@", e.Message, StringComparison.Ordinal);
    }

    private static string Line(ReceivedMessage m) => $"{m.Topic}={m.Text} retained={m.Retained}";
}
