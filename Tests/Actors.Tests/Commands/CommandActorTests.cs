using System.Text;
using Akka.Actor;
using Akka.TestKit;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Tests.Commands;

public sealed class CommandActorTests : ActorSpec
{
    private const string Switch = "mobilevlm/box/gate/person/enabled/set";
    private const string Ask = "mobilevlm/box/gate/ask";

    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly CommandReaderState _buffer;
    private readonly TestProbe _adHoc;
    private readonly TestProbe _publisher;

    public CommandActorTests()
    {
        _buffer = new CommandReaderState(_bench.Rig.Settings.Commands, _bench.Time);
        (_adHoc, _publisher) = (CreateTestProbe(), CreateTestProbe());
    }

    [Fact]
    public async Task A_question_goes_to_the_ad_hoc_actor_as_it_came_with_the_camera_of_its_topic()
    {
        Start();

        _bench.Link.Receive(Ask, "{}");

        var received = await _adHoc.ExpectMsgAsync<AdHocReceived>();
        Assert.Equal(("gate", "{}"), (received.Camera, received.Message.Text));
    }

    [Fact]
    public async Task A_switch_is_set_and_published_even_where_nothing_changed()
    {
        Start();

        _bench.Link.Receive(Switch, "OFF");
        await _publisher.ExpectMsgAsync(new PublishEnabled(_bench.Intake.Configuration.Id, "person"));
        _bench.Link.Receive(Switch, "OFF");
        await _publisher.ExpectMsgAsync(new PublishEnabled(_bench.Intake.Configuration.Id, "person"));

        Assert.False(_bench.States.Switches.IsEnabled(_bench.Intake.Configuration.Id, "person"));
    }

    [Fact]
    public async Task A_retained_command_is_ignored_and_counted()
    {
        Start();

        _bench.Link.Receive(Switch, "OFF", retained: true);
        _bench.Link.Receive(Ask, "behind it");

        await _adHoc.ExpectMsgAsync<AdHocReceived>();
        Assert.True(_bench.States.Switches.IsEnabled(_bench.Intake.Configuration.Id, "person"));
        Assert.Equal(1, _bench.Counters.Mqtt.Read(mqtt => mqtt.CommandsIgnored));
    }

    [Fact]
    public async Task After_a_stop_messages_stay_unread()
    {
        var actor = Start();
        await WatchAsync(actor);
        actor.Tell(StopCommands.Instance);
        await ExpectTerminatedAsync(actor);

        _bench.Link.Receive(Ask, "{}");

        Assert.True(_bench.Link.Inbound.TryRead(out var unread));
        Assert.Equal("{}", Encoding.UTF8.GetString(unread.Payload.Span));
    }

    [Fact]
    public async Task A_restarted_actor_reads_on_and_repeats_nothing()
    {
        var actor = RestartedChild(Props(), CreateTestProbe());
        _bench.Link.Receive(Ask, "1");
        await _adHoc.ExpectMsgAsync<AdHocReceived>();

        Crash(actor);
        _bench.Link.Receive(Ask, "2");
        _bench.Link.Receive(Ask, "3");

        Assert.Equal("2", (await _adHoc.ExpectMsgAsync<AdHocReceived>()).Message.Text);
        Assert.Equal("3", (await _adHoc.ExpectMsgAsync<AdHocReceived>()).Message.Text);
    }

    private protected override async Task CleanUpAsync()
    {
        _buffer.Dispose();
        await _bench.DisposeAsync();
    }

    private IActorRef Start() => Sys.ActorOf(Props());

    private Props Props()
    {
        var helpers = new CommandHelpers(
            _adHoc, _publisher, _bench.States, _bench.Devices, () => [_bench.Intake.Configuration]);
        var topics = new NodeTopics("mobilevlm", "box");
        return Akka.Actor.Props.Create(() => new CommandActor(
            _buffer, _bench.Link, topics, _bench.Rig.Settings, helpers, _bench.Counters.Mqtt, () => 0, _bench.Time, _bench.Logger<CommandActor>()));
    }
}
