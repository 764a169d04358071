using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>A question's value, or the reason why it has none, changed.</summary>
/// <param name="question">The question's id.</param>
/// <param name="before">The state until now.</param>
/// <param name="now">The state from now on.</param>
internal delegate void StateChanged(string question, QuestionState before, QuestionState now);

/// <summary>The current state of every question, for capture threads, the pipeline and statistics. Thread-safe.</summary>
internal sealed class QuestionStates(TimeProvider time, TimeZoneInfo zone, ModeSwitch? modes = null, SnoozedQuestions? snoozes = null)
{
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), QuestionState> _current = new();

    private readonly ConcurrentDictionary<CameraId, CameraMonitor> _monitors = new();

    private readonly ConcurrentDictionary<CameraId, StateChanged> _observers = new();

    /// <summary>How many times longer than usual answers may take to come; 1 or more.</summary>
    public Func<double> Patience { get; init; } = () => 1;

    public QuestionSwitches Switches { get; } = new();

    /// <summary>The current mode.</summary>
    public ModeSwitch Modes { get; } = modes ?? new ModeSwitch([], null);

    /// <summary>Questions whose events are held back.</summary>
    public SnoozedQuestions Snoozes { get; } = snoozes ?? new SnoozedQuestions(time);

    /// <summary>Replaces the questions of <see cref="Switches"/> and <see cref="Snoozes"/>.</summary>
    public void Configure(IReadOnlyList<CameraConfiguration> plans)
    {
        Switches.Configure(plans);
        Snoozes.Configure(plans);
    }

    /// <summary>Whether the events of a question are not published at this moment.</summary>
    public bool MutesEvents(CameraId camera, string question) =>
        Modes.MutesEvents(camera, question) || Snoozes.IsSnoozed(camera, question);

    /// <summary>Registers the monitor that decides whether the camera's questions are suspended.</summary>
    public void Register(CameraId camera, CameraMonitor monitor) => _monitors[camera] = monitor;

    /// <summary>Registers what is called after a state of the camera's questions changed; replaces what was registered
    /// before.</summary>
    public void Observe(CameraId camera, StateChanged observer) => _observers[camera] = observer;

    /// <summary>Whether the questions of a camera are suspended because of its view.</summary>
    public bool IsSuspended(CameraId camera) => _monitors.TryGetValue(camera, out var monitor) && monitor.IsSuspended;

    /// <summary>Sets a question's state. One caller at a time.</summary>
    public void Set(CameraId camera, string question, QuestionState state)
    {
        var before = _current.GetValueOrDefault((camera, question));
        _current[(camera, question)] = state;
        if (before is not null && (before.Value, before.Reason) != (state.Value, state.Reason)
            && _observers.TryGetValue(camera, out var observer))
        {
            observer(question, before, state);
        }
    }

    /// <summary>The current state of a question; that before the first answer for an unknown one.</summary>
    public QuestionState Of(CameraId camera, string question) => _current.GetValueOrDefault((camera, question)) ?? QuestionState.Nothing;

    public void Remove(CameraId camera, string question) => _current.TryRemove((camera, question), out _);

    /// <summary>Whether a condition of a question of this camera is met.</summary>
    public bool Holds(CameraId camera, QuestionCondition condition)
    {
        var of = condition.Camera is { } other ? new CameraId(other) : camera;
        return condition.IsFulfilledBy(_current.GetValueOrDefault((of, condition.Question))?.State);
    }

    /// <summary>Why a question is not asked at this moment; null when it is.</summary>
    public UnknownReason? ReasonNotAsked(CameraId camera, StandingQuestion question) =>
        !Switches.IsEnabled(camera, question.Id) ? UnknownReason.Disabled
        : Modes.Skips(camera, question.Id) ? UnknownReason.NotInMode
        : ReasonNotAsked(question.Schedule) is { } closed ? closed
        : IsSuspended(camera) ? UnknownReason.ViewNotNormal
        : question.When is { } when && !Holds(camera, when) ? UnknownReason.WhenFalse
        : null;

    private UnknownReason? ReasonNotAsked(WeeklySchedule schedule)
    {
        if (schedule.Slots.Count == 0)
        {
            return null;
        }

        var now = time.GetUtcNow();
        return !PlausibleTime.Includes(now) ? UnknownReason.ClockUnset
            : schedule.Contains(now, zone) ? null
            : UnknownReason.OutsideSchedule;
    }

    /// <summary>The thresholds of a moment. While the clock is not set, it is never night by schedule.</summary>
    public Thresholds ThresholdsOf(CameraId camera, StandingQuestion question, DateTimeOffset captured) =>
        question.Rules.Night is { } night
        && (night.When is { } when ? Holds(camera, when) : PlausibleTime.Includes(captured) && night.Schedule.Contains(captured, zone))
            ? night.Thresholds
            : question.Rules.Thresholds;
}
