namespace MobileVlm.Edge.Inference.Answers;

/// <summary>Kinds of reasons why one question has no answer.</summary>
public enum AnswerFailureKind
{
    /// <summary>The question does not fit into the context after the prompt and the picture.</summary>
    TooLong,

    /// <summary>The model computed NaN or infinity.</summary>
    NotFinite,

    /// <summary>The question itself cannot be asked, for example a choice between two equal texts.</summary>
    Unusable,

    /// <summary>The region and masks leave nothing of the picture.</summary>
    NothingVisible,

    /// <summary>The session threw an exception when this question was asked, and only then.</summary>
    EngineFault,
}

/// <summary>Why the engine has no answer to one question while it answers others.</summary>
/// <param name="Kind">The kind, for programs.</param>
/// <param name="Cause">The exception that is thrown when this question is asked alone.</param>
public sealed record AnswerFailure(AnswerFailureKind Kind, Exception Cause)
{
    /// <summary>The reason, for people.</summary>
    public string Message => Cause.Message;
}
