using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Deploy.Bench;

namespace MobileVlm.Edge.EndToEnd.Tests.Bench;

public sealed class EnergyMeterTests
{
    [Fact]
    public void Power_that_changes_between_two_readings_is_integrated()
    {
        var time = new FakeTimeProvider();
        var source = new SteadyPower(watts: 10);
        using var meter = new EnergyMeter(source, time);
        var before = meter.Read();
        time.Advance(TimeSpan.FromSeconds(1));
        source.Watts = 30;
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(40, (meter.Read() - before)!.Value, 6);

        // Ten times per second, so that a change between two readings of the benchmark is seen.
        Assert.True(source.Samples > 20, $"{source.Samples} samples");
    }

    [Fact]
    public void A_sensor_that_stops_answering_ends_the_measurement_with_the_reason()
    {
        var source = new SteadyPower(watts: 10);
        using var meter = new EnergyMeter(source, new FakeTimeProvider());
        Assert.NotNull(meter.Read());
        source.Error = new IOException("No such device");
        Assert.Null(meter.Read());
        source.Error = null;
        Assert.Null(meter.Read());
        Assert.Equal("Energy is not measured: No such device", meter.Error);
    }

    [Fact]
    public void Without_sensors_there_is_no_value()
    {
        using var meter = new EnergyMeter(null, new FakeTimeProvider());
        Assert.Null(meter.Read());
        Assert.Null(new RunCosts([new RunCost(1, null), new RunCost(2, null)]).Energy);
    }

    [Fact]
    public void Energy_of_runs_is_their_median_and_power_their_average()
    {
        var costs = new RunCosts([new RunCost(1000, 10), new RunCost(1000, 20), new RunCost(2000, 60)]);
        Assert.Equal(new EnergyUse(20, 22.5), costs.Energy);
        Assert.Equal(5, costs.Divide(4).Energy!.Joules);
        Assert.Equal(22.5, costs.Divide(4).Energy!.Watts, 6);
    }

    /// <summary>Adds the current power for the time since the previous sample.</summary>
    private sealed class SteadyPower(double watts) : EnergySource
    {
        private TimeSpan _previous;

        public double Watts { get; set; } = watts;

        public int Samples { get; private set; }

        public Exception? Error { get; set; }

        public override string Description => "test";

        public override void Sample(TimeSpan now)
        {
            if (Error is not null)
            {
                throw Error;
            }

            Samples++;
            Joules += Watts * (now - _previous).TotalSeconds;
            _previous = now;
        }
    }
}
