using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>A connection or a disk hangs, and the stop ends in time.</summary>
public sealed class BoundedStopTests : BoundedStop
{
    /// <summary>When the publisher gives up what still waits for the broker.</summary>
    private static readonly TimeSpan RestLimit = Within * 0.75;

    [Fact]
    public async Task A_publish_that_never_returns()
    {
        await using var rig = Rig();
        rig.Link.OnPublish = _ => new TaskCompletionSource<PublishOutcomeKind>().Task;
        await rig.StartAsync();

        await StopAsync(rig, "broker");

        Assert.Equal("disposed", rig.Link.Published.Items[^1]);
    }

    [Fact]
    public async Task A_publish_that_blocks_its_caller()
    {
        await using var rig = Rig();
        var hanging = new HoldPoint();
        rig.Link.OnPublish = _ =>
        {
            hanging.Pass();
            return Task.FromResult(PublishOutcomeKind.Accepted);
        };
        await rig.StartAsync();
        await hanging.Reached;

        await StopAsync(rig, "broker", "actors");
        hanging.Open();
        await rig.Edge.Actors!.WhenTerminated.WaitAsync(Eventually.Patience);
    }

    [Fact]
    public async Task A_connect_that_never_returns()
    {
        await using var rig = Rig();
        rig.Link.Connecting = new TaskCompletionSource().Task;
        await rig.StartAsync();

        // It is given up together with what waits for it, and leaves time for the rest.
        await StopAsync(rig, leftBehind: [], waitingFor: ["broker"], IsBeforeRestLimit);
    }

    [Fact]
    public async Task A_disconnect_that_never_returns()
    {
        await using var rig = Rig();
        rig.Link.Disconnecting = new TaskCompletionSource().Task;
        await rig.StartAsync();

        await StopAsync(
            rig, ["broker"], waitingFor: [], _ => rig.Link.Published.Items.Contains("mobilevlm/box/availability=stopped"));

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_connection_that_cannot_be_closed_leaves_the_outbox_closed_all_the_same()
    {
        var outbox = new HangingOutbox { Disposing = Task.CompletedTask };
        await using var rig = Rig(outbox);
        rig.Link.Disposing = Task.FromException(new InvalidOperationException("as the test wants"));
        await rig.StartAsync();

        await StopAsync(rig);

        Assert.True(outbox.WasDisposed);
        Assert.Single(rig.Log.Logged(LogLevel.Error, "Stopping: connection ended with an error"));
    }

    [Fact]
    public async Task A_connection_whose_closing_hangs()
    {
        await using var rig = Rig();
        rig.Link.Disposing = new TaskCompletionSource().Task;
        await rig.StartAsync();

        await StopAsync(rig, "connection");
    }

    [Fact]
    public async Task A_disk_that_hangs_keeps_neither_stopped_nor_the_end_waiting()
    {
        var outbox = new HangingOutbox { Storing = new TaskCompletionSource().Task, Disposing = new TaskCompletionSource().Task };
        await using var rig = Rig(outbox);
        rig.Engine.OnAnswer = (frame, _) => frame % 2 == 0 ? "0.9" : "0.1";
        await rig.StartAsync();
        for (var frame = 1; frame <= 2; frame++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(frame);
        }

        await Eventually.TrueAsync(() => outbox.Stores > 0, "the event");
        await StopAsync(
            rig, ["outbox"], waitingFor: ["broker"], elapsed => IsBeforeRestLimit(elapsed) || !rig.Edge.StopSteps.Contains("broker"));

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.Equal(["disconnect", "disposed"], rig.Link.Published.Items.TakeLast(2));
    }

    [Fact]
    public async Task A_long_backlog_of_events_leaves_time_for_stopped_and_waits_for_the_next_start()
    {
        const int waiting = 900;
        var outbox = new MemoryOutbox(Time);
        await using var rig = Rig(outbox);
        rig.EventText = happened => happened.Id;
        for (var id = 0; id < waiting; id++)
        {
            await outbox.StoreAsync(EventPayloads.Event($"{id}"));
        }

        // From the stop on, each acknowledgement takes its time; before it, only three come.
        var stopping = new TaskCompletionSource();
        var sent = 0;
        rig.Link.OnPublish = async message =>
        {
            if (message.Topic.EndsWith("/event", StringComparison.Ordinal) && ++sent > 3)
            {
                await stopping.Task;
                Time.Advance(Within / 200);
            }

            return PublishOutcomeKind.Accepted;
        };
        await rig.StartAsync();
        await rig.Link.Once.UntilCountAsync(3);

        await StopAsync(rig, leftBehind: [], waitingFor: ["broker"], _ =>
        {
            stopping.TrySetResult();
            return false;
        });

        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        Assert.Equal(["disconnect", "disposed"], rig.Link.Published.Items.TakeLast(2));
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "There was no time to send everything"));
        var sentEvents = rig.Link.Once.Items.Count;
        Assert.InRange(sentEvents, 3, waiting - 1);

        // All that was sent has left the outbox, but for the one whose acknowledgement came too late to be taken in.
        Assert.InRange(outbox.Stats.Rows, waiting - sentEvents, waiting - sentEvents + 1);
    }

    /// <summary>Time passes from the moment at which the publisher waits for its limit too, and up to that limit.</summary>
    private bool IsBeforeRestLimit(TimeSpan elapsed) =>
        elapsed < RestLimit && Time.Waits.Items.Count(wait => wait == RestLimit) == 2;

    /// <summary>An outbox whose disk never answers.</summary>
    private sealed class HangingOutbox : IEventOutbox
    {
        private readonly MemoryOutbox _outbox = new(TimeProvider.System);
        private int _stores;

        public Task Storing { get; init; } = Task.CompletedTask;

        public Task Disposing { get; init; } = Task.CompletedTask;

        public bool WasDisposed { get; private set; }

        public int Stores => Volatile.Read(ref _stores);

        public OutboxStats Stats => _outbox.Stats;

        public async Task<StoreOutcome> StoreAsync(OutboxEvent happened)
        {
            Interlocked.Increment(ref _stores);
            await Storing;
            return await _outbox.StoreAsync(happened);
        }

        public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics) => _outbox.OldestAsync(exceptTopics);

        public Task RemoveAsync(string id) => _outbox.RemoveAsync(id);

        public async ValueTask DisposeAsync()
        {
            WasDisposed = true;
            await Disposing;
        }
    }
}
