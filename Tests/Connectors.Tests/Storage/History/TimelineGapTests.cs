using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

public sealed class TimelineGapTests
{
    private static readonly DateTimeOffset Start = new(2028, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_state_without_answers_is_a_gap_with_its_reason()
    {
        TimelineState[] states = [State(-5, "no"), State(10, "unknown", "noPicture"), State(20, "yes"), State(30, "unknown", "uncertain"), State(40, "unknown", "disabled")];
        Assert.Equal([Gap(10, 20, "noPicture"), Gap(40, 60, "disabled")], TimelineGaps.Join([], states, At(0), At(60)));
    }

    [Fact]
    public void A_state_that_began_earlier_is_cut_to_the_timeline() => Assert.Equal(
        [Gap(0, 60, "modelFailed")], TimelineGaps.Join([], [State(-100, "unknown", "modelFailed")], At(0), At(60)));

    [Fact]
    public void Where_the_service_did_not_run_no_other_reason_is_given() => Assert.Equal(
        [Gap(10, 20, "busy"), Gap(20, 30, "stopped"), Gap(30, 40, "busy"), Gap(40, 45, "stopped"), Gap(45, 50, "busy")],
        TimelineGaps.Join(
            [Gap(20, 30, "stopped"), Gap(40, 45, "stopped")], [State(10, "unknown", "busy"), State(50, "no")], At(0), At(60)));

    [Fact]
    public void A_gap_within_a_stop_is_the_stop() => Assert.Equal(
        [Gap(5, 55, "stopped")], TimelineGaps.Join([Gap(5, 55, "stopped")], [State(10, "unknown", "busy"), State(50, "no")], At(0), At(60)));

    private static TimelineState State(int minute, string state, string? reason = null) => new(At(minute), state, reason);

    private static TimelineGap Gap(int from, int to, string reason) => new(At(from), At(to), reason);

    private static DateTimeOffset At(int minute) => Start.AddMinutes(minute);
}
