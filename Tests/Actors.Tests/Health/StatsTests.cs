using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests.Health;

public sealed class StatsTests
{
    private const string Stats = "mobilevlm/box/stats=captured ";

    [Fact]
    public async Task Statistics_are_published_at_the_start_at_each_reconnect_and_before_stopped()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always))
            .With(pipeline => pipeline with { StatsEvery = TimeSpan.FromHours(1) });
        await rig.StartAsync();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Stats}0"), "the numbers of the start");

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(1);
        rig.Link.Drop();
        await rig.Link.Published.UntilAsync(published => published.Contains($"{Stats}1"), "the numbers of the reconnect");

        rig.Camera.Push();
        await rig.Answers.UntilCountAsync(2);
        await rig.StopAsync();

        var published = rig.Link.Published.Items.Where(line => line.StartsWith("mobilevlm/", StringComparison.Ordinal)).ToList();
        Assert.Equal("mobilevlm/box/availability=stopped", published[^1]);
        Assert.Equal($"{Stats}2", published.Last(line => line.StartsWith(Stats, StringComparison.Ordinal)));
        Assert.False(rig.Stats.Cameras["gate"].Online);
    }

    [Fact]
    public async Task Statistics_that_cannot_be_written_hold_up_neither_the_start_nor_the_stop()
    {
        await using var rig = new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Always));
        rig.Placement = () => throw new InvalidOperationException("as the test wants");
        await rig.StartAsync();
        rig.Camera.Push();
        await rig.Link.Published.UntilAsync(published => published.Contains("mobilevlm/box/gate/person/state=frame 1"), "the state");
        await rig.StopAsync();
        Assert.Contains("mobilevlm/box/availability=stopped", rig.Link.Published.Items);
    }

    [Fact]
    public async Task The_age_of_the_last_frame_is_counted_for_each_camera()
    {
        await using var rig = await new EdgeRig(
            EdgeRig.Plan("gate", EdgeRig.Always), EdgeRig.Plan("yard", EdgeRig.Always)).StartAsync();
        rig.Cameras[1].Push(age: TimeSpan.FromSeconds(3));
        await rig.Answers.UntilCountAsync(1);
        Assert.Null(rig.Stats.Cameras["gate"].LastAgeMs);
        Assert.InRange(rig.Stats.Cameras["yard"].LastAgeMs!.Value, 3_000, 20_000);
    }
}
