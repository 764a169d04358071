using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.Modes;

/// <summary>A snooze as it survives a restart.</summary>
/// <param name="Until">Its end; null if the clock of the machine was not set.</param>
/// <param name="RemainingS">Seconds that were left when it was saved.</param>
public sealed record SavedSnooze(DateTimeOffset? Until, double RemainingS);

/// <summary>Questions whose events are held back for some hours. They are asked and have states as before; an event that is held back is
/// not published later. The end is measured by the steady clock, so a wall clock that is set does not move it. Its owner saves
/// it. Thread-safe.</summary>
public sealed partial class SnoozedQuestions
{
    /// <summary>The longest snooze, in hours.</summary>
    public const double MaxHours = NodeTopics.MaxSnoozeHours;

    /// <summary>A published end is corrected when the wall clock moved by more than this.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(1);

    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<(CameraId Camera, string Question), Snooze> _snoozed = [];
    private HashSet<(CameraId Camera, string Question)> _known = [];

    /// <param name="time">Both clocks.</param>
    /// <param name="logger">Logs begin and end of each snooze.</param>
    public SnoozedQuestions(TimeProvider time, ILogger<SnoozedQuestions>? logger = null)
    {
        _time = time;
        _logger = logger ?? NullLogger<SnoozedQuestions>.Instance;
    }

    /// <summary>Raised after the end of a question's snooze changed, on the thread that changed it.</summary>
    public event Action<CameraId, string>? Changed;

    /// <summary>What must survive a restart, by camera and question (<c>gate/person</c>).</summary>
    public IReadOnlyDictionary<string, SavedSnooze> Saved
    {
        get
        {
            lock (_lock)
            {
                return _snoozed.Where(it => RemainingOf(it.Value) > TimeSpan.Zero).ToDictionary(
                    it => $"{it.Key.Camera}/{it.Key.Question}", it => new SavedSnooze(it.Value.Until, RemainingOf(it.Value).TotalSeconds));
            }
        }
    }

    /// <summary>Parses a number of hours as people send it.</summary>
    /// <returns>Null if it is not a number from 0 to <see cref="MaxHours"/>.</returns>
    public static TimeSpan? ReadHours(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var hours) && hours is >= 0 and <= MaxHours
            ? TimeSpan.FromHours(hours)
            : null;

    /// <summary>Whether the events of a question are held back at this moment.</summary>
    public bool IsSnoozed(CameraId camera, string question)
    {
        lock (_lock)
        {
            return _snoozed.TryGetValue((camera, question), out var snooze) && RemainingOf(snooze) > TimeSpan.Zero;
        }
    }

    /// <summary>The end of a question's snooze; null if it is not snoozed, and while the clock of the machine is not set.</summary>
    public DateTimeOffset? Until(CameraId camera, string question)
    {
        lock (_lock)
        {
            return _snoozed.TryGetValue((camera, question), out var snooze) && RemainingOf(snooze) > TimeSpan.Zero && IsClockSet ? snooze.Until : null;
        }
    }

    /// <summary>Holds the events of a question back from now on; zero ends that.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">One of its questions.</param>
    /// <param name="length">Zero to <see cref="MaxHours"/> hours.</param>
    /// <returns>False for an unknown question.</returns>
    public bool TrySet(CameraId camera, string question, TimeSpan length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length.Ticks, nameof(length));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length.TotalHours, MaxHours, nameof(length));
        var key = (camera, question);
        var ended = false;
        lock (_lock)
        {
            if (!_known.Contains(key))
            {
                return false;
            }

            if (length == TimeSpan.Zero)
            {
                ended = _snoozed.Remove(key);
            }
            else
            {
                _snoozed[key] = new Snooze(_time.GetTimestamp(), length) { Until = EndOf(length) };
            }
        }

        if (ended)
        {
            LogEnded(camera, question);
        }
        else if (length > TimeSpan.Zero)
        {
            LogSnoozed(camera, question, length.TotalHours);
        }

        Changed?.Invoke(camera, question);
        return true;
    }

    /// <summary>Replaces the questions. A question that stays keeps its snooze; that of a removed one is dropped.</summary>
    public void Configure(IEnumerable<CameraConfiguration> plans)
    {
        lock (_lock)
        {
            _known = [.. plans.SelectMany(plan => plan.Questions.Select(question => (plan.Id, question.Id)))];
            foreach (var gone in _snoozed.Keys.Where(key => !_known.Contains(key)).ToList())
            {
                _snoozed.Remove(gone);
            }
        }
    }

    /// <summary>Takes over a snooze of the last run. One that has ended meanwhile is dropped.</summary>
    public void Restore(CameraId camera, string question, SavedSnooze saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        lock (_lock)
        {
            if (_known.Contains((camera, question)))
            {
                // How long the service was off is not known while the clock is not set; then it ends later rather than too soon.
                var length = TimeSpan.FromSeconds(Math.Clamp(saved.RemainingS, 0, TimeSpan.FromHours(MaxHours).TotalSeconds));
                _snoozed[(camera, question)] = Shorten(new Snooze(_time.GetTimestamp(), length) { Until = saved.Until, IsOfLastRun = true });
            }
        }
    }

    /// <summary>Time passed: ends what is over and corrects published ends. Called about once per second.</summary>
    public void Tick()
    {
        List<((CameraId Camera, string Question) Key, bool HasEnded)> changes = [];
        lock (_lock)
        {
            foreach (var (key, snooze) in _snoozed.ToList())
            {
                var now = _snoozed[key] = Shorten(snooze);
                if (RemainingOf(now) <= TimeSpan.Zero)
                {
                    _snoozed.Remove(key);
                    changes.Add((key, true));
                }
                else if (EndOf(RemainingOf(now)) is { } end && !(now.Until is { } published && (published - end).Duration() <= Tolerance))
                {
                    now.Until = end;
                    changes.Add((key, false));
                }
            }
        }

        foreach (var ((camera, question), hasEnded) in changes)
        {
            if (hasEnded)
            {
                LogEnded(camera, question);
            }

            Changed?.Invoke(camera, question);
        }
    }

    private bool IsClockSet => PlausibleTime.Includes(_time.GetUtcNow());

    private TimeSpan RemainingOf(Snooze snooze) => snooze.Length - _time.GetElapsedTime(snooze.SetAt);

    /// <summary>The wall time, in whole seconds, at which a time from now is over; null while the clock is not set.</summary>
    private DateTimeOffset? EndOf(TimeSpan remaining) =>
        IsClockSet ? DateTimeOffset.FromUnixTimeSeconds((_time.GetUtcNow() + remaining).ToUnixTimeSeconds()) : null;

    /// <summary>Subtracts the time during which the service was off, once the clock is set.</summary>
    private Snooze Shorten(Snooze snooze)
    {
        if (!snooze.IsOfLastRun || !IsClockSet)
        {
            return snooze;
        }

        var remaining = RemainingOf(snooze);
        var left = snooze.Until is { } until && until - _time.GetUtcNow() < remaining ? until - _time.GetUtcNow() : remaining;
        return new Snooze(_time.GetTimestamp(), left) { Until = snooze.Until };
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "{Camera}/{Question}: its events are held back for {Hours:0.##} hours.")]
    private partial void LogSnoozed(CameraId camera, string question, double hours);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "{Camera}/{Question}: its events are published again.")]
    private partial void LogEnded(CameraId camera, string question);

    private sealed record Snooze(long SetAt, TimeSpan Length)
    {
        public DateTimeOffset? Until { get; set; }

        public bool IsOfLastRun { get; init; }
    }
}
