
namespace MobileVlm.Edge.Actors.Questions;

/// <summary>What an unclear answer does to the state.</summary>
public enum UnsureRule
{
    /// <summary>The state stays as it is: hysteresis.</summary>
    Keep,

    /// <summary>The state becomes unknown.</summary>
    Unknown,
}

/// <summary>Which changes are events.</summary>
public enum EventRule
{
    /// <summary>Each change from one known value to another.</summary>
    Changes,

    /// <summary>Changes to <c>yes</c>.</summary>
    Yes,

    /// <summary>Changes to <c>no</c>.</summary>
    No,

    /// <summary>None.</summary>
    Never,
}

/// <summary>When an answer is published.</summary>
public enum AnswerRule
{
    /// <summary>Each one.</summary>
    Each,

    /// <summary>When the state changed, and with the heartbeat.</summary>
    Changes,
}

/// <summary>How the answers to one question become its state, and when it is published.</summary>
public sealed record AnswerRules
{
    public Thresholds Thresholds { get; init; } = new();

    /// <summary>Null when the same thresholds hold day and night.</summary>
    public NightRule? Night { get; init; }

    /// <summary>What an unclear score, an unreadable number or no text does; null leaves it to the kind:
    /// <see cref="UnsureRule.Keep"/> for yes/no, else <see cref="UnsureRule.Unknown"/>.</summary>
    public UnsureRule? WhenUnsure { get; init; }

    /// <summary>The state changes when at least this many of the last <see cref="OutOf"/> readings agree; 1 or more.</summary>
    public int Agree { get; init; } = 1;

    /// <summary>Number of last readings that are compared; at least <see cref="Agree"/>.</summary>
    public int OutOf { get; init; } = 1;

    /// <summary>A new value must be seen this long before it becomes the state; to <c>no</c>
    /// <see cref="HoldNoFor"/> counts.</summary>
    public TimeSpan HoldFor { get; init; }

    /// <summary>The same for <c>no</c>; null uses <see cref="HoldFor"/>.</summary>
    public TimeSpan? HoldNoFor { get; init; }

    /// <summary>Without a reading for this long the state is unknown; null is three intervals, at least 30 s.</summary>
    public TimeSpan? UnknownAfter { get; init; }

    /// <summary>Null leaves it to the kind: <see cref="EventRule.Never"/> for text and JSON, whose wording differs from
    /// frame to frame, else <see cref="EventRule.Changes"/>.</summary>
    public EventRule? Events { get; init; }

    /// <summary>Cool-down: the time after an event in which no other is sent.</summary>
    public TimeSpan CoolDown { get; init; }

    /// <summary>The state is published again at least this often; with zero it is published only when it changes.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMinutes(5);

    public AnswerRule Answers { get; init; } = AnswerRule.Each;

    /// <summary>The words of an event.</summary>
    public AlertText Alert { get; init; } = AlertText.Default;
}

/// <summary>The scores that are clear. For a yes/no score between the two, <see cref="UnsureRule"/> decides.</summary>
public sealed record Thresholds
{
    /// <summary>Least score that is <c>yes</c>, 0..1.</summary>
    public double YesAbove { get; init; } = 0.6;

    /// <summary>Largest score that is <c>no</c>, 0..1, at most <see cref="YesAbove"/>.</summary>
    public double NoBelow { get; init; } = 0.4;

    /// <summary>Lowest probability at which the most likely choice counts, 0..1.</summary>
    public double MinScore { get; init; }
}

/// <summary>Other thresholds while it is night, by a schedule or by another question.</summary>
/// <param name="Thresholds">What counts then.</param>
/// <param name="Schedule">It is night inside this schedule; <see cref="WeeklySchedule.Always"/> means that no schedule is set.</param>
/// <param name="When">Night while this holds.</param>
public sealed record NightRule(Thresholds Thresholds, WeeklySchedule Schedule, QuestionCondition? When);
