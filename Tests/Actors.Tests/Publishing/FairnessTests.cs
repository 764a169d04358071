using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.AdHoc;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

/// <summary>Replies, states and events take turns.</summary>
public sealed class FairnessTests(ITestOutputHelper output)
{
    [Fact]
    public async Task With_any_backlog_in_one_queue_the_others_have_every_third_message()
    {
        var time = new FakeTime();
        var outgoing = await FullAsync(time, states: 20, replies: 100, events: 100);

        var sent = new List<OutgoingQueue>();
        while (outgoing.TakeNext(_ => Message("event")) is { } next)
        {
            sent.Add(next.Queue);
            Assert.True(outgoing.TrySettle(next, PublishOutcomeKind.Accepted));
            if (next.Queue == OutgoingQueue.Event)
            {
                outgoing.Events.Complete(await outgoing.Events.AcknowledgedAsync());
                outgoing.Events.Complete(await outgoing.Events.FetchAsync()!);
            }
        }

        // After a connect the states come before the first event; both take turns with the replies.
        Assert.Equal(220, sent.Count);
        Assert.Equal(20, sent.Take(40).Count(queue => queue == OutgoingQueue.Retained));
        Assert.DoesNotContain(OutgoingQueue.Event, sent.Take(40));
        Assert.Equal(80, sent.Skip(40).Take(160).Count(queue => queue == OutgoingQueue.Event));

        // A state that comes now waits for two messages at most.
        outgoing = await FullAsync(time, states: 1, replies: 100, events: 100);
        var wait = 0;
        for (var state = 0; state < 30; state++)
        {
            outgoing.Retained.Set(Message("state"));
            for (var turn = 1; ; turn++)
            {
                var next = outgoing.TakeNext(_ => Message("event"))!;
                outgoing.TrySettle(next, PublishOutcomeKind.Accepted);
                if (next.Queue == OutgoingQueue.Retained)
                {
                    wait = Math.Max(wait, turn);
                    break;
                }
            }
        }

        Assert.InRange(wait, 1, 3);
    }

    [Fact]
    public async Task A_reply_without_an_acknowledgement_holds_up_neither_states_nor_events()
    {
        var outgoing = await FullAsync(new FakeTime(), states: 2 * OutgoingMessages.MaxRetainedInFlight, replies: 3, events: 3);
        var sent = TakeAll(outgoing);
        Assert.Equal(1, sent.Count(it => it.Queue == OutgoingQueue.OneTime));
        Assert.Equal(OutgoingMessages.MaxRetainedInFlight, sent.Count(it => it.Queue == OutgoingQueue.Retained));

        // The reply stays out; the states before the first event, then one event.
        for (var settled = 0; settled < 2 * OutgoingMessages.MaxRetainedInFlight; settled++)
        {
            var state = sent.First(it => it.Queue == OutgoingQueue.Retained);
            sent.Remove(state);
            Assert.True(outgoing.TrySettle(state, PublishOutcomeKind.Accepted));
            sent.AddRange(TakeAll(outgoing));
        }

        Assert.Equal([OutgoingQueue.OneTime, OutgoingQueue.Event], sent.Select(it => it.Queue));
        Assert.False(outgoing.IsSettled);
    }

    [Fact]
    public async Task What_was_lost_together_is_sent_one_at_a_time_after_the_next_connect()
    {
        var outgoing = await FullAsync(new FakeTime(), states: 5, replies: 3, events: 1);
        foreach (var lost in TakeAll(outgoing))
        {
            Assert.True(outgoing.TrySettle(lost, PublishOutcomeKind.Unacknowledged));
        }

        outgoing.Connected();
        var alone = new List<string>();
        for (var all = TakeAll(outgoing); all.Count == 1; all = TakeAll(outgoing))
        {
            alone.Add(all[0].Message.Topic);
            Assert.True(outgoing.TrySettle(all[0], PublishOutcomeKind.Accepted));
            if (all[0].Queue == OutgoingQueue.Event)
            {
                outgoing.Events.Complete(await outgoing.Events.AcknowledgedAsync());
            }
        }

        Assert.Equal(["event", "reply", "reply", "reply", "state0", "state1", "state2", "state3", "state4"], alone.Order(StringComparer.Ordinal));

        // A loss costs this once.
        for (var state = 0; state < 20; state++)
        {
            outgoing.Retained.Set(Message($"later{state}"));
        }

        for (var all = TakeAll(outgoing); all.Count == 1; all = TakeAll(outgoing))
        {
            Assert.True(outgoing.TrySettle(all[0], PublishOutcomeKind.Accepted));
        }

        Assert.False(outgoing.IsSettled);
    }

    [Fact]
    public async Task A_broker_that_hangs_up_over_one_message_gets_all_others()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always, snapshot: true));
        var inFlight = 0;
        rig.Link.OnPublish = async message =>
        {
            var connects = rig.Link.Connects.Items.Count;
            var isAlone = Interlocked.Increment(ref inFlight) == 1;
            try
            {
                if (message.Topic.EndsWith("/snapshot", StringComparison.Ordinal))
                {
                    rig.Link.Drop();
                    return isAlone ? PublishOutcomeKind.Refused : PublishOutcomeKind.Unacknowledged;
                }

                await Task.Delay(5);
                return rig.Link.IsConnected && rig.Link.Connects.Items.Count == connects
                    ? PublishOutcomeKind.Accepted
                    : PublishOutcomeKind.Unacknowledged;
            }
            finally
            {
                Interlocked.Decrement(ref inFlight);
            }
        };
        await rig.StartAsync();
        const int Frames = 10;
        for (var frame = 1; frame <= Frames; frame++)
        {
            rig.Camera.Push();
            await rig.Link.Published.UntilAsync(
                published => published.Any(line => line.Contains("/person/answer=", StringComparison.Ordinal) && line.EndsWith($"#{frame}", StringComparison.Ordinal)),
                $"answer {frame}");
        }

        await rig.Log.Lines.UntilAsync(
            lines => lines.Any(line => line.Text.Contains("The broker refuses mobilevlm/box/gate/snapshot", StringComparison.Ordinal)), "who is to blame");

        // It is found out once; from then on each such message costs one connection.
        Assert.InRange(rig.Link.Connects.Items.Count, 1, Frames + 5);
        rig.Link.OnPublish = _ => Task.FromResult(PublishOutcomeKind.Accepted);
    }

    [Fact]
    public async Task A_flood_of_malformed_questions_over_a_slow_broker_delays_no_state_by_one_second()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var answered = new ConcurrentDictionary<long, long>();
        var arrivals = new ConcurrentDictionary<long, long>();
        rig.AnswerText = answer => $"{answer.Frame}";
        rig.Link.OnPublish = async message =>
        {
            await Task.Delay(30);
            if (message.Topic.EndsWith("/answer", StringComparison.Ordinal))
            {
                arrivals.TryAdd(long.Parse(rig.Link.Text(message), CultureInfo.InvariantCulture), Stopwatch.GetTimestamp());
            }

            return PublishOutcomeKind.Accepted;
        };
        await rig.StartAsync();
        rig.Edge.Answered += answer => answered[answer.Sequence.Value] = Stopwatch.GetTimestamp();

        // The burst that is let through at once, then 50 per second.
        var asked = 0;
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) is var elapsed && elapsed < TimeSpan.FromSeconds(3))
        {
            for (; asked < 250 + (50 * elapsed.TotalSeconds); asked++)
            {
                rig.Ask("{\"question\": 7");
            }

            var frame = rig.Camera.Push();
            await Eventually.TrueAsync(() => answered.ContainsKey(frame), "the answer");
            await Eventually.TrueAsync(() => arrivals.ContainsKey(frame), "the state");
        }

        var delays = answered.Select(it => Stopwatch.GetElapsedTime(it.Value, arrivals[it.Key]).TotalSeconds).Order().ToList();
        output.WriteLine(
            $"{asked} malformed questions, {rig.Replies().Count} replies so far, {delays.Count} states: median {delays[delays.Count / 2]:0.000} s, longest {delays[^1]:0.000} s");
        Assert.InRange(delays[^1], 0, 1);
        Assert.True(rig.Replies().Count > 10, "replies must not starve either");
        rig.Link.OnPublish = _ => Task.FromResult(PublishOutcomeKind.Accepted);
    }

    [Fact]
    public async Task Replies_above_their_bound_drop_the_oldest_which_is_logged_once_per_minute()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once));
        rig.Settings = rig.Settings with { Commands = new CommandSettings { Burst = 10_000 } };
        var held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Link.OnPublish = async _ =>
        {
            await held.Task;
            return PublishOutcomeKind.Accepted;
        };
        await rig.StartAsync();

        const int asked = PublisherState.MaxReplies + 88;
        for (var i = 0; i < asked; i++)
        {
            rig.Ask($$"""{"id": "{{i}}", "question": 7}""");
        }

        // One is in flight.
        await Eventually.TrueAsync(() => rig.Stats.Mqtt.Failed >= asked - PublisherState.MaxReplies - 1, "the bound");
        held.SetResult();
        await rig.UntilRepliesAsync(PublisherState.MaxReplies);

        Assert.Equal($"{asked - 1}", rig.Replies()[^1].Text("id"));
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "A reply to mobilevlm/box/gate/reply was dropped"));
    }

    [Fact]
    public async Task A_reply_topic_that_is_refused_is_logged_once_per_minute()
    {
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { Time = time }.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            rig.Request("""{"question": "A car?"}""", "elsewhere/\u0007me", "abc");
        }

        await rig.UntilRepliesAsync(5);
        var warning = Assert.Single(rig.Log.Logged(LogLevel.Warning, "A question requests its reply"));
        Assert.Contains("'elsewhere/?me'", warning.Text, StringComparison.Ordinal);

        time.Advance(TimeSpan.FromMinutes(1));
        rig.Request("""{"question": "A car?"}""", "elsewhere/\u0007me", "abc");
        await rig.UntilRepliesAsync(6);
        await rig.Log.Lines.UntilAsync(lines => lines.Count(line => line.Text.Contains("4 more since", StringComparison.Ordinal)) == 1, "the count");
    }

    [Fact]
    public async Task A_topic_that_the_broker_refuses_is_logged_once_per_minute()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once)) { Time = time };
        rig.Link.OnPublish = message => Task.FromResult(
            message.Topic.StartsWith("replies/", StringComparison.Ordinal) ? PublishOutcomeKind.Refused : PublishOutcomeKind.Accepted);
        await rig.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            rig.Request("""{"question": 7}""", "replies/me", "abc");
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.Failed == 5, "the refusals");
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "The broker refuses replies/me"));
    }

    private static List<InFlightMessage> TakeAll(OutgoingMessages outgoing)
    {
        var taken = new List<InFlightMessage>();
        while (outgoing.TakeNext(_ => Message("event") with { Retain = false }) is { } next)
        {
            taken.Add(next);
        }

        return taken;
    }

    private static async Task<OutgoingMessages> FullAsync(FakeTime time, int states, int replies, int events)
    {
        var outbox = new MemoryOutbox(time);
        var outgoing = new OutgoingMessages(
            new LatestByTopic(),
            new OneTimeQueue(1000),
            new EventDeliveryState(outbox, new ClockMonitor(time, NullLogger<ClockMonitor>.Instance), time));
        for (var i = 0; i < states; i++)
        {
            outgoing.Retained.Set(Message($"state{i}"));
        }

        for (var i = 0; i < replies; i++)
        {
            outgoing.OneTime.Add(Message("reply") with { Retain = false });
        }

        for (var i = 0; i < events; i++)
        {
            await outbox.StoreAsync(EventPayloads.Event($"{i}"));
        }

        outgoing.Connected();
        outgoing.Events.Complete(await outgoing.Events.FetchAsync()!);
        return outgoing;
    }

    private static OutboundMessage Message(string topic) => new(topic, "x"u8.ToArray(), true);
}
