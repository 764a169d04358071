using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>Brokers that speak no MQTT 5, each in its own way of saying so.</summary>
public sealed class OlderBrokerTests
{
    private const string TakesOlder = "MQTT 3.1.1";

    [Theory]
    [InlineData(OldBrokerHabit.Closes)]
    [InlineData(OldBrokerHabit.Resets)]
    [InlineData(OldBrokerHabit.Refuses)]
    [InlineData(OldBrokerHabit.AcceptsBlindly)]
    [InlineData(OldBrokerHabit.Babbles)]
    [InlineData(OldBrokerHabit.ClosesAtSubscribe)]
    public async Task A_broker_without_MQTT_5_is_spoken_to_in_3_1_1_with_one_warning(OldBrokerHabit habit)
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var watcher = await MosquittoSub.StartAsync(mosquitto.Address);
        await using var broker = new OldBroker(mosquitto.Address, habit);
        var logger = new ListLogger();
        var settings = TestLink.Settings(broker.Address);
        settings = settings with
        {
            Will = settings.Will with { ContentType = "text/plain" },
            Subscriptions = [new MqttSubscription("commands/+")],
        };
        await using var link = await TestLink.ConnectAsync(settings, logger);

        var outcome = await link.PublishAsync(
            new OutboundMessage("a", new byte[] { 1 }, Retain: false, 1, "image/jpeg"), CancellationToken.None);
        Assert.True(outcome.Kind == PublishOutcomeKind.Accepted, $"{outcome}");
        Assert.Equal([1], (await watcher.WaitForAsync("a")).Payload);
        MosquittoTool.Run("mosquitto_pub", mosquitto.Address, ["-t", "commands/x", "-m", "hello"]);
        using var limit = new CancellationTokenSource(TestLink.Soon);
        Assert.Equal("hello", (await link.Inbound.ReadAsync(limit.Token)).Text);
        Assert.Equal((5, 4), (broker.Levels.First(), broker.Levels.Last()));
        Assert.Single(logger.Lines, line => line.StartsWith("Warning: ", StringComparison.Ordinal)
            && line.Contains(TakesOlder, StringComparison.Ordinal));

        // At the next connect it is not asked again, and not reported again.
        var before = broker.Levels.Count;
        await link.DisconnectAsync(CancellationToken.None);
        await link.MustConnectAsync();
        Assert.Equal([4], broker.Levels.Skip(before));
        Assert.Single(logger.Lines, line => line.Contains(TakesOlder, StringComparison.Ordinal));

        // Finding out the version must not have sent the will, unless the broker itself closes what it accepted.
        Assert.True(habit == OldBrokerHabit.ClosesAtSubscribe
            || watcher.Messages.All(message => message.Topic != TestLink.Availability));
    }

    [Fact]
    public async Task A_broker_that_closes_at_the_first_message_in_MQTT_5_is_spoken_to_in_3_1_1_after_three_times()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.ClosesAtPublish);
        var logger = new ListLogger();
        await using var link = new MqttLink(TestLink.Settings(broker.Address), logger);
        var ends = link.Ends();
        for (var attempt = 1; attempt <= ProtocolChoice.UnusedEndsBeforeOlder; attempt++)
        {
            await link.MustConnectAsync();
            Assert.Equal(PublishOutcomeKind.Unacknowledged, (await link.PublishAsync("a", "b")).Kind);
            await TestLink.UntilAsync(() => ends.Count == attempt, "the end of the connection");
        }

        await TestLink.UntilAsync(() => logger.Lines.Any(line => line.Contains(TakesOlder, StringComparison.Ordinal)), "a warning");
        await link.MustConnectAsync();
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "b")).Kind);
        Assert.Equal([5, 5, 5, 4], broker.Levels);
    }

    [Fact]
    public async Task A_broker_that_closes_at_the_first_message_in_every_version_is_spoken_to_in_MQTT_5_again()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.ClosesAtPublish);
        await using var link = TestLink.Create(broker.Address);
        var ends = link.Ends();
        for (var attempt = 1; attempt <= 8; attempt++)
        {
            if (attempt == 4)
            {
                // The one in 3.1.1 fares no better.
                await link.MustConnectAsync();
                await mosquitto.RestartAsync();
            }
            else
            {
                await link.MustConnectAsync();
                await link.PublishAsync("a", "b");
            }

            await TestLink.UntilAsync(() => ends.Count == attempt, "the end of the connection");
        }

        Assert.Equal([5, 5, 5, 4, 5, 5, 5, 5], broker.Levels);
    }

    [Fact]
    public async Task What_a_broker_accepts_in_the_form_of_3_1_1_is_not_a_connection_in_MQTT_5()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var watcher = await MosquittoSub.StartAsync(mosquitto.Address);
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.AcceptsBlindly);
        await using var link = await TestLink.ConnectAsync(broker.Address);
        Assert.Equal([5, 4], broker.Levels);
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "b")).Kind);
        Assert.Equal("b", (await watcher.WaitForAsync("a")).Text);
    }

    [Fact]
    public async Task A_broker_that_closes_once_because_it_is_starting_is_spoken_to_in_MQTT_5()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var watcher = await MosquittoSub.StartAsync(mosquitto.Address);
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.Takes);
        broker.Next.Enqueue(OldBrokerHabit.ClosesAlways);
        var logger = new ListLogger();

        await using var link = await TestLink.ConnectAsync(TestLink.Settings(broker.Address), logger);
        Assert.Equal(PublishOutcomeKind.Accepted, (await link.PublishAsync("a", "b")).Kind);
        await watcher.WaitForAsync("a");

        Assert.Equal([5, 4, 5], broker.Levels);
        Assert.DoesNotContain(logger.Lines, line => line.Contains(TakesOlder, StringComparison.Ordinal));
        Assert.DoesNotContain(watcher.Messages, message => message.Topic == TestLink.Availability);
    }

    [Fact]
    public async Task MQTT_5_is_tried_again_after_a_day_and_used_when_the_broker_has_learnt_it()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.Closes);
        var time = new FakeTimeProvider();
        var logger = new ListLogger();
        await using var link = new MqttLink(TestLink.Settings(broker.Address), logger, time);
        await link.MustConnectAsync();
        broker.Habit = OldBrokerHabit.Takes;
        await link.DisconnectAsync(CancellationToken.None);
        await link.MustConnectAsync();
        Assert.Equal(4, broker.Levels.Last());

        time.Advance(ProtocolChoice.TryNewerAfter);
        await link.DisconnectAsync(CancellationToken.None);
        await link.MustConnectAsync();

        Assert.Equal(5, broker.Levels.Last());
        Assert.Single(logger.Lines, line => line.Contains("speaks MQTT 5 now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_broker_that_is_replaced_by_one_of_another_version_is_found_out_at_the_next_connect()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.Refuses);
        await using var link = await TestLink.ConnectAsync(TestLink.Settings(broker.Address));
        broker.Next.Enqueue(OldBrokerHabit.ClosesAlways);
        broker.Habit = OldBrokerHabit.Takes;
        var before = broker.Levels.Count;
        await link.DisconnectAsync(CancellationToken.None);
        await link.MustConnectAsync();
        Assert.Equal([4, 5], broker.Levels.Skip(before));
    }

    [Fact]
    public async Task A_wrong_password_stays_a_wrong_password_with_a_broker_that_closes_on_MQTT_5()
    {
        await using var mosquitto = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge" });
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.Closes);
        await using var link = TestLink.Create(broker.Address);
        var outcome = await link.ConnectAsync(CancellationToken.None);
        Assert.Equal(ConnectOutcomeKind.Refused, outcome.Kind);
        Assert.Contains("Mqtt:User", outcome.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_closes_every_connection_is_unreachable_and_no_older_broker()
    {
        await using var mosquitto = await Mosquitto.StartAsync();
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.ClosesAlways);
        var logger = new ListLogger();
        await using var link = new MqttLink(TestLink.Settings(broker.Address), logger);
        var outcome = await link.ConnectAsync(CancellationToken.None);
        Assert.Equal(ConnectOutcomeKind.Unreachable, outcome.Kind);
        Assert.Contains("ended the connection before answering", outcome.Reason, StringComparison.Ordinal);
        Assert.Equal([5, 4], broker.Levels);
        Assert.DoesNotContain(logger.Lines, line => line.Contains(TakesOlder, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_untrusted_certificate_is_not_reported_as_an_older_broker()
    {
        using var authority = new TestAuthority();
        await using var mosquitto = await Mosquitto.StartAsync(new MosquittoOptions { Authority = authority });
        await using var broker = new OldBroker(mosquitto.Address, OldBrokerHabit.PassesBytes);
        await using var link = TestLink.Create(new Uri($"mqtts://127.0.0.1:{broker.Address.Port}"));
        var outcome = await link.ConnectAsync(CancellationToken.None);
        Assert.Equal(ConnectOutcomeKind.TlsFailed, outcome.Kind);
        Assert.Equal(1, broker.Connections);
    }
}
