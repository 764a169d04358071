namespace MobileVlm.Edge.Actors.Pacing;

/// <summary>The control law that keeps a board below a temperature by the share of time that its engine works. One caller at a
/// time.</summary>
/// <remarks>The share falls in proportion to how far the temperature is, or will soon be, above <see cref="Margin"/> below the limit,
/// and rises slowly again below twice that margin, where the temperature does not rise. In between it is held, so that it settles instead of
/// swinging. Peaks count when it falls and the mean when it rises, because the temperature of a chip follows each frame within
/// seconds.</remarks>
/// <param name="limit">Degrees Celsius.</param>
/// <param name="minFactor">The least share, above 0.</param>
internal sealed class TemperatureLimiter(double limit, double minFactor)
{
    /// <summary>Between two calls of <see cref="Update"/>.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>Degrees below the limit from which the share falls. It rises again below twice this.</summary>
    public const double Margin = 2;

    /// <summary>How far ahead a rising temperature is extrapolated, in seconds.</summary>
    private const double Horizon = 20;

    /// <summary>Time constant of the mean temperature, in seconds.</summary>
    private const double Smoothing = 15;

    /// <summary>A slope below this is noise, in degrees per second.</summary>
    private const double LeastSlope = 0.02;

    /// <summary>A slope above this is a rise, during which the share is not raised.</summary>
    private const double Rising = 0.05;

    /// <summary>Relative fall per degree and second; a step never falls below half.</summary>
    private const double Fall = 0.006;

    /// <summary>Largest relative rise per step: from 0.1 to 1 takes more than three minutes.</summary>
    private const double Rise = 0.06;

    /// <summary>Degrees below the upper edge of the band at which the share rises fastest.</summary>
    private const double FullRise = 6;

    /// <summary>Steps without a peak before the share rises.</summary>
    private const int StepsAfterPeak = 6;

    private double? _mean;
    private int _waits;

    /// <summary>The share of time that the engine may work, from the least share to 1; 1 means no limit.</summary>
    public double Factor { get; private set; } = 1;

    /// <summary>A period has passed.</summary>
    /// <param name="peak">The highest temperature in it.</param>
    /// <param name="busy">The share of the last minute in which the engine worked. The first fall starts there, because a limit above it
    /// would change nothing.</param>
    /// <returns>The new <see cref="Factor"/>.</returns>
    public double Update(double peak, double busy)
    {
        var seconds = Period.TotalSeconds;
        var before = _mean ?? peak;
        var mean = before + ((peak - before) * seconds / (seconds + Smoothing));
        var slope = (mean - before) / seconds;
        _mean = mean;
        var ahead = slope > LeastSlope ? Math.Max(peak, mean + (slope * Horizon)) : peak;
        var falls = limit - Margin;
        var rises = limit - (2 * Margin);
        if (ahead > falls)
        {
            var from = Factor < 1 ? Factor : Math.Clamp(busy, minFactor, 1);
            Factor = Math.Max(minFactor, from * Math.Max(0.5, 1 - (Fall * (ahead - falls) * seconds)));
            _waits = StepsAfterPeak;
        }
        else if (_waits > 0)
        {
            _waits--;
        }
        else if (Factor < 1 && mean < rises && slope <= Rising)
        {
            Factor = Math.Min(1, Factor * (1 + (Rise * Math.Min(1, (rises - mean) / FullRise))));
        }

        return Factor;
    }

    /// <summary>A period has passed in which nothing could be read: the share rises, as without a sensor.</summary>
    public double UpdateUnknown()
    {
        _mean = null;
        return Factor = Math.Min(1, Factor * (1 + Rise));
    }
}
