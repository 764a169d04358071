using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.States;

/// <summary>Follows whether the pictures of one question are like those from which it was taught, and posts it for the statistics. One caller at a
/// time.</summary>
/// <param name="counters">Of the question.</param>
internal sealed class TaughtDrift(QuestionCounters counters)
{
    private string? _scorer;
    private DriftMonitor? _monitor;

    /// <summary>Whether most of them are unlike those.</summary>
    public bool HasDrifted => _monitor?.HasDrifted == true;

    /// <summary>Share of the last pictures that is unlike those, 0..1.</summary>
    public double Share => _monitor?.Share ?? 0;

    /// <summary>Begins anew where the question was taught again.</summary>
    public void Follow(TaughtScoring? taught)
    {
        if (taught?.Identity == _scorer)
        {
            return;
        }

        _scorer = taught?.Identity;
        _monitor = taught?.Scorer?.Reference is null ? null : new DriftMonitor();
        counters.Drift = null;
    }

    /// <summary>Adds an answer to a new picture; reused answers are about an old one.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="at">When the picture was taken, on a clock that never jumps.</param>
    /// <param name="timestamp">The same moment by <see cref="TimeProvider.GetTimestamp"/>.</param>
    /// <returns>Whether <see cref="HasDrifted"/> changed.</returns>
    public bool Add(QuestionAnswered answer, TimeSpan at, long timestamp)
    {
        if (_monitor is not { } monitor || answer.Reused || answer.Parts is not [{ IsUnlikeLabels: { } isUnlike }])
        {
            return false;
        }

        var hasChanged = monitor.Add(isUnlike, at);
        if (hasChanged && monitor.HasDrifted)
        {
            counters.DriftedSince.Set(timestamp);
        }

        counters.Drift = new TaughtDriftStats
        {
            State = monitor.HasDrifted ? TaughtDriftStats.Drifted : TaughtDriftStats.None,
            Share = Math.Round(monitor.Share, 3),
            Pictures = monitor.Samples,
        };
        return hasChanged;
    }
}
