using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Pacing;

/// <summary>Slows the questions down while the board is hot and in quiet hours. Reads the temperature once per second on a thread of the
/// pool. Thread-safe.</summary>
internal sealed partial class QuestionPace : IDisposable
{
    /// <summary>Between two readings of the temperature.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    /// <summary>Without a reading for this long, the temperature is unknown.</summary>
    public static readonly TimeSpan UnknownAfter = TimeSpan.FromMinutes(1);

    /// <summary>Changes of the temperature's limit that come faster are not logged.</summary>
    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(10);

    /// <summary>Share by which the patience with missing answers shrinks per tick, so that a state does not become unknown in the moment in
    /// which questions are asked faster again.</summary>
    private const double PatienceFall = 0.98;

    private readonly PaceSettings _settings;
    private readonly TimeZoneInfo _zone;
    private readonly Func<TemperatureReading?> _read;
    private readonly EngineDuty _duty;
    private readonly ClockMonitor _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TemperatureLimiter? _limiter;
    private readonly LogThrottle _throttle;
    private readonly Lock _lock = new();
    private ITimer? _timer;
    private int _isReading;
    private double? _peak;
    private long _updatedAt;
    private long _readAt;
    private TemperatureReading? _reading;
    private bool _isUnknownLogged;
    private string _reason = PaceStats.None;
    private bool _isHotLogged;
    private bool _isQuiet;
    private double _intervalFactor = 1;
    private double _patience = 1;

    /// <param name="settings">The limits.</param>
    /// <param name="zone">The time zone of quiet hours.</param>
    /// <param name="read">Reads the temperature; null when it cannot be read. Called on a thread of the pool.</param>
    /// <param name="duty">Gets the share of time that the engine may work.</param>
    /// <param name="clock">Whether the time of the day is known.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Logs changes.</param>
    public QuestionPace(
        PaceSettings settings,
        TimeZoneInfo zone,
        Func<TemperatureReading?> read,
        EngineDuty duty,
        ClockMonitor clock,
        TimeProvider time,
        ILogger<QuestionPace> logger)
    {
        (_settings, _zone, _read, _duty, _clock, _time, _logger) = (settings, zone, read, duty, clock, time, logger);
        _limiter = settings.MaxTemperature is { } limit ? new TemperatureLimiter(limit, settings.MinFactor) : null;
        _throttle = new LogThrottle(LogEvery, time);
        _updatedAt = _readAt = time.GetTimestamp();
    }

    /// <summary>How often standing questions are asked, as a share of what is configured: below 1 in quiet hours. Cheap, for capture
    /// threads.</summary>
    public double IntervalFactor => Volatile.Read(ref _intervalFactor);

    /// <summary>How many times longer than usual an answer may take to come before its state is unknown; 1 or more.</summary>
    public double Patience => Volatile.Read(ref _patience);

    /// <summary>For the statistics; null where nothing is limited.</summary>
    public PaceStats? Stats
    {
        get
        {
            lock (_lock)
            {
                return _settings.IsEnabled
                    ? new PaceStats
                    {
                        Factor = Math.Round(_duty.Limit, 3),
                        Reason = _reason,
                        BusyShare = Math.Round(_duty.BusyShare, 3),
                        MaxTemperature = _settings.MaxTemperature,
                        Temperature = _reading?.Celsius,
                        Sensor = _reading?.Sensor,
                    }
                    : null;
            }
        }
    }

    public void Start()
    {
        if (_settings.IsEnabled)
        {
            OnTick();
            _timer = _time.CreateTimer(_ => OnTick(), null, Tick, Tick);
        }
    }

    public void Dispose() => _timer?.Dispose();

    private void OnTick()
    {
        // A sensor that hangs must not collect threads.
        if (Interlocked.Exchange(ref _isReading, 1) == 1)
        {
            return;
        }

        try
        {
            var reading = _limiter is null ? null : _read();
            lock (_lock)
            {
                Take(reading);
                Update();
            }
        }
        finally
        {
            Volatile.Write(ref _isReading, 0);
        }
    }

    private void Take(TemperatureReading? reading)
    {
        var now = _time.GetTimestamp();
        if (reading is not null)
        {
            _reading = reading;
            _readAt = now;
            _peak = Math.Max(_peak ?? double.MinValue, reading.Celsius);
            if (_isUnknownLogged)
            {
                _isUnknownLogged = false;
                LogReadAgain(reading.Sensor, reading.Celsius);
            }
        }
        else if (_limiter is not null && (_reading is null || _time.GetElapsedTime(_readAt, now) >= UnknownAfter))
        {
            _reading = null;
            if (!_isUnknownLogged)
            {
                _isUnknownLogged = true;
                LogUnknown();
            }
        }
    }

    private void Update()
    {
        if (_limiter is not null && _time.GetElapsedTime(_updatedAt) >= TemperatureLimiter.Period)
        {
            _updatedAt = _time.GetTimestamp();
            if (_peak is { } peak)
            {
                _limiter.Update(peak, _duty.BusyShare);
            }
            else if (_reading is null)
            {
                _limiter.UpdateUnknown();
            }

            _peak = null;
        }

        // Without a clock nobody knows whether it is night.
        var isQuiet = _settings.QuietHours is { } hours && _clock.Now is { } now && hours.Contains(now, _zone);
        var (hot, quiet) = (_limiter?.Factor ?? 1, isQuiet ? _settings.QuietFactor : 1);
        Volatile.Write(ref _intervalFactor, quiet);
        _duty.Limit = Math.Min(hot, quiet);
        Volatile.Write(ref _patience, Math.Max(1 / _duty.Limit, Math.Max(1, _patience * PatienceFall)));
        _reason = hot < quiet ? PaceStats.TooHot : quiet < 1 ? PaceStats.Quiet : PaceStats.None;
        LogChanges(hot, isQuiet);
    }

    private void LogChanges(double hot, bool isQuiet)
    {
        if (hot < 1 && !_isHotLogged && _throttle.TryPass(PaceStats.TooHot, out _))
        {
            _isHotLogged = true;
            LogHot(_reading?.Sensor ?? "the sensor", _reading?.Celsius ?? 0, _settings.MaxTemperature ?? 0, Percent(hot));
        }
        else if (hot >= 1 && _isHotLogged)
        {
            _isHotLogged = false;
            LogCool(_reading?.Celsius is { } celsius ? $"{celsius.ToString("0", CultureInfo.InvariantCulture)} °C" : "an unknown temperature");
        }

        if (isQuiet && !_isQuiet)
        {
            var share = Percent(_settings.QuietFactor);
            LogQuiet(share);
        }
        else if (!isQuiet && _isQuiet)
        {
            LogQuietEnd();
        }

        _isQuiet = isQuiet;
    }

    private static double Percent(double share) => Math.Round(share * 100);

    [LoggerMessage(EventId = 140, Level = LogLevel.Warning, Message =
        "{Sensor} has {Celsius:0.0} °C and gets close to Pace:MaxTemperature ({Limit:0} °C). The engine works at most {Percent} % of the time now, and less if that is not enough, so questions are asked less often.")]
    private partial void LogHot(string sensor, double celsius, double limit, double percent);

    [LoggerMessage(EventId = 141, Level = LogLevel.Information, Message = "The board has cooled down to {Temperature}; the temperature does not limit the questions any more.")]
    private partial void LogCool(string temperature);

    [LoggerMessage(EventId = 142, Level = LogLevel.Information, Message = "Quiet hours begin: questions are asked {Percent} % as often as configured, and the engine works at most {Percent} % of the time.")]
    private partial void LogQuiet(double percent);

    [LoggerMessage(EventId = 143, Level = LogLevel.Information, Message = "Quiet hours end.")]
    private partial void LogQuietEnd();

    [LoggerMessage(EventId = 144, Level = LogLevel.Warning, Message =
        "No temperature can be read, so Pace:MaxTemperature limits nothing. Name a sensor with Pace:Sensor; 'mobilevlm doctor' lists those of this machine.")]
    private partial void LogUnknown();

    [LoggerMessage(EventId = 145, Level = LogLevel.Information, Message = "The temperature can be read again: {Sensor} has {Celsius:0.0} °C.")]
    private partial void LogReadAgain(string sensor, double celsius);
}
