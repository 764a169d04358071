using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;

namespace MobileVlm.Edge.Actors.Tests.Modes;

/// <summary>Modes and snoozes in a whole service.</summary>
public sealed class ModeTests : IDisposable
{
    private const string Mode = "mobilevlm/box/mode";
    private const string Enabled = "mobilevlm/box/gate/person/enabled";
    private const string Snooze = "mobilevlm/box/gate/person/snooze";
    private const string Answer = "mobilevlm/box/gate/person/answer=";
    private const string Event = "mobilevlm/box/gate/person/event=";
    private const string NodeConfig = "homeassistant/device/mobilevlm-box/config";

    private static readonly ModeSettings[] Modes =
    [
        new("away", [], []),
        new("home", [QuestionPattern.Parse("gate/*")], []),
        new("quiet", [], [QuestionPattern.Parse("*/person")]),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-modes-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_modes_nothing_is_skipped_and_no_mode_can_be_set()
    {
        var none = new ModeSwitch([], null);
        Assert.Null(none.Current);
        Assert.False(none.TrySet("away"));
        Assert.False(none.Skips(new CameraId("gate"), "person"));
    }

    [Fact]
    public void A_mode_is_found_in_any_case_and_a_change_is_reported_once()
    {
        var modes = new ModeSwitch(Modes, "AWAY");
        var changes = new List<string>();
        modes.Changed += changes.Add;
        Assert.True(modes.TrySet("HOME"));
        Assert.True(modes.TrySet("home"));
        Assert.False(modes.TrySet("holiday"));
        Assert.Equal(["home"], changes);
        Assert.True(modes.Skips(new CameraId("gate"), "dog"));
        Assert.False(modes.Skips(new CameraId("gates"), "dog"));
    }

    [Fact]
    public async Task A_question_that_the_mode_skips_is_unknown_with_its_own_reason_and_its_switch_stays()
    {
        await using var rig = await Rig().StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Mode}=away"), "the initial mode");

        rig.Link.Receive($"{Mode}/set", "Home");
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Mode}=home"), "the new mode");
        await Eventually.TrueAsync(() => Question(rig).WaitsFor == "notInMode", "the reason");
        rig.Camera.Push();
        await Eventually.TrueAsync(() => rig.Stats.Cameras["gate"].FramesIdle == 1, "an idle frame");
        Assert.Empty(rig.Answers.Items);
        Assert.DoesNotContain($"{Enabled}=OFF", rig.Link.Published.Items);

        rig.Link.Receive($"{Mode}/set", "away");
        rig.Play(rig.Camera, TimeSpan.FromMilliseconds(5));
        await rig.Answers.UntilCountAsync(1);
    }

    [Fact]
    public async Task A_switch_of_a_question_stays_off_in_a_mode_that_asks_it()
    {
        await using var rig = await Rig().StartAsync();
        rig.Link.Receive($"{Mode}/set", "home");
        rig.Link.Receive($"{Enabled}/set", "OFF");
        rig.Link.Receive($"{Mode}/set", "away");
        await Eventually.TrueAsync(() => Question(rig).WaitsFor == "disabled" && rig.Edge.Cameras.Modes.Current == "away", "the switch holds");
    }

    [Fact]
    public async Task A_muted_event_is_not_delivered_later_and_the_next_one_is_on_time()
    {
        await using var rig = await Rig("0.1 0.9 0.1 0.9").StartAsync();
        await AnsweredAsync(rig, 1);
        rig.Link.Receive($"{Mode}/set", "quiet");
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Mode}=quiet"), "the mode");
        await AnsweredAsync(rig, 2);
        rig.Link.Receive($"{Mode}/set", "away");
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{Mode}=away") >= 2, "the mode");
        await AnsweredAsync(rig, 3);

        var published = await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Event, StringComparison.Ordinal)), "an event");
        Assert.StartsWith($"{Event}yes>no '", Assert.Single(published, line => line.StartsWith(Event, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snooze_holds_events_back_until_it_is_ended_and_states_go_on()
    {
        await using var rig = await Rig("0.1 0.9 0.1").StartAsync();
        await AnsweredAsync(rig, 1);
        rig.Link.Receive($"{Snooze}/set", "2");
        await rig.Link.Published.UntilAsync(published => published.Any(line => line.StartsWith($"{Snooze}=2", StringComparison.Ordinal)), "the end of the snooze");
        Assert.NotNull(Question(rig).SnoozedUntil);
        await AnsweredAsync(rig, 2);
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=yes"), "the state");

        rig.Link.Receive($"{Snooze}/set", "0");
        await rig.Link.Published.UntilAsync(published => published.Last(line => line.StartsWith($"{Snooze}=", StringComparison.Ordinal)) == $"{Snooze}=", "the end");
        await AnsweredAsync(rig, 3);

        var published = await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Event, StringComparison.Ordinal)), "an event");
        Assert.StartsWith($"{Event}yes>no '", Assert.Single(published, line => line.StartsWith(Event, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mode_and_snooze_survive_a_restart()
    {
        await using (var rig = Rig())
        {
            rig.Settings = rig.Settings with { StateFolder = _folder };
            await rig.StartAsync();
            Assert.True(rig.Edge.Cameras.Modes.TrySwitch("quiet"));
            Assert.True(rig.Edge.Cameras.Modes.TrySnooze("gate", "person", TimeSpan.FromHours(3), out _));
        }

        await using var again = Rig();
        again.Settings = again.Settings with { StateFolder = _folder };
        await again.StartAsync();
        await again.Link.Published.UntilAsync(published => published.Contains($"{Mode}=quiet"), "the mode");
        Assert.NotNull(Question(again).SnoozedUntil);
        Assert.DoesNotContain($"{Mode}=away", again.Link.Published.Items);
    }

    [Fact]
    public async Task A_mode_is_written_within_seconds_so_that_a_kill_does_not_lose_it()
    {
        var time = new FakeTime();
        await using var rig = Rig(time: time);
        rig.Settings = rig.Settings with { StateFolder = _folder };
        await rig.StartAsync();
        Assert.True(rig.Edge.Cameras.Modes.TrySwitch("quiet"));
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(0.5));
                return File.Exists(Path.Combine(_folder, "questions.json"))
                    && File.ReadAllText(Path.Combine(_folder, "questions.json")).Contains("\"mode\": \"quiet\"", StringComparison.Ordinal);
            },
            "the file has the mode");
    }

    [Fact]
    public async Task Without_a_state_folder_the_initial_mode_is_logged()
    {
        await using var rig = Rig();
        rig.Settings = rig.Settings with { InitialMode = "quiet" };
        await rig.StartAsync();
        Assert.Single(rig.Log.Logged(LogLevel.Information, "The mode is 'quiet', the initial one. It is not kept over a restart"));
    }

    [Fact]
    public async Task A_saved_mode_that_is_no_longer_configured_gives_the_initial_one()
    {
        await using (var rig = Rig())
        {
            rig.Settings = rig.Settings with { StateFolder = _folder };
            await rig.StartAsync();
            rig.Edge.Cameras.Modes.TrySwitch("quiet");
        }

        await using var again = Rig();
        again.Settings = again.Settings with { StateFolder = _folder, Modes = [Modes[0]] };
        await again.StartAsync();
        Assert.Equal("away", again.Edge.Cameras.Modes.Current);
        Assert.Single(again.Log.Logged(LogLevel.Warning, "The mode of the last run, 'quiet', is no longer configured"));
    }

    [Fact]
    public async Task What_cannot_be_obeyed_is_refused_with_what_would_be_accepted()
    {
        await using var rig = await Rig().StartAsync();
        rig.Link.Receive($"{Mode}/set", "holiday");
        rig.Link.Receive($"{Snooze}/set", "200");
        rig.Link.Receive("mobilevlm/box/gate/cat/snooze/set", "1");
        await Eventually.TrueAsync(() => rig.Stats.Mqtt.CommandsIgnored == 3, "three refusals");
        var lines = rig.Log.Logged(LogLevel.Warning, "A command to").Select(line => line.Text).ToList();
        Assert.Contains(lines, line => line.Contains("the mode 'holiday' is not configured; configured are away, home, quiet", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("'200' is not a number of hours; 0 to 168 would be accepted", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("has no question", StringComparison.Ordinal));
        Assert.Equal("away", rig.Edge.Cameras.Modes.Current);
    }

    [Fact]
    public async Task Viewers_and_Home_Assistant_see_the_modes()
    {
        var live = new LiveEvents(TimeProvider.System);
        await using var rig = Rig(live: live);
        rig.Settings = rig.Settings with { HomeAssistant = new HomeAssistantSettings { Enabled = true } };
        await rig.StartAsync();
        var published = await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith($"{NodeConfig}=", StringComparison.Ordinal)), "the device of the service");
        Assert.Contains("\"options\":[\"away\",\"home\",\"quiet\"]", published.First(line => line.StartsWith($"{NodeConfig}=", StringComparison.Ordinal)), StringComparison.Ordinal);
        using var follower = live.Follow(null)!;
        rig.Edge.Cameras.Modes.TrySwitch("home");
        var mode = await follower.Unread.ReadAllAsync().FirstAsync(happened => happened.Name == "mode");
        Assert.Equal("""{"current":"home"}""", System.Text.Encoding.UTF8.GetString(mode.Json.Span));
    }

    [Fact]
    public async Task A_retained_selection_of_the_mode_is_removed_when_there_are_no_modes()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Settings = rig.Settings with { HomeAssistant = new HomeAssistantSettings { Enabled = true } };
        await rig.StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Any(IsService), "the device of the service");
        rig.Link.Receive(NodeConfig, """{"components": {"mode": {"platform": "select"}}}""", retained: true);
        var published = await rig.Link.Published.UntilAsync(published => published.Count(IsService) >= 3, "the removal and the device");
        var messages = published.Where(IsService).ToList();
        Assert.Contains("\"mode\":{\"platform\":\"select\"}", messages[^2], StringComparison.Ordinal);
        Assert.DoesNotContain("\"mode\"", messages[^1], StringComparison.Ordinal);

        static bool IsService(string line) => line.StartsWith($"{NodeConfig}=", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_device_of_the_service_is_announced_before_those_of_its_cameras()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Settings = rig.Settings with { HomeAssistant = new HomeAssistantSettings { Enabled = true } };
        await rig.StartAsync();
        var published = await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith("homeassistant/device/mobilevlm-box/gate/config=", StringComparison.Ordinal)), "the camera");
        Assert.Contains(
            published.TakeWhile(line => !line.StartsWith("homeassistant/device/mobilevlm-box/gate/config=", StringComparison.Ordinal)),
            line => line.StartsWith($"{NodeConfig}=", StringComparison.Ordinal));
    }

    private static QuestionView Question(EdgeRig rig) => rig.Edge.Cameras.Cameras[0].Questions[0];

    private static async Task AnsweredAsync(EdgeRig rig, int count)
    {
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith(Answer, StringComparison.Ordinal) && line.EndsWith($"#{count}", StringComparison.Ordinal)), $"answer {count}");
    }

    private static EdgeRig Rig(string? scores = null, TimeProvider? time = null, LiveEvents? live = null)
    {
        var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time ?? TimeProvider.System, Live = live };
        rig.Settings = rig.Settings with { Modes = Modes };
        if (scores is not null)
        {
            rig.Engine.OnAnswer = (frame, _) => scores.Split(' ')[(int)frame - 1];
        }

        return rig;
    }
}
