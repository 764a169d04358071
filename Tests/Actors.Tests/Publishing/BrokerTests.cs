using System.Text;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class BrokerTests
{
    private const string State = "mobilevlm/box/gate/person/state=frame ";

    [Fact]
    public async Task Answers_given_while_the_broker_is_away_are_not_queued_and_the_latest_is_sent_when_it_is_back()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var isThere = false;
        rig.Link.OnConnect = () =>
            Volatile.Read(ref isThere) ? ConnectOutcomeKind.Connected : ConnectOutcomeKind.Unreachable;
        await rig.StartAsync();

        for (var i = 1; i <= 5; i++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(i);
        }

        await rig.Link.Connects.UntilCountAsync(5);
        Volatile.Write(ref isThere, true);
        await rig.Link.Published.UntilAsync(published => published.Contains(State + "5"), "the latest state");

        var published = rig.Link.Published.Items;
        Assert.Equal("mobilevlm/box/availability=online", published[0]);
        Assert.Equal("mobilevlm/box/gate/availability=online", published[1]);
        Assert.Single(published, line => line.StartsWith(State, StringComparison.Ordinal));
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "No connection"));
    }

    [Fact]
    public async Task After_a_reconnect_everything_known_is_published_again()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always, snapshot: true)).StartAsync();
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains(State + "1"), "the state");

        rig.Link.Drop();
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == State + "1") == 2, "the state again");

        Assert.Equal(
            [
                "mobilevlm/box/availability=online",
                "mobilevlm/box/gate/availability=online",
                "mobilevlm/box/gate/view=unknown",
                "mobilevlm/box/gate/person/enabled=ON",
                "mobilevlm/box/stats=captured 1",
                "mobilevlm/box/gate/snapshot=still 1",
                "mobilevlm/box/gate/person/answer=frame 1 #1",
                State + "1",
            ],
            rig.Link.Published.Items.TakeLast(8));
        Assert.Equal(1, rig.Stats.Mqtt.Reconnects);
        Assert.True(rig.Stats.Mqtt.Connected);
    }

    [Fact]
    public async Task A_slow_broker_gets_the_latest_and_holds_up_no_frame()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var slow = new TaskCompletionSource<PublishOutcomeKind>(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Link.OnPublish = _ => slow.Task;
        await rig.StartAsync();

        for (var i = 1; i <= 20; i++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(i);
        }

        slow.SetResult(PublishOutcomeKind.Accepted);
        await rig.Link.Published.UntilAsync(published => published.Contains(State + "20"), "the latest state");

        Assert.True(rig.Link.Published.Items.Count(line => line.StartsWith(State, StringComparison.Ordinal)) <= 2);
    }

    [Fact]
    public async Task A_publish_that_was_not_acknowledged_is_sent_again()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var lost = 0;
        rig.Link.OnPublish = message => Task.FromResult(
            message.Topic.EndsWith("/state", StringComparison.Ordinal) && Interlocked.Increment(ref lost) <= 3
                ? PublishOutcomeKind.Unacknowledged
                : PublishOutcomeKind.Accepted);
        await rig.StartAsync();

        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains(State + "1"), "the state");

        Assert.Equal(3, rig.Stats.Mqtt.Failed);
        Assert.Single(rig.Link.Connects.Items);
    }

    [Fact]
    public async Task A_topic_that_the_broker_refuses_is_counted_and_the_others_continue()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Link.OnPublish = message => Task.FromResult(
            message.Topic.EndsWith("/answer", StringComparison.Ordinal)
                ? PublishOutcomeKind.Refused
                : PublishOutcomeKind.Accepted);
        await rig.StartAsync();

        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains(State + "1"), "the state");

        Assert.Equal(1, rig.Stats.Mqtt.Failed);
    }

    [Theory]
    [InlineData(ConnectOutcomeKind.Refused)]
    [InlineData(ConnectOutcomeKind.Misconfigured)]
    [InlineData(ConnectOutcomeKind.TlsFailed)]
    public async Task A_lasting_connection_error_is_logged_once_and_retried_slowly_without_limit(ConnectOutcomeKind kind)
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        var longest = TimeSpan.FromSeconds(77);
        rig.Settings = rig.Settings with { BrokerReconnect = new ReconnectSettings { Max = longest, Jitter = 0 } };
        rig.Link.OnConnect = () => kind;
        await rig.StartAsync();

        for (var attempt = 1; attempt <= 4; attempt++)
        {
            await rig.Link.Connects.UntilCountAsync(attempt);
            await time.Waits.UntilAsync(waits => waits.Count(wait => wait == longest) == attempt, "the longest wait");
            time.Advance(longest);
        }

        await rig.Link.Connects.UntilCountAsync(5);
        var error = Assert.Single(rig.Log.Logged(LogLevel.Error, string.Empty));
        Assert.Contains("as the test wants", error.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_camera_is_online_from_its_first_frame_and_offline_when_it_is_gone()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        const string topic = "mobilevlm/box/gate/availability";
        await rig.Link.Published.UntilAsync(published => published.Contains($"{topic}=offline"), "offline at first");

        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{topic}=online"), "online");
        rig.Camera.End(CaptureEndKind.Lost);
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{topic}=offline") == 2, "offline again");
        await rig.Camera.Attempts.UntilCountAsync(2);
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{topic}=online") == 2, "online again");
    }

    [Fact]
    public async Task Statistics_are_published_on_their_interval()
    {
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time }.StartAsync();
        rig.Camera.Push();

        time.Advance(TimeSpan.FromSeconds(30));

        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/stats=captured 1"), "the statistics");
    }

    [Fact]
    public void A_topic_waits_once_however_often_it_changes()
    {
        var latest = new LatestByTopic();
        for (var i = 0; i < 1000; i++)
        {
            latest.Set(Message($"topic{i % 3}", $"{i}"));
        }

        Assert.Equal(3, latest.WaitingCount);
        var older = latest.TakeNext()!;
        latest.Set(Message("topic0", "newer"));
        latest.Requeue(older);
        Assert.Equal(3, latest.WaitingCount);
        latest.RequeueAll();
        Assert.Equal(
            ["topic0=newer", "topic1=997", "topic2=998"],
            Enumerable.Range(0, 3).Select(_ => Text(latest.TakeNext()!)));
        Assert.Null(latest.TakeNext());
        latest.Requeue(older);
        Assert.Equal("topic0=newer", Text(latest.TakeNext()!));
    }

    [Fact]
    public void A_topic_that_was_cleared_at_the_broker_is_not_sent_again()
    {
        var latest = new LatestByTopic();
        latest.Set(Message("stays", "x"));
        latest.Set(Message("goes", ""));
        latest.Accepted(latest.TakeNext()!);
        var gone = latest.TakeNext()!;

        // Until the broker has it, it is published again at each connect.
        latest.RequeueAll();
        Assert.Equal(2, latest.WaitingCount);
        latest.Accepted(gone);
        latest.Requeue(gone);
        latest.RequeueAll();

        Assert.Equal(1, latest.WaitingCount);
        Assert.Equal("stays=x", Text(latest.TakeNext()!));
    }

    private static OutboundMessage Message(string topic, string text) => new(topic, Encoding.UTF8.GetBytes(text), true);

    private static string Text(OutboundMessage message) =>
        $"{message.Topic}={Encoding.UTF8.GetString(message.Payload.Span)}";
}
