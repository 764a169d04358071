using Akka.Actor.Internal;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.AdHoc;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Actors.Tests.Supervision;

/// <summary>Disks, decoders, links and outboxes that hang or throw hold up no actor, and nothing is written too
/// early.</summary>
public sealed class BlockingWorkTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-blocking-").FullName;

    private string StateFile => Path.Combine(_folder, QuestionStateFile.FileName);

    // A writer that was left behind at a stop may still write.
    public async Task DisposeAsync() => await Eventually.TrueAsync(
        () =>
        {
            try
            {
                Directory.Delete(_folder, recursive: true);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        },
        "the folder's end");

    public Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task At_a_stop_the_state_file_is_written_after_its_events_are_safe()
    {
        var outbox = new GatedOutbox(() => File.Exists(StateFile) ? File.ReadAllText(StateFile) : "");
        await using var rig = Scored(outbox);
        await rig.StartAsync();
        await PushAsync(rig, 2);
        await outbox.Stored.UntilCountAsync(1);

        var stopping = rig.Edge.StopAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=yes"), "the state");
        outbox.Open();
        await stopping;

        Assert.DoesNotContain("\"yes\"", Assert.Single(outbox.StateWhenSafe), StringComparison.Ordinal);
        Assert.Contains("\"yes\"", await File.ReadAllTextAsync(StateFile), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_state_whose_event_never_becomes_safe_is_not_written(bool killed)
    {
        var outbox = new GatedOutbox(() => "");
        await using var rig = Scored(outbox);
        await rig.StartAsync();
        await PushAsync(rig, 2);
        await outbox.Stored.UntilCountAsync(1);
        if (killed)
        {
            rig.Kill("edge/evaluation");
            await rig.Log.Lines.UntilAsync(
                lines => lines.Any(line => line.Text.StartsWith("The actor 'evaluation'", StringComparison.Ordinal)), "the restart");
            await PushAsync(rig, 4);
        }

        await rig.Edge.StopAsync();

        Assert.Contains("state file", rig.Edge.LeftBehind);
        Assert.True(!File.Exists(StateFile) || !(await File.ReadAllTextAsync(StateFile)).Contains("\"yes\"", StringComparison.Ordinal));
        outbox.Open();
        await Eventually.TrueAsync(() => File.Exists(StateFile), "the writer's end");
    }

    [Fact]
    public async Task A_writer_of_the_state_file_that_hangs_holds_up_no_answer_and_no_stop()
    {
        // The folder cannot be created, and the thread that reports it waits.
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "no folder");
        await using var rig = Scored(new MemoryOutbox(TimeProvider.System));
        rig.Settings = rig.Settings with { StateFolder = file };
        var hanging = new HoldPoint();
        await rig.StartAsync();
        rig.Log.OnLine = line =>
        {
            if (line.Category.EndsWith(nameof(QuestionStateFile), StringComparison.Ordinal)
                && InternalCurrentActorCellKeeper.Current is null)
            {
                hanging.Pass();
            }
        };
        await PushAsync(rig, 2);
        await hanging.Reached;
        await PushAsync(rig, 20);

        await rig.Link.Once.UntilCountAsync(19);
        await rig.Edge.StopAsync();

        Assert.Contains("state file", rig.Edge.LeftBehind);
        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
        hanging.Open();
    }

    [Fact]
    public async Task A_picture_is_decoded_on_a_thread_of_its_own_and_holds_up_no_other_question()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once));
        var decoding = new HoldPoint();
        var thread = "";
        rig.Decode = _ =>
        {
            thread = Thread.CurrentThread.Name ?? "";
            decoding.Pass();
            return null;
        };
        await rig.StartAsync();
        rig.Ask("""{"id": "picture", "question": "ad hoc", "picture": "MQ==", "deadlineMs": 1000}""", "mobilevlm/box/ask");
        await decoding.Reached;
        rig.Ask("""{"id": "camera", "question": "ad hoc"}""");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 2, "both questions");
        rig.Camera.Push();

        await rig.UntilRepliesAsync(2);
        decoding.Open();

        Assert.Equal("mvlm-picture", thread);
        Assert.Equal(["camera answered", "picture expired"], rig.Replies().Select(reply => $"{reply.Text("id")} {reply.Text("status")}"));
    }

    [Fact]
    public async Task A_decoder_that_throws_what_it_should_not_costs_one_question_its_answer()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once));
        rig.Decode = _ => throw new InvalidOperationException("a defect");
        await rig.StartAsync();

        rig.Ask("""{"id": "1", "question": "ad hoc", "picture": "MQ=="}""", "mobilevlm/box/ask");

        var (_, body) = await rig.ReplyAsync();
        Assert.Equal("failed", body.Text("status"));
        Assert.Single(rig.Log.Logged(LogLevel.Error, "A picture that came with a question"));
        Assert.Empty(rig.Log.Logged(LogLevel.Error, "The actor '"));
    }

    [Fact]
    public async Task A_link_that_throws_is_a_connection_that_was_lost()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        var left = 6;
        rig.Link.Defect = () => Interlocked.Decrement(ref left) >= 0 ? new InvalidOperationException("a defect") : null;
        await rig.StartAsync();

        rig.Camera.Push();

        await SupervisorTests.UntilLastAsync(rig, "gate/availability=online", "gate/person/state=frame 1");
        Assert.Empty(rig.Log.Logged(LogLevel.Error, "The actor '"));
    }

    [Fact]
    public async Task An_outbox_that_throws_loses_no_event_and_doubles_none()
    {
        var outbox = new ThrowingOutbox();
        await using var rig = Scored(outbox);
        rig.EventText = happened => $"{happened.Id} {happened.Frame}";
        await rig.StartAsync();

        await PushAsync(rig, 2);

        await rig.Link.Once.UntilCountAsync(1);
        await Eventually.TrueAsync(() => outbox.Stats.Rows == 0, "an empty outbox");
        Assert.Single(rig.Link.Once.Items);
        Assert.Empty(rig.Log.Logged(LogLevel.Error, "The actor '"));
    }

    private EdgeRig Scored(IEventOutbox outbox)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Outbox = outbox };
        rig.Settings = rig.Settings with { StateFolder = _folder };
        rig.Engine.OnAnswer = (frame, _) => frame % 2 == 0 ? "0.9" : "0.1";
        return rig.With(pipeline => pipeline with { StopWithin = TimeSpan.FromSeconds(2) });
    }

    private static async Task PushAsync(EdgeRig rig, int upTo)
    {
        for (var frame = rig.Answers.Items.Count + 1; frame <= upTo; frame++)
        {
            rig.Camera.Push();
            await rig.Answers.UntilCountAsync(frame);
        }
    }

    /// <summary>An outbox whose disk takes nothing before it is opened.</summary>
    private sealed class GatedOutbox(Func<string> state) : IEventOutbox
    {
        private readonly TaskCompletionSource _disk = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly MemoryOutbox _outbox = new(TimeProvider.System);

        public Recording<string> Stored { get; } = new();

        /// <summary>The state file at the moment at which an event became safe.</summary>
        public List<string> StateWhenSafe { get; } = [];

        public OutboxStats Stats => _outbox.Stats;

        public async Task<StoreOutcome> StoreAsync(OutboxEvent happened)
        {
            Stored.Add(happened.Id);
            await _disk.Task;
            StateWhenSafe.Add(state());
            return await _outbox.StoreAsync(happened);
        }

        public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics) => _outbox.OldestAsync(exceptTopics);

        public Task RemoveAsync(string id) => _outbox.RemoveAsync(id);

        public void Open() => _disk.TrySetResult();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Throws at its first store and at its first removal, without returning a task, as no outbox should.</summary>
    private sealed class ThrowingOutbox : IEventOutbox
    {
        private readonly MemoryOutbox _outbox = new(TimeProvider.System);
        private bool _threwAtStore;
        private bool _threwAtRemove;

        public OutboxStats Stats => _outbox.Stats;

        public Task<StoreOutcome> StoreAsync(OutboxEvent happened)
        {
            if (!_threwAtStore)
            {
                _threwAtStore = true;
                throw new InvalidOperationException("a defect");
            }

            return _outbox.StoreAsync(happened);
        }

        public Task<WaitingEvent?> OldestAsync(IReadOnlySet<string> exceptTopics) => _outbox.OldestAsync(exceptTopics);

        public Task RemoveAsync(string id)
        {
            if (!_threwAtRemove)
            {
                _threwAtRemove = true;
                throw new InvalidOperationException("a defect");
            }

            return _outbox.RemoveAsync(id);
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
