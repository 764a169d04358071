using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.Commands;

public sealed class CommandTests : IDisposable
{
    private const string Enabled = "mobilevlm/box/gate/person/enabled";
    private const string Config = "homeassistant/device/mobilevlm-box/gate/config";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-commands-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_question_that_is_switched_off_is_asked_no_more_until_it_is_switched_on()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=ON"), "how it is at first");

        rig.Link.Receive($"{Enabled}/set", "OFF");
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "off");
        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].FramesIdle == 1, "an idle frame");
        Assert.Empty(rig.Answers.Items);

        rig.Link.Receive($"{Enabled}/set", "ON");
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{Enabled}=ON") == 2, "on again");
        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(5));
        await rig.Answers.UntilCountAsync(1);
    }

    [Fact]
    public async Task A_switch_survives_a_restart()
    {
        await using (var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)))
        {
            rig.Settings = rig.Settings with { StateFolder = _folder };
            await rig.StartAsync();
            rig.Link.Receive($"{Enabled}/set", "off");
            await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "off");
        }

        await using var again = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        again.Settings = again.Settings with { StateFolder = _folder };
        await again.StartAsync();
        await again.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "still off");
        Assert.DoesNotContain($"{Enabled}=ON", again.Link.Published.Items);
    }

    [Theory]
    [InlineData("OFF", "ON")]
    [InlineData("off", "On")]
    [InlineData("false", "true")]
    [InlineData("FALSE", "True")]
    [InlineData("0", "1")]
    [InlineData(" OFF\r\n", "\ttrue ")]
    public async Task A_question_is_switched_by_every_word_that_people_send(string off, string on)
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();
        rig.Link.Receive($"{Enabled}/set", off);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "off");
        rig.Link.Receive($"{Enabled}/set", on);
        await rig.Link.Published.UntilAsync(
            published => published.Last(line => line.StartsWith($"{Enabled}=", StringComparison.Ordinal)).EndsWith("=ON", StringComparison.Ordinal), "on again");
        Assert.Equal(0, rig.Stats.Mqtt.CommandsIgnored);
    }

    [Fact]
    public async Task Refused_switches_are_logged_once_a_minute_for_each_kind_and_quote_little()
    {
        var time = new FakeTime();
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time }.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            rig.Link.Receive($"{Enabled}/set", $"per\u001bhaps\n{new string('x', 500)}");
            rig.Link.Receive($"mobilevlm/box/gate/cat{i}/enabled/set", "ON");
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 40, "the count");
        var lines = rig.Log.Logged(LogLevel.Warning, "A command to switch").Select(line => line.Text).ToList();
        Assert.Equal(2, lines.Count);
        Assert.Contains("'per?haps?xxxxxxxxxxxxxxx…' is not ON or OFF", lines[0], StringComparison.Ordinal);
        Assert.Contains("the camera 'gate' has no question 'cat", lines[1], StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(1));
        rig.Link.Receive($"{Enabled}/set", "yes");
        await Eventually.TrueAsync(() => rig.Log.Logged(LogLevel.Warning, "A command to switch").Any(line => line.Text.Contains("since the last such line: 19", StringComparison.Ordinal)), "the next line");
    }

    [Theory]
    [InlineData("gate/person", "maybe")]
    [InlineData("gate/person", "")]
    [InlineData("gate/person", "2")]
    [InlineData("gate/person", "ON OFF")]
    [InlineData("gate/cat", "OFF")]
    [InlineData("cellar/person", "OFF")]
    public async Task A_switch_that_makes_no_sense_changes_nothing_and_is_counted(string question, string payload)
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Link.Receive($"mobilevlm/box/{question}/enabled/set", payload);
        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 1, "the count");

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        Assert.DoesNotContain($"{Enabled}=OFF", rig.Link.Published.Items);
    }

    [Fact]
    public async Task A_retained_command_is_ignored_and_logged_once()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        for (var i = 0; i < 3; i++)
        {
            rig.Link.Receive($"{Enabled}/set", "OFF", retained: true);
            rig.Link.Receive("mobilevlm/box/gate/ask", "Who?", retained: true);
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 6, "the count");
        Assert.Equal(2, rig.Log.Logged(LogLevel.Warning, "A retained message").Count());
        Assert.DoesNotContain($"{Enabled}=OFF", rig.Link.Published.Items);
        Assert.Equal(0, rig.Stats.Asks.Received);
    }

    [Fact]
    public async Task Commands_above_the_limit_are_dropped_and_counted()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        rig.Settings = rig.Settings with { Commands = new CommandSettings { PerSecond = 2, Burst = 5 } };
        await rig.StartAsync();

        for (var i = 0; i < 20; i++)
        {
            rig.Link.Receive("mobilevlm/box/gate/ask", "Who?");
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 15, "the count");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 5, "those that passed");

        time.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 20; i++)
        {
            rig.Link.Receive("mobilevlm/box/gate/ask", "Who?");
        }

        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 15 + 18, "the second count");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 7, "those of the next second");
    }

    [Fact]
    public async Task Messages_to_other_topics_are_nobodys_concern()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)).StartAsync();

        rig.Link.Receive("mobilevlm/other/gate/person/enabled/set", "OFF");
        rig.Link.Receive("mobilevlm/box/gate/person/enabled", "OFF");
        rig.Link.Receive("mobilevlm/box", "OFF");
        rig.Link.Receive("homeassistant/status", "online");
        rig.Link.Receive($"{Enabled}/set", "OFF");

        await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "the one that counts");
        Assert.Equal(0, rig.Stats.Mqtt.CommandsIgnored);
    }

    [Fact]
    public async Task Home_Assistant_gets_everything_again_some_time_after_its_birth()
    {
        var time = new FakeTime();
        await using var rig = await StartAtHomeAsync(time);
        await rig.Link.Published.UntilAsync(published => published.Count(line => line.StartsWith(Config, StringComparison.Ordinal)) == 1, "the device");

        var waits = time.Waits.Items.Count;
        rig.Link.Receive("homeassistant/status", "online", retained: true);
        rig.Link.Receive("homeassistant/status", "offline");
        rig.Link.Receive("homeassistant/status", "online");
        Assert.Equal(waits + 1, (await time.Waits.UntilCountAsync(waits + 1)).Count);
        Assert.Single(rig.Link.Published.Items, line => line.StartsWith(Config, StringComparison.Ordinal));
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return rig.Link.Published.Items.Count(line => line.StartsWith(Config, StringComparison.Ordinal)) == 2;
            },
            "the device again");
        var published = rig.Link.Published.Items;
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{Enabled}=ON") == 2, "its switch again");
        Assert.Equal(2, published.Count(line => line == "mobilevlm/box/availability=online"));
    }

    [Fact]
    public async Task The_view_of_a_camera_is_announced_with_its_states_where_it_is_checked()
    {
        const string Yard = "homeassistant/device/mobilevlm-box/yard/config";
        var yard = EdgeRig.Plan("yard", EdgeRig.Always) with { Scene = new SceneSettings { CheckView = false } };
        await using var rig = await StartAtHomeAsync(TimeProvider.System, EdgeRig.Plan("gate", EdgeRig.Always), yard);
        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Config, StringComparison.Ordinal))
                && published.Any(line => line.StartsWith(Yard, StringComparison.Ordinal)),
            "both devices");

        var view = Components(Config)["view"]!;
        Assert.Equal("mobilevlm/box/gate/view", view["state_topic"]!.ToString());
        Assert.Equal(["normal", "changed", "covered", "dark", "blurred"], view["options"]!.AsArray().Select(it => it!.ToString()));
        Assert.Null(Components(Yard)["view"]);

        JsonNode Components(string topic) => JsonNode.Parse(
            rig.Link.Published.Items.Last(line => line.StartsWith(topic, StringComparison.Ordinal))[(topic.Length + 1)..])!["components"]!;
    }

    [Fact]
    public async Task The_events_of_a_question_are_announced_with_their_states_and_its_state_with_its_device_class()
    {
        var plan = EdgeRig.Plan("gate", EdgeRig.Always) with
        {
            Questions =
            [
                new StandingQuestion("person", "Is there a person?", QuestionKind.YesNo, TimeSpan.Zero) { DeviceClass = "occupancy" },
                new StandingQuestion("open", "Is it open?", QuestionKind.YesNo, TimeSpan.Zero) { Rules = new AnswerRules { Events = EventRule.No } },
                new StandingQuestion("sky", "How is the sky?", QuestionKind.Choice, TimeSpan.Zero) { Choices = ["clear", "grey"] },
                new StandingQuestion("cars", "How many cars?", QuestionKind.Number, TimeSpan.Zero),
                new StandingQuestion("scene", "Describe it.", QuestionKind.Text, TimeSpan.Zero),
            ],
        };
        await using var rig = await StartAtHomeAsync(TimeProvider.System, plan);
        var published = await rig.Link.Published.UntilAsync(published => published.Any(line => line.StartsWith(Config, StringComparison.Ordinal)), "the device");
        var components = JsonNode.Parse(published.First(line => line.StartsWith(Config, StringComparison.Ordinal))[(Config.Length + 1)..])!["components"]!;
        Assert.Equal("occupancy", components["question_person"]!["device_class"]!.ToString());
        Assert.Equal(
            [["yes", "no"], ["no"], ["clear", "grey"], ["changed"], []],
            ((string[])["person", "open", "sky", "cars", "scene"]).Select(
                id => components[$"event_{id}"]?["event_types"]?.AsArray().Select(it => it!.ToString()).ToArray() ?? []));
    }

    [Fact]
    public async Task What_an_earlier_run_announced_and_no_longer_exists_is_removed()
    {
        await using var rig = await StartAtHomeAsync(TimeProvider.System);
        await rig.Link.Published.UntilAsync(published => published.Any(line => line.StartsWith(Config, StringComparison.Ordinal)), "the device");

        rig.Link.Receive("homeassistant/device/mobilevlm-box/cellar/config", """{"components": {}}""", retained: true);
        rig.Link.Receive(
            Config,
            """{"components": {"question_cat": {"platform": "binary_sensor"}, "question_person": {"platform": "sensor"}, "snapshot": {"platform": "image"}}}""",
            retained: true);

        await rig.Link.Published.UntilAsync(
            published => published.Contains("homeassistant/device/mobilevlm-box/cellar/config="), "the camera's removal");
        var published = await rig.Link.Published.UntilAsync(
            published => published.Count(line => line.StartsWith(Config, StringComparison.Ordinal)) == 3, "removal and device");
        var configs = published.Where(line => line.StartsWith(Config, StringComparison.Ordinal))
            .Select(line => JsonNode.Parse(line[(Config.Length + 1)..])!["components"]!.AsObject()).ToList();
        Assert.Equal("""{"platform":"binary_sensor"}""", configs[1]["question_cat"]!.ToJsonString());
        // Another kind of entity under the same key: the old one goes first.
        Assert.Equal("""{"platform":"sensor"}""", configs[1]["question_person"]!.ToJsonString());
        Assert.False(configs[2].ContainsKey("question_cat"));
        Assert.Equal("binary_sensor", configs[2]["question_person"]!["platform"]!.ToString());
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("[]")]
    [InlineData("""{"components": 3}""")]
    [InlineData("""{"components": {"question_person": null, "x": {"platform": 3}}}""")]
    public async Task A_device_message_that_cannot_be_parsed_is_harmless(string kept)
    {
        await using var rig = await StartAtHomeAsync(TimeProvider.System);

        rig.Link.Receive(Config, kept, retained: true);
        rig.Link.Receive($"{Enabled}/set", "OFF");

        await rig.Link.Published.UntilAsync(published => published.Contains($"{Enabled}=OFF"), "what came after it");
        Assert.Empty(rig.Log.Logged(LogLevel.Error, ""));
    }

    [Fact]
    public async Task A_camera_that_is_removed_at_run_time_is_removed_at_Home_Assistant()
    {
        await using var rig = await StartAtHomeAsync(TimeProvider.System, EdgeRig.Plan("gate", EdgeRig.Always), EdgeRig.Plan("yard", EdgeRig.Always));
        const string Yard = "homeassistant/device/mobilevlm-box/yard/config";
        await rig.Link.Published.UntilAsync(published => published.Any(line => line.StartsWith(Yard, StringComparison.Ordinal)), "the device");

        rig.Edge.Change([EdgeRig.Plan("gate", EdgeRig.Always)], []);

        await rig.Link.Published.UntilAsync(published => published.Contains($"{Yard}="), "its removal");
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/yard/person/enabled="), "its switch's end");
        rig.Link.Drop();
        await rig.Link.Published.UntilAsync(published => published.Count(line => line.StartsWith(Config, StringComparison.Ordinal)) >= 3, "the others afresh");
        Assert.DoesNotContain(
            rig.Link.Published.Items.SkipWhile(line => line != $"{Yard}="),
            line => line.StartsWith(Yard, StringComparison.Ordinal) && line != $"{Yard}=");
    }

    [Fact]
    public void Replies_beyond_the_limit_replace_the_oldest()
    {
        var queue = new OneTimeQueue(3);
        Assert.All(Enumerable.Range(0, 3), i => Assert.Null(queue.Add(Message(i))));
        Assert.Equal("0", Encoding.UTF8.GetString(queue.Add(Message(3))!.Payload.Span));

        var first = queue.TakeNext()!;
        queue.Requeue(first);

        Assert.Equal(["1", "2", "3"], Enumerable.Range(0, 3).Select(_ => Encoding.UTF8.GetString(queue.TakeNext()!.Payload.Span)));
        Assert.Null(queue.TakeNext());

        static OutboundMessage Message(int i) => new("t", Encoding.UTF8.GetBytes($"{i}"), false);
    }

    private static async Task<EdgeRig> StartAtHomeAsync(TimeProvider time, params CameraConfiguration[] plans)
    {
        var rig = new EdgeRig(plans.Length > 0 ? plans : [EdgeRig.Plan("gate", EdgeRig.Always)]) { Time = time };
        rig.Settings = rig.Settings with { HomeAssistant = new HomeAssistantSettings { Enabled = true } };
        return await rig.StartAsync();
    }
}
