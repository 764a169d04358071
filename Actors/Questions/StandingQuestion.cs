using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>The type of a question's answer. The engine knows three forms only; a number is read from its text,
/// and an object is put together from several of its answers.</summary>
public enum QuestionKind
{
    /// <summary><c>yes</c> or <c>no</c> with a probability.</summary>
    YesNo,

    /// <summary>One of <see cref="StandingQuestion.Choices"/> with a probability of each.</summary>
    Choice,

    /// <summary>A number within <see cref="StandingQuestion.Number"/>, read from the text that the model wrote.</summary>
    Number,

    /// <summary>The text that the model wrote.</summary>
    Text,

    /// <summary>An object of <see cref="StandingQuestion.Fields"/>, each asked as a separate question about the same
    /// picture, so that it is always valid JSON.</summary>
    Json,
}

/// <summary>A question that is asked again and again. Compares by content.</summary>
/// <param name="Id">Name of the question, as used in topics.</param>
/// <param name="Text">The question as the user wrote it; for <see cref="QuestionKind.Json"/> a description that is not
/// asked.</param>
/// <param name="Kind">The form of the answer.</param>
/// <param name="Every">Interval; zero asks about every frame that there is time for.</param>
/// <param name="MaxTokens">Most tokens written for text and numbers.</param>
public sealed record StandingQuestion(
    string Id, string Text, QuestionKind Kind, TimeSpan Every, int MaxTokens = 128)
{
    /// <summary>At least two for <see cref="QuestionKind.Choice"/>, else none.</summary>
    public EquatableList<string> Choices { get; init; } = [];

    /// <summary>Bounds of a number.</summary>
    public NumberBounds Number { get; init; } = NumberBounds.Any;

    /// <summary>At least one for <see cref="QuestionKind.Json"/>, else none.</summary>
    public EquatableList<QuestionField> Fields { get; init; } = [];

    /// <summary>Stands on its own line after the question, and after each of <see cref="Fields"/>; empty for none, null for the model's
    /// own (<see cref="Question.Suffix"/>).</summary>
    public string? Suffix { get; init; }

    /// <summary>Least probability mass on yes and no, or on the choices, 0..1; null for the model's own
    /// (<see cref="Question.MinMass"/>).</summary>
    public double? MinMass { get; init; }

    /// <summary>The configured value; commands can change it at run time.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The times at which it is asked.</summary>
    public WeeklySchedule Schedule { get; init; } = WeeklySchedule.Always;

    /// <summary>Asked only while this holds; null always.</summary>
    public QuestionCondition? When { get; init; }

    /// <summary>The part of the frame that it is about; null for all of it.</summary>
    public FrameRegion? Region { get; init; }

    /// <summary>What was learned for it from labelled pictures; null for a question that names nothing of the kind.</summary>
    public TaughtScoring? Taught { get; init; }

    /// <summary>Rules that turn its answers into a state and events.</summary>
    public AnswerRules Rules { get; init; } = new();
}

/// <summary>One named part of a <see cref="QuestionKind.Json"/> answer.</summary>
/// <param name="Name">Its key in the object.</param>
/// <param name="Text">The question as the user wrote it.</param>
/// <param name="Kind">Any kind but <see cref="QuestionKind.Json"/>.</param>
/// <param name="MaxTokens">Most tokens written for text and numbers.</param>
public sealed record QuestionField(string Name, string Text, QuestionKind Kind, int MaxTokens = 128)
{
    /// <summary>At least two for <see cref="QuestionKind.Choice"/>, else none.</summary>
    public EquatableList<string> Choices { get; init; } = [];

    /// <summary>Bounds of a number.</summary>
    public NumberBounds Number { get; init; } = NumberBounds.Any;
}

/// <summary>Bounds of a number. A number outside of them is not an answer.</summary>
/// <param name="Min">Least, itself included.</param>
/// <param name="Max">Most, itself included.</param>
/// <param name="Unit">What it counts or measures (<c>km/h</c>); null when it is only a number.</param>
public sealed record NumberBounds(double Min, double Max, string? Unit)
{
    public static NumberBounds Any { get; } = new(double.NegativeInfinity, double.PositiveInfinity, null);

    public bool Holds(double number) => number >= Min && number <= Max;
}
