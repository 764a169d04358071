using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Why a state is unknown, and what a question waits for.</summary>
public enum UnknownReason
{
    /// <summary>It was not answered yet, and nothing is wrong.</summary>
    NotYet,

    /// <summary>The score is not clear.</summary>
    Uncertain,

    /// <summary>The model would answer something other than yes or no.</summary>
    NotYesNo,

    /// <summary>The model would answer something other than one of the choices.</summary>
    NotAChoice,

    /// <summary>The model wrote no number, or different ones.</summary>
    NotANumber,

    /// <summary>The number is not within its bounds.</summary>
    OutOfBounds,

    /// <summary>The model wrote nothing.</summary>
    NoText,

    /// <summary>It was switched off.</summary>
    Disabled,

    /// <summary>The current mode does not ask it.</summary>
    NotInMode,

    /// <summary>It is not asked at this time of the week.</summary>
    OutsideSchedule,

    /// <summary>It is asked at certain times only, and the clock of the machine is not set.</summary>
    ClockUnset,

    /// <summary>Its <c>When</c> condition is not met.</summary>
    WhenFalse,

    /// <summary>The camera's view is not normal, and its questions are held back while it is so.</summary>
    ViewNotNormal,

    /// <summary>The camera delivers no frames.</summary>
    NoPicture,

    /// <summary>The model failed when it was asked.</summary>
    ModelFailed,

    /// <summary>Frames come, but the model has no time for them.</summary>
    Busy,

    /// <summary>Frames come, but no host with the model can be reached.</summary>
    NoHost,

    /// <summary>The question does not fit into the model's context.</summary>
    TooLong,

    /// <summary>The model computed NaN or infinity.</summary>
    NotFinite,

    /// <summary>Its region and masks leave nothing of the frame.</summary>
    EmptyRegion,
}

/// <summary>The words of reasons and what they mean.</summary>
public static class UnknownReasons
{
    /// <summary>The word in topics and payloads: <c>outsideSchedule</c>.</summary>
    public static string ToText(this UnknownReason reason)
    {
        var name = reason.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    /// <summary>The reason of a word that <see cref="ToText"/> wrote; null for none, and for one of another version.</summary>
    internal static UnknownReason? FromText(string? word) =>
        word is null ? null : Enum.GetValues<UnknownReason>().Cast<UnknownReason?>().FirstOrDefault(reason => reason!.Value.ToText() == word);

    /// <summary>Whether the question is not asked at the moment because of the configuration, a switch, the mode or the clock.</summary>
    public static bool IsDeliberate(this UnknownReason reason) => reason is
        UnknownReason.Disabled or UnknownReason.NotInMode or UnknownReason.OutsideSchedule or UnknownReason.ClockUnset
        or UnknownReason.WhenFalse or UnknownReason.ViewNotNormal;

    /// <summary>Whether the operator should examine the cause.</summary>
    internal static bool NeedsAttention(this UnknownReason reason) =>
        reason is UnknownReason.NoPicture or UnknownReason.Busy or UnknownReason.NoHost || reason.IsFailure();

    /// <summary>It was asked and got no answer.</summary>
    internal static bool IsFailure(this UnknownReason reason) => reason is
        UnknownReason.ModelFailed or UnknownReason.TooLong or UnknownReason.NotFinite or UnknownReason.EmptyRegion;

    /// <summary>The reason for a question that the engine could not answer.</summary>
    internal static UnknownReason ToReason(this AnswerFailureKind failure) => failure switch
    {
        AnswerFailureKind.TooLong => UnknownReason.TooLong,
        AnswerFailureKind.NotFinite => UnknownReason.NotFinite,
        AnswerFailureKind.NothingVisible => UnknownReason.EmptyRegion,
        AnswerFailureKind.Unusable or AnswerFailureKind.EngineFault => UnknownReason.ModelFailed,
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, "No reason is known for it."),
    };

    /// <summary>Whether the model would say something other than one of the accepted words.</summary>
    internal static bool IsOtherAnswer(this UnknownReason reason) => reason is UnknownReason.NotYesNo or UnknownReason.NotAChoice;

    /// <summary>Why a scored answer is not one of the accepted words; null when it is, and for text.</summary>
    public static UnknownReason? ReasonOf(Answer answer) => !answer.IsBelowMinMass ? null
        : answer.Question.Kind == AnswerKind.YesNo ? UnknownReason.NotYesNo
        : UnknownReason.NotAChoice;

    /// <summary>The value of an ad-hoc answer, which no rules of states apply to.</summary>
    /// <returns>The answer and null; or <see cref="AnswerWords.Unknown"/> and why.</returns>
    public static (string Value, UnknownReason? Reason) ValueOf(Answer answer) =>
        (ReasonOf(answer) ?? (answer.Value.Length == 0 ? UnknownReason.NoText : null)) is { } reason
            ? (AnswerWords.Unknown, reason)
            : (answer.Value, null);

    /// <summary>A sentence for the operator.</summary>
    public static string ToSentence(this UnknownReason reason) => reason switch
    {
        UnknownReason.NoPicture => "the camera gives no picture",
        UnknownReason.ModelFailed => "the model failed when it was asked",
        UnknownReason.Busy => "the model has no time for it; ask less often, or fewer questions",
        UnknownReason.NoHost => "no host of the cluster that has the model can be reached",
        UnknownReason.TooLong => "it does not fit into the model's context; shorten it, or raise Model:ContextTokens and restart",
        UnknownReason.NotFinite => "the model computed numbers that are not finite; check it with 'mobilevlm model verify'",
        UnknownReason.EmptyRegion => "its Region and Mask leave nothing of the frame; change them",
        UnknownReason.Disabled => "it is switched off",
        UnknownReason.NotInMode => "the current mode does not ask it",
        UnknownReason.OutsideSchedule => "it is not asked at this time of the week",
        UnknownReason.ClockUnset => "it has a Schedule, and the clock of this machine is not set",
        UnknownReason.WhenFalse => "its condition 'When' does not hold",
        UnknownReason.ViewNotNormal => "the camera's view is not normal, and SuspendOnViewChange is on",
        UnknownReason.NotYet => "it was not answered yet",
        UnknownReason.Uncertain => "the score of its last answer is not clear enough",
        UnknownReason.NotYesNo => "the model would answer something other than yes or no; word it as a yes/no question, or lower MinMass",
        UnknownReason.NotAChoice => "the model would answer something other than one of its Choices; name what it can answer, or lower MinMass",
        UnknownReason.NotANumber => "its last answer holds no number",
        UnknownReason.OutOfBounds => "the number in its last answer is outside of Min and Max",
        UnknownReason.NoText => "its last answer holds no text",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "This reason has no sentence."),
    };
}
