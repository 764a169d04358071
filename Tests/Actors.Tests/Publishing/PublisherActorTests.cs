using Akka.Actor;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Publishing;

public sealed class PublisherActorTests : ActorSpec
{
    private const string Root = "mobilevlm/box/";

    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));

    [Fact]
    public async Task It_connects_by_itself_and_publishes_what_is_known()
    {
        Start();

        await PublishedAsync($"{Root}availability=online");
        await PublishedAsync($"{Root}gate/availability=offline");
        await PublishedAsync($"{Root}gate/person/enabled=ON");
        Assert.True(_bench.Counters.Mqtt.Snapshot(_bench.Clock).Connected);
    }

    [Fact]
    public async Task A_link_that_throws_is_a_lost_connection_and_not_the_end()
    {
        var defects = 1;
        _bench.Link.Defect = () => Interlocked.Decrement(ref defects) >= 0 ? new InvalidOperationException("as the test wants") : null;
        Start();

        var waits = await _bench.Time.Waits.UntilCountAsync(1);
        _bench.Time.Advance(waits[0]);

        await PublishedAsync($"{Root}availability=online");
    }

    [Fact]
    public async Task A_camera_that_is_not_configured_is_not_published()
    {
        var actor = Start();
        await PublishedAsync($"{Root}gate/person/enabled=ON");

        actor.Tell(new CameraAvailability(new CameraId("hall"), true));
        actor.Tell(new PublishEnabled(new CameraId("gate"), "dog"));
        actor.Tell(new CameraAvailability(new CameraId("gate"), true));

        await PublishedAsync($"{Root}gate/availability=online");
        Assert.DoesNotContain(_bench.Link.Published.Items, line => line.Contains("hall", StringComparison.Ordinal) || line.Contains("dog", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_state_of_the_questions_is_written_only_when_their_events_are_stored()
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-publisher-").FullName;
        await using var bench = new ActorBench(folder, EdgeRig.Plan("gate", EdgeRig.Always));
        var actor = Sys.ActorOf(PropsOf(bench));
        await bench.Link.Published.UntilAsync(published => published.Contains($"{Root}availability=online"), "the connection");
        bench.Evaluators.Apply(bench.Answered(1, "no"));
        bench.Evaluators.Apply(bench.Answered(2, "yes"));

        foreach (var evaluated in bench.Evaluators.TakeUnsent())
        {
            actor.Tell(evaluated);
        }

        actor.Tell(bench.Store.TakeDueSave(bench.Evaluators.Saved)!);

        await bench.Link.Published.UntilAsync(published => published.Any(line => line.StartsWith($"{Root}gate/person/event=no>yes", StringComparison.Ordinal)), "the event");
        await Eventually.TrueAsync(() => File.Exists(Path.Combine(folder, QuestionStateFile.FileName)), "the file");
        await WatchAsync(actor);
        Sys.Stop(actor);
        await ExpectTerminatedAsync(actor);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_stop_sends_what_waits_then_stopped_and_then_disconnects()
    {
        var actor = Start();
        await PublishedAsync($"{Root}gate/person/enabled=ON");
        await WatchAsync(actor);

        actor.Tell(new PublishOneTime(new OutboundMessage("replies/1", "late"u8.ToArray(), Retain: false)));
        actor.Tell(new StopPublishing(TimeSpan.FromSeconds(5)));

        await ExpectTerminatedAsync(actor);
        Assert.Equal(
            ["replies/1=late", $"{Root}stats=captured 0", $"{Root}gate/availability=offline", $"{Root}availability=stopped", "disconnect"],
            _bench.Link.Published.Items.TakeLast(5));
    }

    [Fact]
    public async Task A_stop_without_a_connection_ends_at_once()
    {
        _bench.Link.OnConnect = () => ConnectOutcomeKind.Unreachable;
        var actor = Start();
        await _bench.Time.Waits.UntilCountAsync(1);
        await WatchAsync(actor);

        actor.Tell(new StopPublishing(TimeSpan.FromSeconds(5)));

        await ExpectTerminatedAsync(actor);
        Assert.Empty(_bench.Link.Published.Items);
    }

    [Fact]
    public async Task A_restarted_actor_neither_connects_again_nor_forgets_what_waits()
    {
        var held = new TaskCompletionSource<PublishOutcomeKind>(TaskCreationOptions.RunContinuationsAsynchronously);
        _bench.Link.OnPublish = message => message.Topic == "replies/1" ? held.Task : Task.FromResult(PublishOutcomeKind.Accepted);
        var actor = RestartedChild(PropsOf(_bench), CreateTestProbe());
        await PublishedAsync($"{Root}gate/person/enabled=ON");
        actor.Tell(new PublishOneTime(new OutboundMessage("replies/1", "a"u8.ToArray(), Retain: false)));
        actor.Tell(new PublishOneTime(new OutboundMessage("replies/2", "b"u8.ToArray(), Retain: false)));

        Crash(actor);
        held.SetResult(PublishOutcomeKind.Accepted);

        await PublishedAsync("replies/2=b");
        Assert.Single(_bench.Link.Published.Items, "replies/1=a");
        Assert.Single(_bench.Link.Connects.Items);
    }

    private protected override async Task CleanUpAsync()
    {
        await _bench.DisposeAsync();
    }

    private IActorRef Start() => Sys.ActorOf(PropsOf(_bench));

    private Task<IReadOnlyList<string>> PublishedAsync(string line) => _bench.Link.Published.UntilAsync(published => published.Contains(line), line);

    private static Props PropsOf(ActorBench bench)
    {
        var stats = () => MqttJson.Serialize(bench.Rig.Stats);
        var writer = new QuestionStateWriter(bench.Store, bench.Logger<QuestionStateWriter>());
        return Props.Create(() => new PublisherActor(
            bench.Publisher,
            bench.Link,
            bench.Messages,
            bench.CameraMessages,
            bench.States,
            writer,
            stats,
            bench.Counters.Mqtt,
            bench.Time,
            bench.Logger<PublisherActor>()));
    }
}
