using System.Text;
using System.Text.Json;
using Akka.Actor;
using Akka.TestKit;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Commands;
using MobileVlm.Edge.Actors.Labels;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Tests.Commands;

public sealed class CommandActorTests : ActorSpec
{
    private const string Switch = "mobilevlm/box/gate/person/enabled/set";
    private const string Ask = "mobilevlm/box/gate/ask";
    private const string Label = "mobilevlm/box/gate/person/label/set";

    private readonly ActorBench _bench = new(EdgeRig.Plan("gate", EdgeRig.Always));
    private readonly TemporaryFolder _folder = new();
    private readonly LabelFiles _labels;
    private readonly CommandReaderState _buffer;
    private readonly TestProbe _adHoc;
    private readonly TestProbe _publisher;

    public CommandActorTests()
    {
        _labels = new LabelFiles(_folder["labels"], 10, new FileSteps());
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

    [Fact]
    public async Task A_label_is_stored_and_replied_to_on_the_topic_that_is_asked_for()
    {
        _labels.Set("gate", "person", new StoredLabel("20261130-030000000-1", "no", null), new byte[] { 0xFF, 0xD8 });
        Start();

        _bench.Link.Receive(Label, """{"id":"7","labelId":"20261130-030000000-1","label":"YES","replyTo":"replies/me"}""");

        var reply = (await _publisher.ExpectMsgAsync<PublishOneTime>()).Message;
        Assert.Equal("replies/me", reply.Topic);
        Assert.Equal(
            """{"v":1,"status":"done","node":"box","camera":"gate","question":"person","id":"7","labelId":"20261130-030000000-1","value":"yes","before":"no","counts":{"yes":1,"no":0}}""",
            Encoding.UTF8.GetString(reply.Payload.Span));
        Assert.Equal("yes", Assert.Single(_labels.List("gate", "person")).Value);
    }

    [Theory]
    [InlineData("""{"frame":1,"label":"yes"}""", "invalid", "keeps no history")]
    [InlineData("""{"label":"yes"}""", "invalid", "no frame is named")]
    [InlineData("""{"labelId":"a","label":"maybe"}""", "invalid", "'label' is none of yes, no")]
    [InlineData("""{"labelId":"a","label":"yes","replyTo":"mobilevlm/box/gate/person/state"}""", "invalid", "the reply topic is not below")]
    [InlineData("yes", "invalid", "the message is not JSON")]
    public async Task A_label_that_cannot_be_set_is_replied_to_with_the_reason_and_counted(string payload, string status, string expected)
    {
        Start();

        _bench.Link.Receive(Label, payload);

        var reply = (await _publisher.ExpectMsgAsync<PublishOneTime>()).Message;
        Assert.Equal("mobilevlm/box/gate/reply", reply.Topic);
        var text = JsonDocument.Parse(reply.Payload).RootElement;
        Assert.Equal(status, text.GetProperty("status").GetString());
        Assert.Contains(expected, text.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => _bench.Counters.Mqtt.Read(mqtt => mqtt.CommandsIgnored) == 1, "the refusal is counted");
    }

    private protected override async Task CleanUpAsync()
    {
        _folder.Dispose();
        _buffer.Dispose();
        await _bench.DisposeAsync();
    }

    private IActorRef Start() => Sys.ActorOf(Props());

    private Props Props()
    {
        var helpers = new CommandHelpers(
            _adHoc, _publisher, _bench.States, _bench.Devices, () => [_bench.Intake.Configuration],
            new LabelService(() => [_bench.Intake.Configuration], null, _labels, _bench.Time));
        var topics = new NodeTopics("mobilevlm", "box");
        return Akka.Actor.Props.Create(() => new CommandActor(
            _buffer, _bench.Link, topics, _bench.Rig.Settings, helpers, _bench.Counters.Mqtt, () => 0, _bench.Time, _bench.Logger<CommandActor>()));
    }
}
