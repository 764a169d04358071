using System.Globalization;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.Health;

/// <summary>Knows whether the wall clock was set, and corrects times that were read before it was set.
/// Thread-safe.</summary>
/// <remarks>Durations are never taken from the wall clock. It is only read for times that people and programs see, and for
/// schedules.</remarks>
internal sealed partial class ClockMonitor
{
    // How far a clock may drift between two checks without having been set.
    private static readonly TimeSpan SmallestJump = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Reading _seen;
    private Reading? _unset;
    private bool _logged;

    public ClockMonitor(TimeProvider time, ILogger<ClockMonitor> logger)
    {
        _time = time;
        _logger = logger;
        _seen = Read();
        _unset = PlausibleTime.Includes(_seen.Wall) ? null : _seen;
    }

    /// <summary>Whether the clock shows a time that can be right.</summary>
    public bool IsSet => PlausibleTime.Includes(_time.GetUtcNow());

    /// <summary>The current time; null while it is not known.</summary>
    public DateTimeOffset? Now => _time.GetUtcNow() is var now && PlausibleTime.Includes(now) ? now : null;

    /// <summary>Corrects a time that was read from the wall clock in this run.</summary>
    /// <returns>The moment itself if the clock was set then; otherwise what the clock would have shown, had it been set; null
    /// while that is not known.</returns>
    public DateTimeOffset? Correct(DateTimeOffset? read)
    {
        if (read is not { } moment || PlausibleTime.Includes(moment))
        {
            return read;
        }

        lock (_lock)
        {
            var now = Read();
            if (!PlausibleTime.Includes(now.Wall) || _unset is not { } unset || moment < unset.Wall - SmallestJump)
            {
                return null;
            }

            return now.Wall - (_time.GetElapsedTime(unset.Timestamp, now.Timestamp) - (moment - unset.Wall));
        }
    }

    /// <summary>The wall time of a moment of this run.</summary>
    /// <param name="timestamp">Timestamp of the steady clock.</param>
    /// <returns>Null while the time is not known.</returns>
    public DateTimeOffset? At(long timestamp) => IsSet ? _time.GetUtcNow() - _time.GetElapsedTime(timestamp) : null;

    /// <summary>Checks the clock, called about once per second, and logs when it was set.</summary>
    /// <returns>True when it has been set since the last check: from then on <see cref="Correct"/> also gives times that it could not give before.</returns>
    public bool Observe()
    {
        lock (_lock)
        {
            var (before, now) = (_seen, Read());
            var (wasSet, isSet) = (PlausibleTime.Includes(before.Wall), PlausibleTime.Includes(now.Wall));
            _seen = now;
            if (!isSet)
            {
                _unset = wasSet || _unset is null ? now : _unset;
                if (wasSet || !_logged)
                {
                    _logged = true;
                    LogUnset(new Utc(now.Wall));
                }

                return false;
            }

            var jump = now.Wall - before.Wall - _time.GetElapsedTime(before.Timestamp, now.Timestamp);
            if (!wasSet)
            {
                LogSet(new Utc(now.Wall));
            }
            else if (jump.Duration() >= SmallestJump)
            {
                LogJumped(jump > TimeSpan.Zero ? "forward" : "back", new Utc(before.Wall), new Utc(now.Wall));
            }

            return !wasSet;
        }
    }

    private Reading Read() => new(_time.GetUtcNow(), _time.GetTimestamp());

    [LoggerMessage(EventId = 100, Level = LogLevel.Warning, Message =
        "The clock of this machine shows {Time} UTC, so it was not set. Answering continues; messages carry no times, and questions with a Schedule are not asked until it is set. Check the time server (timedatectl).")]
    private partial void LogUnset(Utc time);

    [LoggerMessage(EventId = 101, Level = LogLevel.Information, Message =
        "The clock of this machine was set to {Time} UTC. Messages carry times again, and schedules hold.")]
    private partial void LogSet(Utc time);

    [LoggerMessage(EventId = 102, Level = LogLevel.Information, Message =
        "The clock of this machine was set {Direction}, from {Before} to {After} UTC. Ages and intervals are not affected; schedules hold by the new time.")]
    private partial void LogJumped(string direction, Utc before, Utc after);

    /// <summary>A moment as log lines show it, written only when one is.</summary>
    private readonly record struct Utc(DateTimeOffset Moment)
    {
        public override string ToString() => Moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
    }

    private readonly record struct Reading(DateTimeOffset Wall, long Timestamp);
}
