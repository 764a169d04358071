namespace MobileVlm.Edge.Deploy.Bench;

/// <summary>Sums the energy that the machine uses while a benchmark runs. Idle power is included. Sensors are read ten times per
/// second, because sensors of power must be integrated and counters can overflow.</summary>
internal sealed class EnergyMeter : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly EnergySource? _source;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly ITimer? _timer;
    private readonly Lock _lock = new();
    private string? _error;

    public EnergyMeter(EnergySource? source, TimeProvider time)
    {
        (_source, _time, _started) = (source, time, time.GetTimestamp());
        if (source is not null)
        {
            Sample();
            _timer = time.CreateTimer(_ => Sample(), null, Interval, Interval);
        }
    }

    /// <summary>Why there are no values although there is a source; null while its sensors answer.</summary>
    public string? Error
    {
        get
        {
            lock (_lock)
            {
                return _error;
            }
        }
    }

    /// <summary>Joules so far; null where nothing is measured.</summary>
    public double? Read() => _source is null ? null : Sample();

    public void Dispose() => _timer?.Dispose();

    private double? Sample()
    {
        lock (_lock)
        {
            if (_error is not null)
            {
                return null;
            }

            try
            {
                _source!.Sample(_time.GetElapsedTime(_started));
                return _source.Joules;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _error = $"Energy is not measured: {e.Message}";
                return null;
            }
        }
    }
}
