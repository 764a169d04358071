using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

public sealed class StatsMappingTests
{
    [Fact]
    public void Repeated_frames_frozen_connections_and_the_view_are_in_the_statistics()
    {
        var frozenAt = new DateTimeOffset(2026, 11, 29, 12, 0, 0, TimeSpan.Zero);
        var payload = StatsMapping.ToPayload(new CameraStats
        {
            Online = true,
            Captured = 0,
            Repeated = 0,
            Replaced = 0,
            Idle = 0,
            Stale = 0,
            Used = 0,
            Gated = 0,
            Failed = 0,
            CaptureRestarts = 1,
            LastFrameAt = null,
            LastAge = null,
            SameFor = TimeSpan.FromSeconds(61.9),
            Frozen = 2,
            LastFrozenAt = frozenAt,
            View = ViewState.Covered,
            ViewChanges = 3,
            Questions = new Dictionary<string, QuestionStats>(),
        });

        Assert.Equal((61, 2, frozenAt), (payload.SameFrameS, payload.FrozenConnections, payload.LastFrozenAt));
        Assert.Equal(("covered", 3), (payload.View, payload.ViewChanges));
    }
}
