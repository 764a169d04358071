using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>Limits of how much the engine works. Values are validated where configuration is read.</summary>
public sealed record PaceSettings
{
    /// <summary>The temperature below which the engine is kept by resting, in degrees Celsius; null for no limit.</summary>
    public double? MaxTemperature { get; init; }

    /// <summary>The least share of time that the engine may work while it is too hot, above 0 and at most 1.</summary>
    public double MinFactor { get; init; } = 0.1;

    /// <summary>The times at which questions are asked less often; null for none.</summary>
    public WeeklySchedule? QuietHours { get; init; }

    /// <summary>How often questions are asked in <see cref="QuietHours"/>, as a share of what is configured, above 0 and at most 1.</summary>
    public double QuietFactor { get; init; } = 0.25;

    /// <summary>Whether anything is limited at all.</summary>
    public bool IsEnabled => MaxTemperature is not null || QuietHours is not null;
}

/// <summary>A temperature that was read.</summary>
/// <param name="Celsius">Degrees Celsius.</param>
/// <param name="Sensor">Name of the sensor.</param>
public sealed record TemperatureReading(double Celsius, string Sensor);
