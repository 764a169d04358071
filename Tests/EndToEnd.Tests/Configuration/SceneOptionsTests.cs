using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Binding;

namespace MobileVlm.Edge.EndToEnd.Tests.Configuration;

/// <summary>Keys about frozen connections and changed views.</summary>
public sealed class SceneOptionsTests : IDisposable
{
    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void By_default_connection_and_view_are_checked_and_no_question_is_suspended()
    {
        var scene = Assert.Single(_fixture.Read(ConfigurationFixture.Small()).ToEdgeSettings("").Cameras).Scene;
        Assert.Equal(
            (TimeSpan.FromMinutes(5), true, TimeSpan.FromMinutes(10), false),
            (scene.FrozenAfter, scene.CheckView, scene.ViewSettlesAfter, scene.SuspendOnViewChange));
    }

    [Fact]
    public void Configured_values_reach_the_camera()
    {
        var scene = Assert.Single(_fixture.Read(ConfigurationFixture.Small(
            camera: """, "FrozenAfter": "00:00:00", "ViewSettlesAfter": "01:00:00", "SuspendOnViewChange": true """))
            .ToEdgeSettings("").Cameras).Scene;
        Assert.Equal(
            (TimeSpan.Zero, true, TimeSpan.FromHours(1), true),
            (scene.FrozenAfter, scene.CheckView, scene.ViewSettlesAfter, scene.SuspendOnViewChange));
    }

    [Fact]
    public void By_default_answers_about_a_still_scene_are_refreshed_after_30_seconds_and_later_ever_less_often()
    {
        var gate = Assert.Single(_fixture.Read(ConfigurationFixture.Small()).ToEdgeSettings("").Cameras).Gate!;
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10)), (gate.Refresh, gate.RefreshMax));
    }

    [Theory]
    [InlineData("\"GateRefreshMax\": \"00:00:01\"", 30, 1)]
    [InlineData("\"GateRefresh\": \"01:00:00\"", 3600, 600)]
    public void A_longest_refresh_interval_below_the_first_one_is_accepted(string keys, int refresh, int longest)
    {
        var gate = Assert.Single(_fixture.Read(ConfigurationFixture.Small(camera: $", {keys} ")).ToEdgeSettings("").Cameras).Gate!;
        Assert.Equal((refresh, longest), (gate.Refresh.TotalSeconds, gate.RefreshMax.TotalSeconds));
    }

    [Theory]
    [InlineData("\"FrozenAfter\": \"2.00:00:00\"", "FrozenAfter", "00:00:00 to 1.00:00:00")]
    [InlineData("\"GateRefreshMax\": \"2.00:00:00\"", "GateRefreshMax", "00:00:01 to 1.00:00:00")]
    [InlineData("\"ViewSettlesAfter\": \"31.00:00:00\"", "ViewSettlesAfter", "00:00:00 to 30.00:00:00")]
    [InlineData("\"ViewCheck\": false, \"SuspendOnViewChange\": true", "SuspendOnViewChange", "needs ViewCheck")]
    public void An_invalid_scene_setting_is_refused(string keys, string key, string expected)
    {
        var refused = Assert.Throws<ConfigurationException>(() => _fixture.Read(ConfigurationFixture.Small(camera: $", {keys} ")));
        var error = Assert.Single(refused.Errors).ToString();
        Assert.Contains($":{key}", error, StringComparison.Ordinal);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"FrozenAfter\": \"00:01:00\"")]
    [InlineData("\"ViewCheck\": false")]
    [InlineData("\"ViewSettlesAfter\": \"00:01:00\"")]
    [InlineData("\"SuspendOnViewChange\": true")]
    [InlineData("\"GateRefreshMax\": \"00:05:00\"")]
    public void A_change_at_run_time_keeps_the_cameras_stream_open(string keys)
    {
        var change = ConfigurationChange.Between(
            _fixture.Read(ConfigurationFixture.Small()), _fixture.Read(ConfigurationFixture.Small(camera: $", {keys} ")));
        Assert.Equal((0, 1, 0, 0), (change.Opened.Count, change.QuestionsChanged.Count, change.Removed.Count, change.NeedsRestart.Count));
    }
}
