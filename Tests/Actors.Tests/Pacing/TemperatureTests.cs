using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Tests.Pacing;

/// <summary>The limit of the temperature on boards in simulated time.</summary>
public sealed class TemperatureTests
{
    private const double Limit = 80;

    private static readonly PaceSettings Limited = new() { MaxTemperature = Limit };
    private static readonly TimeSpan Half = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Frame = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(30, 10, 5, 60, 60)]
    [InlineData(45, 10, 5, 60, 60)]
    [InlineData(45, 20, 15, 50, 300)]
    [InlineData(30, 20, 15, 80, 200)]
    public void A_board_that_would_throttle_stays_below_the_limit_and_works_nearly_as_much_as_it_can(
        double ambient, double chipRise, double chipSeconds, double sinkRise, double sinkSeconds)
    {
        using var free = new SimulatedBoard(ambient, (chipRise, chipSeconds), (sinkRise, sinkSeconds));
        free.Start(new PaceSettings());
        Assert.Equal(1, free.Run(Half, Frame));
        Assert.True(free.Highest > 85, $"without a limit it would be too hot, and has {free.Highest:0.0}");

        using var board = new SimulatedBoard(ambient, (chipRise, chipSeconds), (sinkRise, sinkSeconds));
        board.Start(Limited);
        board.Run(Half, Frame);
        board.Factors.Clear();
        var worked = board.Run(Half, Frame);

        Assert.InRange(board.Highest, 70, Limit);
        Assert.InRange(worked / ((Limit - 3 - ambient) / board.Rise), 0.85, 1.1);

        // It has settled.
        Assert.True(board.Factors.Max() < 1.25 * board.Factors.Min(), $"{board.Factors.Min():0.00} to {board.Factors.Max():0.00}");
    }

    [Fact]
    public void A_slow_board_whose_frames_take_long_is_kept_cool_too()
    {
        using var board = new SimulatedBoard(45, (10, 5), (50, 300));
        board.Start(Limited);
        board.Run(Half, TimeSpan.FromSeconds(10));
        var worked = board.Run(Half, TimeSpan.FromSeconds(10));

        Assert.InRange(board.Highest, 70, Limit + 1);
        Assert.InRange(worked, 0.35, 0.6);
    }

    [Fact]
    public void A_limit_acts_on_a_board_that_was_not_busy_all_the_time()
    {
        using var board = new SimulatedBoard(40, (20, 5), (120, 60));
        board.Start(Limited);

        // 40 % of the time, as long as it may.
        var worked = board.Run(2 * Half, Frame, every: TimeSpan.FromSeconds(2.5));

        Assert.InRange(board.Highest, 70, Limit);
        Assert.InRange(worked, 0.22, 0.32);
    }

    [Fact]
    public void After_the_heat_the_questions_are_asked_as_before_and_each_change_is_logged_once()
    {
        using var board = new SimulatedBoard(45, (10, 5), (60, 60));
        board.Start(Limited);
        board.Run(Half, Frame);
        Assert.Equal((PaceStats.TooHot, "cpu-thermal"), (board.Pace.Stats!.Reason, board.Pace.Stats.Sensor));
        Assert.True(board.Pace.Stats.Factor < 0.7);
        board.Ambient = 5;
        board.Run(Half, Frame);

        Assert.Equal((PaceStats.None, 1), (board.Pace.Stats.Reason, board.Pace.Stats.Factor));
        Assert.Single(board.Log.Logged(LogLevel.Warning, "cpu-thermal has "));
        Assert.Single(board.Log.Logged(LogLevel.Information, "The board has cooled down to "));
        Assert.Equal(2, board.Log.Lines.Items.Count);
    }

    [Fact]
    public void Recovery_is_slow_and_never_faster_than_three_minutes()
    {
        using var board = new SimulatedBoard(95, (1, 5), (1, 60));
        board.Start(Limited);
        board.Run(TimeSpan.FromMinutes(5), Frame);
        Assert.Equal(0.1, board.Duty.Limit, 3);
        board.Ambient = 20;

        board.Run(TimeSpan.FromMinutes(3), Frame);
        Assert.InRange(board.Duty.Limit, 0.2, 0.9);
        board.Run(TimeSpan.FromMinutes(3), Frame);
        Assert.Equal(1, board.Duty.Limit);
    }

    [Fact]
    public void A_board_that_something_else_heats_is_still_asked_the_least_share_of_the_time()
    {
        using var board = new SimulatedBoard(95, (1, 5), (1, 60));
        board.Start(Limited with { MinFactor = 0.2 });
        board.Run(TimeSpan.FromMinutes(5), Frame);

        Assert.Equal(0.2, board.Run(Half, Frame), 0.01);
    }

    [Fact]
    public void Without_a_reading_nothing_is_limited_and_the_log_names_the_setting()
    {
        using var board = new SimulatedBoard(95, (1, 5), (1, 60)) { HasSensor = false };
        board.Start(Limited);
        Assert.Equal(1, board.Run(TimeSpan.FromMinutes(5), Frame), 0.01);
        Assert.Contains("Pace:Sensor", Assert.Single(board.Log.Logged(LogLevel.Warning, "No temperature can be read")).Text, StringComparison.Ordinal);
        Assert.Null(board.Pace.Stats!.Temperature);

        board.HasSensor = true;
        board.Run(TimeSpan.FromMinutes(5), Frame);
        Assert.Equal(0.1, board.Duty.Limit, 3);
        Assert.Single(board.Log.Logged(LogLevel.Information, "The temperature can be read again"));

        // A sensor that is gone for a moment changes nothing; one that stays away gives up the limit.
        board.HasSensor = false;
        board.Run(TimeSpan.FromSeconds(50), Frame);
        Assert.Equal(0.1, board.Duty.Limit, 3);
        board.Run(TimeSpan.FromMinutes(6), Frame);
        Assert.Equal(1, board.Duty.Limit);
    }

    [Fact]
    public void Nothing_is_reported_where_nothing_is_limited()
    {
        using var board = new SimulatedBoard(95, (1, 5), (1, 60));
        board.Start(new PaceSettings());
        board.Run(TimeSpan.FromMinutes(1), Frame);
        Assert.Null(board.Pace.Stats);
        Assert.Equal(1, board.Pace.Patience);
    }
}
