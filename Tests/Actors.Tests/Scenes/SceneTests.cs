using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Tests.Scenes;

/// <summary>Views and frozen connections in a whole service.</summary>
public sealed class SceneTests
{
    private const string View = "mobilevlm/box/gate/view=";
    private const string Before = "mobilevlm/box/gate/view/before=";
    private const string After = "mobilevlm/box/gate/view/after=";
    private const string Availability = "mobilevlm/box/gate/availability=";
    private const string State = "mobilevlm/box/gate/person/state=";

    private readonly FakeTime _time = new();
    private readonly Random _random = new(3);
    private readonly ScenePicture _gate = GateClip.Second(3);

    [Fact]
    public async Task A_view_is_unknown_before_the_first_frame_then_normal_and_when_it_changes_its_pictures_come_before_its_state()
    {
        await using var rig = await Rig(new SceneSettings(), snapshot: true).StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}unknown"), "the view before the first frame");

        Push(rig, _gate, 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}normal"), "the usual view");
        Push(rig, _gate.Moved(right: 0.2), 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}changed"), "the changed view");
        Push(rig, _gate, 3);
        var published = await rig.Link.Published.UntilAsync(
            published => published.Count(line => line == $"{View}normal") == 2, "the usual view again");

        var views = published.Where(line => line.StartsWith("mobilevlm/box/gate/view", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [$"{View}unknown", $"{View}normal", $"{Before}still 1", $"{After}still 6", $"{View}changed", $"{View}normal"],
            views.Where((line, at) => at == 0 || line != views[at - 1]));
        var stats = rig.Stats.Cameras["gate"];
        Assert.Equal(("normal", 1), (stats.View, stats.ViewChanges));
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "gate: the view is changed; it was normal"));
        Assert.Single(rig.Log.Logged(LogLevel.Information, "gate: the view is normal again"));
    }

    [Fact]
    public async Task A_camera_whose_pictures_are_not_published_shows_none_of_its_view_either()
    {
        await using var rig = await Rig(new SceneSettings()).StartAsync();
        Push(rig, _gate, 3);
        Push(rig, _gate.UnderHand(), 3);

        var published = await rig.Link.Published.UntilAsync(published => published.Contains($"{View}covered"), "the covered view");

        Assert.DoesNotContain(published, line => line.StartsWith(Before, StringComparison.Ordinal));
        Assert.DoesNotContain(published, line => line.StartsWith(After, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_usual_view_outlives_connections()
    {
        await using var rig = await Rig(new SceneSettings()).StartAsync();
        Push(rig, _gate, 3);
        rig.Camera.End(CaptureEndKind.Lost);
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{Availability}offline") == 2, "the lost camera");
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return rig.Camera.Attempts.Items.Count == 2;
            },
            "the next connection");

        Push(rig, _gate.Moved(right: 0.2), 3);

        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}changed"), "the changed view");
    }

    [Fact]
    public async Task A_camera_without_questions_is_watched_as_well()
    {
        await using var rig = Rig(new SceneSettings());
        rig.Settings = rig.Settings with { Cameras = [rig.Settings.Cameras[0] with { Questions = [] }] };
        await rig.StartAsync();
        Push(rig, _gate, 3);
        Push(rig, _gate.Capped(_random), 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}dark"), "the dark view");
    }

    [Fact]
    public async Task Questions_are_unknown_while_the_view_is_not_normal_where_that_is_configured_and_ad_hoc_questions_get_the_reason()
    {
        await using var rig = await Rig(new SceneSettings { SuspendOnViewChange = true }).StartAsync();
        Push(rig, _gate, 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{State}yes"), "the first answers");

        Push(rig, _gate.Moved(right: 0.2), 4);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}changed"), "the changed view");
        _time.Advance(TimeSpan.FromSeconds(1));
        await rig.Link.Published.UntilAsync(published => published.Contains($"{State}unknown"), "the unknown state");
        Assert.Equal(UnknownReason.ViewNotNormal.ToText(), rig.Stats.Cameras["gate"].Questions["person"].WaitsFor);
        Assert.Equal("viewNotNormal", UnknownReason.ViewNotNormal.ToText());

        rig.Link.Receive("mobilevlm/box/gate/ask", "What is there?");
        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith("mobilevlm/box/gate/reply=", StringComparison.Ordinal)
                && line.Contains("\"status\":\"failed\"", StringComparison.Ordinal)
                && line.Contains("the camera's view is changed, and SuspendOnViewChange holds its questions back", StringComparison.Ordinal)),
            "the reply");
        var asked = rig.Engine.Done.Items.Count(done => done.StartsWith("ask", StringComparison.Ordinal));
        Push(rig, _gate.Moved(right: 0.2), 3);

        Push(rig, _gate, 4);
        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{View}normal") == 2, "the usual view again");
        await Eventually.TrueAsync(
            () =>
            {
                Push(rig, _gate, 1);
                return rig.Engine.Done.Items.Count(done => done.StartsWith("ask", StringComparison.Ordinal)) > asked;
            },
            "the next answer");
        await Eventually.TrueAsync(
            () => rig.Link.Published.Items.Last(line => line.StartsWith(State, StringComparison.Ordinal)) != $"{State}unknown", "the state");
    }

    [Fact]
    public async Task A_question_that_waits_when_the_view_changes_gets_a_reply_with_the_reason()
    {
        await using var rig = Rig(new SceneSettings { SuspendOnViewChange = true });
        rig.Settings = rig.Settings with { Cameras = [rig.Settings.Cameras[0] with { Questions = [] }] };
        await rig.StartAsync();
        Push(rig, _gate, 3);
        Push(rig, _gate.Moved(right: 0.2), 2);

        // It waits for the very frame that makes the view another one.
        rig.Link.Receive("mobilevlm/box/gate/ask", "What is there?");
        await Eventually.TrueAsync(() => rig.Stats.Asks.Received == 1, "the question");
        Push(rig, _gate.Moved(right: 0.2), 1);

        await rig.Link.Published.UntilAsync(
            published => published.Any(line => line.StartsWith("mobilevlm/box/gate/reply=", StringComparison.Ordinal)
                && line.Contains("SuspendOnViewChange", StringComparison.Ordinal)),
            "the reply");
    }

    [Fact]
    public async Task Unless_configured_questions_continue_with_any_view()
    {
        await using var rig = await Rig(new SceneSettings()).StartAsync();
        Push(rig, _gate, 3);
        Push(rig, _gate.Moved(right: 0.2), 4);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}changed"), "the changed view");
        Push(rig, _gate.Moved(right: 0.2), 1);
        await rig.Answers.UntilAsync(answers => answers[^1].Sequence.Value == 8, "the answer");
        Assert.DoesNotContain($"{State}unknown", rig.Link.Published.Items);
    }

    [Fact]
    public async Task Settings_of_the_view_change_while_it_runs_without_opening_the_camera_again()
    {
        await using var rig = await Rig(new SceneSettings { SuspendOnViewChange = true }).StartAsync();
        Push(rig, _gate, 3);
        Push(rig, _gate.Moved(right: 0.2), 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}changed"), "the changed view");

        rig.Edge.Change([rig.Settings.Cameras[0] with { Scene = new SceneSettings { SuspendOnViewChange = false } }], []);
        Push(rig, _gate.Moved(right: 0.2), 1);
        await rig.Answers.UntilAsync(answers => answers[^1].Sequence.Value == 7, "the answer");

        rig.Edge.Change([rig.Settings.Cameras[0] with { Scene = new SceneSettings { CheckView = false } }], []);
        await Eventually.TrueAsync(
            () => rig.Link.Published.Items.Last(line => line.StartsWith(View, StringComparison.Ordinal)) == $"{View}unknown", "no view");
        Assert.Equal("unknown", rig.Stats.Cameras["gate"].View);
        Assert.Single(rig.Camera.Attempts.Items);
    }

    [Fact]
    public async Task A_camera_that_is_removed_leaves_nothing_of_its_view_at_the_broker()
    {
        await using var rig = new EdgeRig(Plan(new SceneSettings(), true), EdgeRig.Plan("hall", EdgeRig.Always)) { Time = _time };
        await rig.StartAsync();
        rig.Edge.Change([rig.Settings.Cameras[1]], []);
        await rig.Link.Published.UntilAsync(
            published => published.Contains(View) && published.Contains(Before) && published.Contains(After), "the cleared topics");
    }

    [Fact]
    public async Task A_broker_that_comes_back_gets_the_current_view()
    {
        await using var rig = await Rig(new SceneSettings()).StartAsync();
        Push(rig, _gate, 3);
        await rig.Link.Published.UntilAsync(published => published.Contains($"{View}normal"), "the usual view");

        rig.Link.Drop();
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return rig.Link.Published.Items.Count(line => line == $"{View}normal") >= 2;
            },
            "the view after the next connect");
        Assert.DoesNotContain($"{View}unknown", rig.Link.Published.Items.SkipWhile(line => line != $"{View}normal"));
    }

    [Fact]
    public async Task A_frozen_connection_is_opened_again_without_a_word_on_availability_and_counted()
    {
        await using var rig = Rig(new SceneSettings { FrozenAfter = TimeSpan.FromMinutes(1) });
        rig.AnswerText = answer => $"same for {answer.SameFrameS?.ToString(CultureInfo.InvariantCulture) ?? "less"}";
        await rig.StartAsync();
        var frozen = _gate.Noisy(2, _random);
        await FreezeAsync(rig, frozen);
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/answer=same for 60"), "the answer with that value");
        Assert.Null(rig.Answers.Items[30].RepeatsFor);
        Assert.Equal(TimeSpan.FromMinutes(1), rig.Answers.Items[^1].RepeatsFor);

        Push(rig, _gate.Moved(right: 0.1), 3);

        var stats = rig.Stats.Cameras["gate"];
        Assert.Equal((1, 1, 0), (stats.FrozenConnections, stats.CaptureRestarts, stats.SameFrameS));
        Assert.NotNull(stats.LastFrozenAt);
        Assert.Single(rig.Log.Logged(LogLevel.Warning, "gate: the connection was frozen: it repeated its picture for 6"));
        AssertOnlineAllTheTime(rig);
        await rig.Answers.UntilAsync(answers => answers[^1] is { RepeatsFor: null, Sequence.Value: > 63 }, "a fresh answer");
    }

    [Fact]
    public async Task A_still_scene_is_opened_again_once_and_the_next_time_an_hour_later()
    {
        await using var rig = await Rig(new SceneSettings { FrozenAfter = TimeSpan.FromMinutes(1) }).StartAsync();
        var still = _gate.Noisy(2, _random);
        await FreezeAsync(rig, still);
        PushEqual(rig, still, 350, every: 10);
        var stats = rig.Stats.Cameras["gate"];
        Assert.Equal((0, 1), (stats.FrozenConnections, stats.CaptureRestarts));
        Assert.True(stats.SameFrameS > 50 * 60);
        Assert.Single(rig.Log.Lines.Items, line => line.Text.Contains("the scene is still", StringComparison.Ordinal));

        // While the source is opened again nobody captures, and a frame goes nowhere.
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            rig.Camera.Push(still.Width, still.Height, still.Pixels);
        }

        await rig.Camera.Attempts.UntilCountAsync(3);
        AssertOnlineAllTheTime(rig);
    }

    [Fact]
    public async Task A_camera_that_cannot_be_opened_again_is_offline_and_tried_as_ever()
    {
        await using var rig = Rig(new SceneSettings { FrozenAfter = TimeSpan.FromMinutes(1) });
        await rig.StartAsync();
        var frozen = _gate.Noisy(2, _random);
        await FreezeAsync(rig, frozen);

        rig.Camera.End(CaptureEndKind.OpenFailed);

        await rig.Link.Published.UntilAsync(published => published.Count(line => line == $"{Availability}offline") == 2, "the lost camera");
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return rig.Camera.Attempts.Items.Count == 3;
            },
            "the next attempt");
        Push(rig, _gate.Moved(right: 0.1), 3);
        Assert.Equal(1, rig.Stats.Cameras["gate"].FrozenConnections);
    }

    [Fact]
    public async Task A_source_that_does_not_claim_to_be_live_may_repeat_itself()
    {
        await using var rig = Rig(new SceneSettings { FrozenAfter = TimeSpan.FromMinutes(1) });
        await rig.StartAsync();
        rig.Camera.IsLive = false;
        PushEqual(rig, _gate, 200);
        Assert.Single(rig.Camera.Attempts.Items);
        Assert.Null(rig.Stats.Cameras["gate"].SameFrameS);
    }

    private static CameraConfiguration Plan(SceneSettings scene, bool snapshot) =>
        EdgeRig.Plan("gate", EdgeRig.Always, snapshot) with { Scene = scene };

    private EdgeRig Rig(SceneSettings scene, bool snapshot = false)
    {
        var rig = new EdgeRig(Plan(scene, snapshot)) { Time = _time };
        rig.Engine.OnAnswer = (_, _) => "0.9";
        return rig;
    }

    /// <summary>One frame per second, as a sensor gives them.</summary>
    private void Push(EdgeRig rig, ScenePicture picture, int frames)
    {
        for (var i = 0; i < frames; i++)
        {
            PushEqual(rig, picture.Noisy(1, _random), 1);
        }
    }

    private void PushEqual(EdgeRig rig, ScenePicture picture, int frames, int every = 1)
    {
        for (var i = 0; i < frames; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(every));
            Assert.NotEqual(0, rig.Camera.Push(picture.Width, picture.Height, picture.Pixels));
        }
    }

    /// <summary>The same frame, each of them answered, until the camera is opened again.</summary>
    private async Task FreezeAsync(EdgeRig rig, ScenePicture picture)
    {
        for (var i = 1; i <= 61; i++)
        {
            PushEqual(rig, picture, 1);
            await rig.Answers.UntilCountAsync(i);
        }

        await rig.Camera.Attempts.UntilCountAsync(2);
    }

    private static void AssertOnlineAllTheTime(EdgeRig rig) => Assert.Equal(
        [$"{Availability}offline", $"{Availability}online"],
        rig.Link.Published.Items.Where(line => line.StartsWith(Availability, StringComparison.Ordinal)));
}
