using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing.Webhooks;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Connectors.Webhooks;
using MobileVlm.Edge.Tests.Shared.Webhooks;

namespace MobileVlm.Edge.Actors.Tests.Publishing.Webhooks;

/// <summary>The delivery of events to receivers of webhooks: order, retries, restarts, and that nobody waits for anybody else.</summary>
public sealed class WebhookDeliveryTests : IAsyncDisposable
{
    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-webhooks-").FullName;
    private readonly List<WebhookDelivery> _deliveries = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var delivery in _deliveries)
        {
            await delivery.DisposeAsync();
        }

        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Events_arrive_in_order_and_each_is_sent_until_it_is_taken()
    {
        var sender = new FakeSender();
        sender.Outcomes.Enqueue(Failed);
        sender.Outcomes.Enqueue(Failed);
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));
        await delivery.StoreAsync(Event("2"));

        await PassAsync(() => delivery.Stats.Delivered == 2);

        Assert.Equal(["1", "1", "1", "2"], sender.Sent.Select(it => it.Id));
        Assert.Equal((2, 0, null), (delivery.Stats.Failed, delivery.Stats.Waiting, delivery.Stats.LastFailure));
        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Warning, "Webhook 'alarm': http://receiver does not take events (status 500)"));
        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Information, "Webhook 'alarm': http://receiver accepts events again"));
    }

    [Fact]
    public async Task Waits_between_attempts_grow_and_those_that_the_receiver_asks_for_are_kept()
    {
        var sender = new FakeSender();
        sender.Outcomes.Enqueue(Failed);
        sender.Outcomes.Enqueue(Failed);
        sender.Outcomes.Enqueue(Failed with { RetryAfter = TimeSpan.FromSeconds(90) });
        sender.Outcomes.Enqueue(Failed with { RetryAfter = TimeSpan.FromDays(30) });
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));

        // The longest wait is an hour.
        await PassAsync(() => delivery.Stats.Delivered == 1, TimeSpan.FromMinutes(10));

        double[] waits = [1, 2, 90, 3600];
        Assert.Equal(waits, _bench.Time.Waits.Items.Select(wait => wait.TotalSeconds).Where(seconds => waits.Contains(seconds)));
    }

    [Fact]
    public async Task An_event_that_is_refused_is_dropped_with_a_line_and_the_next_one_is_sent()
    {
        var sender = new FakeSender();
        sender.Outcomes.Enqueue(new WebhookOutcome(WebhookOutcomeKind.Refused, "status 400"));
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));
        await delivery.StoreAsync(Event("2"));
        await PassAsync(() => delivery.Stats.Delivered == 1);
        Assert.Equal(["1", "2"], sender.Sent.Select(it => it.Id));
        Assert.Equal((1, 0), (delivery.Stats.Refused, delivery.Stats.Waiting));
        Assert.Single(_bench.Rig.Log.Logged(LogLevel.Warning, "Webhook 'alarm': http://receiver refused event 1 (status 400)."));
    }

    [Fact]
    public async Task Only_events_of_the_configured_questions_and_states_are_sent()
    {
        var sender = new FakeSender();
        var delivery = Started(sender, parts => parts with { Questions = [QuestionPattern.Parse("gate/*")], States = ["yes"] });
        await delivery.StoreAsync(Event("1") with { Camera = "hall" });
        await delivery.StoreAsync(Event("2") with { To = "no" });
        await delivery.StoreAsync(Event("3"));
        await PassAsync(() => delivery.Stats.Delivered == 1);
        Assert.Equal(["3"], sender.Sent.Select(it => it.Id));
    }

    [Fact]
    public async Task A_sender_that_throws_costs_a_pause_and_no_event()
    {
        var sender = new FakeSender { Defect = new InvalidOperationException("a defect") };
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));
        await Eventually.TrueAsync(() => _bench.Rig.Log.Logged(LogLevel.Error, "Webhook 'alarm' met a defect").Any(), "the line");
        sender.Defect = null;
        await PassAsync(() => delivery.Stats.Delivered == 1);
    }

    [Fact]
    public async Task An_event_that_waited_is_historical()
    {
        var sender = new FakeSender();
        sender.Outcomes.Enqueue(Failed with { RetryAfter = TimeSpan.FromSeconds(60) });
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));
        await PassAsync(() => delivery.Stats.Delivered == 1);
        Assert.Equal([false, true], sender.Sent.Select(it => MqttJson.ReadEvent(it.Body)!.Historical));
    }

    [Fact]
    public async Task A_receiver_that_is_dead_delays_no_other()
    {
        var (dead, alive) = (new FakeSender { Hang = new TaskCompletionSource<WebhookOutcome>() }, new FakeSender());
        var set = new WebhookSet([Started(dead), Started(alive)]);
        await set.StoreAsync(Event("1"));
        await set.StoreAsync(Event("2"));
        await Eventually.TrueAsync(() => alive.Sent.Count == 2, "the other one has all");
        Assert.Single(dead.Sent);

        // Nor does it hold up a stop for longer than its limit.
        using var limit = new CancellationTokenSource();
        var stopping = set.StopAsync(limit.Token);
        await limit.CancelAsync();
        await stopping.WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task A_stop_sends_what_waits_while_the_receiver_takes_it()
    {
        var hang = new TaskCompletionSource<WebhookOutcome>();
        var sender = new FakeSender { Hang = hang };
        var delivery = Started(sender);
        await delivery.StoreAsync(Event("1"));
        await delivery.StoreAsync(Event("2"));
        await Eventually.TrueAsync(() => sender.Sent.Count == 1, "the first attempt");
        var stopping = delivery.StopAsync(CancellationToken.None);
        sender.Hang = null;
        hang.SetResult(new WebhookOutcome(WebhookOutcomeKind.Delivered, ""));
        await stopping.WaitAsync(Eventually.Patience);
        Assert.Equal(2, delivery.Stats.Delivered);
    }

    [Fact]
    public async Task Events_survive_a_restart_of_the_service_and_of_the_receiver_and_arrive_once_and_in_order()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await receiver.StopAsync();
        var first = Real(receiver.Url);
        for (var i = 1; i <= 5; i++)
        {
            await first.StoreAsync(Event($"{i}"));
        }

        await Eventually.TrueAsync(() => first.Stats.Failed > 0, "an attempt failed");
        await first.StopAsync(new CancellationToken(canceled: true));
        await first.DisposeAsync();
        _deliveries.Remove(first);
        await receiver.RestartAsync();

        var again = Real(receiver.Url);
        await again.StoreAsync(Event("6"));
        await Eventually.TrueAsync(() => again.Stats.Delivered == 6, "all are delivered");

        Assert.Equal(["1", "2", "3", "4", "5", "6"], receiver.Taken.Select(it => it.Id));
        Assert.Equal([true, true, true, true, true, false], receiver.Taken.Select(it => it.Json.GetProperty("historical").GetBoolean()));
    }

    [Fact]
    public async Task A_receiver_that_fails_in_between_gets_each_event_again_under_its_id()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var requests = 0;
        receiver.Respond = http =>
        {
            http.Response.StatusCode = Interlocked.Increment(ref requests) % 2 == 1 ? 503 : 200;
            return Task.CompletedTask;
        };
        var delivery = Real(receiver.Url);
        for (var i = 1; i <= 3; i++)
        {
            await delivery.StoreAsync(Event($"{i}"));
        }

        await Eventually.TrueAsync(() => delivery.Stats.Delivered == 3, "all are delivered");
        Assert.Equal(["1", "1", "2", "2", "3", "3"], receiver.Received.Select(it => it.Id));
        Assert.Equal(["1", "2", "3"], receiver.Taken.Select(it => it.Id));
    }

    [Fact]
    public async Task The_service_sends_its_events_to_webhooks_without_a_broker_and_counts_them()
    {
        var sender = new FakeSender();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Webhooks = [new WebhookParts("alarm", sender, new MemoryOutbox(TimeProvider.System))] };
        rig.Link.OnConnect = () => Connectors.Mqtt.Client.ConnectOutcomeKind.Unreachable;
        rig.Engine.OnAnswer = (frame, _) => frame % 2 == 1 ? "0.1" : "0.9";
        await rig.StartAsync();
        for (var i = 1; i <= 3; i++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(i);
        }

        await Eventually.TrueAsync(() => rig.Stats.Webhooks!["alarm"].Delivered == 2, "two events");
        var happened = sender.Sent.Select(it => MqttJson.ReadEvent(it.Body)!).ToList();
        Assert.Equal([("no", "yes", false), ("yes", "no", false)], happened.Select(it => (it.From, it.To, it.Historical)));
        Assert.Equal(happened.Select(it => it.Id), sender.Sent.Select(it => it.Id));
        Assert.True(JsonDocument.Parse(MqttJson.Serialize(rig.Stats)).RootElement.GetProperty("webhooks").TryGetProperty("alarm", out _));
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_a_disk_that_hangs()
    {
        var outbox = new HeldOutbox();
        var delivery = Started(new FakeSender(), parts => parts with { Outbox = outbox });
        await outbox.Asked.Task.WaitAsync(Eventually.Patience);

        await delivery.StopAsync(new CancellationToken(canceled: true)).WaitAsync(Eventually.Patience);

        outbox.Answers.SetResult(null);
    }

    [Fact]
    public async Task An_event_that_is_stored_while_the_outbox_is_asked_is_sent_at_once()
    {
        var outbox = new HeldOutbox();
        var sender = new FakeSender();
        var delivery = Started(sender, parts => parts with { Outbox = outbox });
        await outbox.Asked.Task.WaitAsync(Eventually.Patience);
        await delivery.StoreAsync(Event("1"));
        outbox.Answers.SetResult(null);

        // The clock of this test stands still.
        await Eventually.TrueAsync(() => delivery.Stats.Delivered == 1, "the event is delivered");
    }

    [Fact]
    public async Task An_outbox_that_returns_nothing_of_what_it_has_is_asked_again()
    {
        var outbox = new HeldOutbox { MoreOfNothing = 2 };
        var sender = new FakeSender();
        var delivery = Started(sender, parts => parts with { Outbox = outbox });
        await delivery.StoreAsync(Event("1"));
        outbox.Answers.SetResult(null);

        await PassAsync(() => delivery.Stats.Delivered == 1);

        Assert.Equal(["1"], sender.Sent.Select(it => it.Id));
    }

    [Fact]
    public async Task An_event_that_a_webhook_does_not_want_is_stored_once_those_before_it_are()
    {
        var outbox = new SlowOutbox(_bench.Time);
        var delivery = Started(new FakeSender(), parts => parts with { Outbox = outbox, States = ["yes"] });
        var wanted = delivery.StoreAsync(Event("1"));
        var unwanted = delivery.StoreAsync(Event("2") with { To = "no" });
        Assert.False(wanted.IsCompleted || unwanted.IsCompleted);

        outbox.Open();

        await unwanted.WaitAsync(Eventually.Patience);
        Assert.True(wanted.IsCompleted);
    }

    private static WebhookOutcome Failed => new(WebhookOutcomeKind.Failed, "status 500");

    private static EventPayload Event(string id)
    {
        var noon = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        return EventPayloads.Of(id) with { At = noon, Since = noon };
    }

    private WebhookDelivery Started(FakeSender sender, Func<WebhookParts, WebhookParts>? change = null)
    {
        var parts = new WebhookParts("alarm", sender, new MemoryOutbox(_bench.Time));
        return Start(change?.Invoke(parts) ?? parts, _bench.Time);
    }

    private WebhookDelivery Real(Uri url)
    {
        var outbox = SqliteOutbox.Open(
            new OutboxSettings { Path = Path.Combine(_folder, "alarm.db"), BatchWindow = TimeSpan.Zero }, TimeProvider.System, _bench.Logger<SqliteOutbox>());
        var sender = new WebhookSender(new WebhookSettings { Name = "alarm", Url = url }, "1.2.3", TimeProvider.System);
        return Start(
            new WebhookParts("alarm", sender, outbox) { Retry = new ReconnectSettings { Min = TimeSpan.FromMilliseconds(10), Max = TimeSpan.FromMilliseconds(20) } },
            TimeProvider.System);
    }

    private WebhookDelivery Start(WebhookParts parts, TimeProvider time)
    {
        var delivery = new WebhookDelivery(parts, _bench.Messages, _bench.Clock, () => 0, time, _bench.Logger<WebhookDelivery>());
        _deliveries.Add(delivery);
        delivery.Start();
        return delivery;
    }

    private Task PassAsync(Func<bool> condition, TimeSpan? step = null) => Eventually.TrueAsync(
        () =>
        {
            if (condition())
            {
                return true;
            }

            _bench.Time.Advance(step ?? TimeSpan.FromSeconds(10));
            return false;
        },
        "the condition holds once time has passed");

    /// <summary>Holds its first answer until the test gives it.</summary>
    private sealed class HeldOutbox : IEventOutbox
    {
        private readonly MemoryOutbox _inner = new(TimeProvider.System);
        private int _asked;

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource<WaitingEvent?> Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Answers after the first that are null.</summary>
        public int MoreOfNothing { get; init; }

        public OutboxStats Stats => _inner.Stats;

        public Task<StoreOutcome> StoreAsync(OutboxEvent happened) => _inner.StoreAsync(happened);

        public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics)
        {
            Asked.TrySetResult();
            var asked = Interlocked.Increment(ref _asked);
            return asked == 1 ? Answers.Task : asked <= 1 + MoreOfNothing ? Task.FromResult<WaitingEvent?>(null) : _inner.OldestAsync(exceptTopics);
        }

        public Task RemoveAsync(string id) => _inner.RemoveAsync(id);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }

    private sealed class FakeSender : IWebhookSender
    {
        public ConcurrentQueue<(string Id, byte[] Body)> Sent { get; } = new();

        public ConcurrentQueue<WebhookOutcome> Outcomes { get; } = new();

        public Exception? Defect { get; set; }

        public TaskCompletionSource<WebhookOutcome>? Hang { get; set; }

        public string Receiver => "http://receiver";

        public Task<WebhookOutcome> SendAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancel)
        {
            if (Defect is { } defect)
            {
                throw defect;
            }

            Sent.Enqueue((id, body.ToArray()));
            return Hang is { } hang ? hang.Task.WaitAsync(cancel)
                : Task.FromResult(Outcomes.TryDequeue(out var outcome) ? outcome : new WebhookOutcome(WebhookOutcomeKind.Delivered, "status 200"));
        }

        public void Dispose()
        {
        }
    }
}
