namespace MobileVlm.Edge.Actors.Questions;

/// <summary>Why answers to a question are probably wrong or useless.</summary>
public enum QuestionWarningKind
{
    /// <summary>It asks whether something is absent.</summary>
    Negation,

    /// <summary>It asks about time or movement, which one picture does not show.</summary>
    Time,

    /// <summary>It asks about sound.</summary>
    Sound,

    /// <summary>The model answers something else than yes or no.</summary>
    OtherAnswer,

    /// <summary>Pictures hardly change the score.</summary>
    SameScores,

    /// <summary>Many scores are near 0.5.</summary>
    Unclear,

    /// <summary>The model answers without seeing a picture.</summary>
    Bias,
}

/// <summary>A warning about a question.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Message">For people: what is wrong and what to do.</param>
public sealed record QuestionWarning(QuestionWarningKind Kind, string Message)
{
    /// <summary>The kind in documents: <c>sameScores</c>.</summary>
    public string Word => char.ToLowerInvariant(Kind.ToString()[0]) + Kind.ToString()[1..];
}
