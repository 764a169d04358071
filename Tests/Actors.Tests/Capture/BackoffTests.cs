using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Tests.Capture;

public sealed class BackoffTests
{
    private static readonly ReconnectSettings Settings = new()
    {
        Min = TimeSpan.FromSeconds(1),
        Max = TimeSpan.FromSeconds(10),
        Jitter = 0.5,
        GoodRun = TimeSpan.FromSeconds(30),
    };

    [Theory]
    [InlineData(0.0, "1 2 4 8 10 10")]
    [InlineData(1.0, "0.5 1 2 4 5 5")]
    [InlineData(0.5, "0.75 1.5 3 6 7.5 7.5")]
    public void Waits_double_up_to_the_limit_and_chance_only_shortens_them(double chance, string seconds)
    {
        var backoff = new Backoff(Settings, () => chance);

        var waits = Enumerable.Range(0, 6).Select(_ => backoff.Next().TotalSeconds);

        Assert.Equal(seconds, string.Join(' ', waits.Select(wait => FormattableString.Invariant($"{wait}"))));
    }

    [Fact]
    public void A_thousand_failures_do_not_overflow()
    {
        var backoff = new Backoff(Settings, () => 0);

        Assert.All(Enumerable.Range(0, 1000), _ => Assert.InRange(backoff.Next(), Settings.Min, Settings.Max));
    }

    [Fact]
    public void A_restart_budget_forgets_what_lies_before_its_window()
    {
        var time = new FakeTime();
        var window = new RestartWindow(new RestartBudget(2, TimeSpan.FromMinutes(1)), time);

        Assert.True(window.TryRestart());
        Assert.True(window.TryRestart());
        Assert.False(window.TryRestart());
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.True(window.TryRestart());
    }

    [Fact]
    public async Task A_camera_is_tried_again_with_growing_waits_that_a_good_run_resets()
    {
        var time = new FakeTime();
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always)) { Time = time };
        rig.Settings = rig.Settings with { CameraReconnect = Settings with { Jitter = 0 } };
        await rig.StartAsync();
        var waited = time.Waits.Items.Count;

        for (var attempt = 1; attempt <= 6; attempt++)
        {
            await rig.Camera.Attempts.UntilCountAsync(attempt);
            if (attempt == 4)
            {
                rig.Camera.Push();
                time.Advance(TimeSpan.FromSeconds(31));
            }

            rig.Camera.End(CaptureEndKind.Lost);
            var waits = await time.Waits.UntilCountAsync(waited + attempt);
            time.Advance(waits[^1]);
        }

        await rig.Camera.Attempts.UntilCountAsync(7);
        Assert.Equal([1, 2, 4, 1, 2, 4], time.Waits.Items.Skip(waited).Select(wait => wait.TotalSeconds));
        Assert.Equal(6, rig.Stats.Cameras["gate"].CaptureRestarts);
    }
}
