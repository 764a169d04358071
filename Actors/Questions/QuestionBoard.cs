using System.Collections.Concurrent;
using MobileVlm.Edge.Connectors.Cameras;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>What is held true about every question at this moment, for whoever decides by it: capture threads, the
/// pipeline, statistics. Thread-safe.</summary>
internal sealed class QuestionBoard(TimeProvider time, TimeZoneInfo zone)
{
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), Standing> _standings = new();

    public QuestionSwitches Switches { get; } = new();

    public void Post(CameraId camera, string question, Standing standing) => _standings[(camera, question)] = standing;

    public void Remove(CameraId camera, string question) => _standings.TryRemove((camera, question), out _);

    /// <summary>Does this hold, for a question of this camera?</summary>
    public bool Holds(CameraId camera, QuestionCondition condition)
    {
        var of = condition.Camera is { } other ? new CameraId(other) : camera;
        return condition.IsFulfilledBy(_standings.GetValueOrDefault((of, condition.Question))?.State);
    }

    /// <summary>Why a question is not asked at this moment; null when it is.</summary>
    public UnknownReason? GateOf(CameraId camera, StandingQuestion question) =>
        !Switches.IsEnabled(camera, question.Id) ? UnknownReason.Disabled
        : !question.Schedule.Contains(time.GetUtcNow(), zone) ? UnknownReason.OutsideSchedule
        : question.When is { } when && !Holds(camera, when) ? UnknownReason.WhenFalse
        : null;

    /// <summary>The thresholds of a moment.</summary>
    public Thresholds ThresholdsOf(CameraId camera, StandingQuestion question, DateTimeOffset captured) =>
        question.Rules.Night is { } night
        && (night.When is { } when ? Holds(camera, when) : night.Schedule.Contains(captured, zone))
            ? night.Thresholds
            : question.Rules.Thresholds;
}
