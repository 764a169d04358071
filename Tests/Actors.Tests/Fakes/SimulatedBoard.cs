using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Pacing;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>A board in simulated time: a chip and a heat sink, each of first order, that the engine's work heats; and an engine that always has
/// a frame to answer. The real controller sees what the kernel would report: whole tenths of a degree, once per second.</summary>
/// <param name="ambient">Degrees Celsius.</param>
/// <param name="chip">Degrees by which steady work heats the chip, and the time constant in seconds.</param>
/// <param name="sink">The same of the heat sink.</param>
internal sealed class SimulatedBoard(double ambient, (double Rise, double Seconds) chip, (double Rise, double Seconds) sink) : IDisposable
{
    private const double Step = 0.25;

    private double _chip;
    private double _sink;
    private EngineDuty? _duty;
    private QuestionPace? _pace;

    public FakeTime Time { get; } = new();

    public RecordingLogger Log { get; } = new();

    public double Ambient { get; set; } = ambient;

    public double Temperature => Ambient + _chip + _sink;

    /// <summary>Degrees by which steady work heats the board.</summary>
    public double Rise => chip.Rise + sink.Rise;

    /// <summary>False while the sensor cannot be read.</summary>
    public bool HasSensor { get; set; } = true;

    public EngineDuty Duty => _duty ??= new EngineDuty(() => { }, Time);

    public QuestionPace Pace => _pace!;

    public double Highest { get; private set; }

    /// <summary>The factor after each second.</summary>
    public List<double> Factors { get; } = [];

    public void Start(PaceSettings settings, TimeZoneInfo? zone = null)
    {
        _pace = new QuestionPace(
            settings,
            zone ?? TimeZoneInfo.Utc,
            () => HasSensor ? new TemperatureReading(Math.Round(Temperature, 1), "cpu-thermal") : null,
            Duty,
            new ClockMonitor(Time, new Microsoft.Extensions.Logging.Logger<ClockMonitor>(Log)),
            Time,
            new Microsoft.Extensions.Logging.Logger<QuestionPace>(Log));
        _pace.Start();
    }

    /// <summary>Works as much as the duty allows.</summary>
    /// <param name="time">How long.</param>
    /// <param name="work">The time that one frame takes; zero does nothing.</param>
    /// <param name="every">A frame comes this often; zero always.</param>
    /// <returns>The share of the time in which it worked.</returns>
    public double Run(TimeSpan time, TimeSpan work, TimeSpan every = default)
    {
        var (start, worked, next) = (Time.GetTimestamp(), 0.0, Time.GetTimestamp());
        while (Time.GetElapsedTime(start) < time)
        {
            if (work > TimeSpan.Zero && Time.GetTimestamp() >= next && !Duty.IsResting)
            {
                next = Time.GetTimestamp() + every.Ticks;
                Duty.Measure(() =>
                {
                    for (var at = TimeSpan.Zero; at < work; at += TimeSpan.FromSeconds(Step))
                    {
                        Pass(isBusy: true);
                    }

                    return 0;
                });
                worked += work.TotalSeconds;
            }
            else
            {
                Pass(isBusy: false);
            }
        }

        return worked / Time.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _pace?.Dispose();
        _duty?.Dispose();
    }

    private void Pass(bool isBusy)
    {
        _chip += ((isBusy ? chip.Rise : 0) - _chip) * Step / chip.Seconds;
        _sink += ((isBusy ? sink.Rise : 0) - _sink) * Step / sink.Seconds;
        Highest = Math.Max(Highest, Temperature);
        Factors.Add(Duty.Limit);
        Time.Advance(TimeSpan.FromSeconds(Step));
    }
}
