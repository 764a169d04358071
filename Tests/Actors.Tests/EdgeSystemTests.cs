using MobileVlm.Edge.Actors.Tests.Fakes;

namespace MobileVlm.Edge.Actors.Tests;

public sealed class EdgeSystemTests
{
    [Fact]
    public async Task A_frame_becomes_an_answer_that_the_broker_gets()
    {
        await using var rig = await new EdgeRig(EdgeRig.Plan("gate", EdgeRig.Once, snapshot: true)).StartAsync();

        rig.Camera.Push();

        await rig.Link.Published.UntilAsync(
            published => published.Contains("mobilevlm/box/gate/person/state=frame 1"), "the state");
        var published = rig.Link.Published.Items.ToList();
        Assert.Equal("mobilevlm/box/availability=online", published[0]);
        Assert.Contains("mobilevlm/box/gate/availability=online", published);
        Assert.Equal(
            [
                "mobilevlm/box/gate/snapshot=still 1",
                "mobilevlm/box/gate/person/answer=frame 1 #1",
                "mobilevlm/box/gate/person/state=frame 1",
            ],
            published[^3..]);
    }
}
