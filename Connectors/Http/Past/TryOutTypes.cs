using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Limits of try-outs.</summary>
public static class TryOutLimits
{
    /// <summary>Most wordings of one try-out.</summary>
    public const int MaxWordings = 8;

    /// <summary>Most frames of one try-out.</summary>
    public const int MaxFrames = 500;

    /// <summary>Frames of a try-out that does not say how many.</summary>
    public const int UsualFrames = 200;

    /// <summary>Most answers of a wording that are compared (<see cref="PastRules.OutOf"/>).</summary>
    public const int MaxOutOf = 100;
}

/// <summary>Wordings to ask about the stored frames of a camera.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="From">The first moment.</param>
/// <param name="To">The moment at which the time ends.</param>
/// <param name="Frames">Most frames.</param>
/// <param name="Wordings">1 to <see cref="TryOutLimits.MaxWordings"/>.</param>
public sealed record TryOutRequest(string Camera, DateTimeOffset From, DateTimeOffset To, int Frames, IReadOnlyList<TryOutWording> Wordings);

/// <summary>A wording: a standing question, a question of its own, or a standing question with parts of it replaced.</summary>
public sealed record TryOutWording
{
    /// <summary>The standing question to start from; null for none.</summary>
    public string? Question { get; init; }

    /// <summary>The text; null for that of the standing question.</summary>
    public string? Ask { get; init; }

    /// <summary>The type of the answer; null for that of the standing question.</summary>
    public AnswerType? Type { get; init; }

    /// <summary>At least two for <see cref="AnswerType.Choice"/>, otherwise none.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>True when <see cref="Region"/> and <see cref="Mask"/> replace those of the standing question.</summary>
    public bool HasRegion { get; init; }

    /// <summary>The part of the picture that it is about, written as the configuration's <c>Region</c>; null for all of it.</summary>
    public string? Region { get; init; }

    /// <summary>Parts that are painted over, written as the configuration's <c>Mask</c>.</summary>
    public IReadOnlyList<string> Mask { get; init; } = [];

    /// <summary>Stands on its own line after the question; null for that of the standing question or the model's own.</summary>
    public string? Suffix { get; init; }

    /// <summary>Least probability mass on the accepted words, 0..1; null for that of the standing question or the model's own.</summary>
    public double? MinMass { get; init; }

    /// <summary>The rules that are not those of the standing question, or the usual ones.</summary>
    public PastRules Rules { get; init; } = new();
}

/// <summary>Rules that turn answers into states; null leaves one as it is.</summary>
public sealed record PastRules
{
    /// <summary>The thresholds, by day and by night.</summary>
    public PastThresholds Thresholds { get; init; } = new();

    /// <summary>The state changes when so many of the last <see cref="OutOf"/> answers agree, more than half of them.</summary>
    public int? Agree { get; init; }

    /// <summary>How many of the last answers are compared.</summary>
    public int? OutOf { get; init; }

    /// <summary>A new value must be seen this long before it becomes the state.</summary>
    public TimeSpan? HoldFor { get; init; }

    /// <summary>The same for <c>no</c>.</summary>
    public TimeSpan? HoldNoFor { get; init; }

    /// <summary>Without an answer for this long the state is unknown; null is the whole time, because a time without a stored frame is no
    /// failure.</summary>
    public TimeSpan? UnknownAfter { get; init; }

    /// <summary>The time after an event in which no other is raised.</summary>
    public TimeSpan? CoolDown { get; init; }
}

/// <summary>How far a job is.</summary>
public enum PastJobState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>It has all answers.</summary>
    Done,

    /// <summary>It was cancelled and has the answers until then.</summary>
    Cancelled,

    /// <summary>It could not be continued.</summary>
    Failed,
}

/// <summary>How far a job is.</summary>
/// <param name="Id">Its id.</param>
/// <param name="State">Whether it runs.</param>
/// <param name="Reason">Why it failed; null otherwise.</param>
/// <param name="Total">Steps that it takes: frames, or passes through the decoder.</param>
/// <param name="Done">Steps that are done.</param>
/// <param name="Elapsed">Time since it began, until its end.</param>
/// <param name="Remaining">An estimate of the time until its end; null before the first step and after the end.</param>
public sealed record PastProgress(string Id, PastJobState State, string? Reason, int Total, int Done, TimeSpan Elapsed, TimeSpan? Remaining);

/// <summary>A try-out.</summary>
/// <param name="Progress">How far it is.</param>
/// <param name="Request">What was requested.</param>
/// <param name="Stored">Stored frames of the time.</param>
/// <param name="Skipped">Frames that were deleted meanwhile or cannot be decoded.</param>
/// <param name="Wordings">What is asked.</param>
public sealed record TryOutView(PastProgress Progress, TryOutRequest Request, int Stored, int Skipped, IReadOnlyList<TryOutWordingView> Wordings);

/// <summary>A wording as it is asked.</summary>
/// <param name="Question">The standing question that it starts from; null for none.</param>
/// <param name="Ask">The text.</param>
/// <param name="Answer">The type of the answer.</param>
public sealed record TryOutWordingView(string? Question, string Ask, string Answer)
{
    /// <summary>The choices; empty for other types.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The part of the picture, written as the configuration's <c>Region</c>; null for all of it.</summary>
    public string? Region { get; init; }

    /// <summary>Parts that are painted over, written as the configuration's <c>Mask</c>.</summary>
    public IReadOnlyList<string> Mask { get; init; } = [];
}

/// <summary>What is known about one wording.</summary>
/// <param name="TryOut">The try-out.</param>
/// <param name="Wording">The number of the wording, from 0.</param>
/// <param name="Unclear">Answers without a value.</param>
/// <param name="Histogram">How many scores are in each of some equal parts from 0 to 1; empty for answers without scores.</param>
/// <param name="Outcome">What the rules make of the answers in the order of their frames.</param>
/// <param name="Frames">The answers, highest score first.</param>
public sealed record TryOutResult(
    TryOutView TryOut, int Wording, int Unclear, IReadOnlyList<int> Histogram, PastOutcome Outcome, IReadOnlyList<TriedFrame> Frames);

/// <summary>The answer about a stored frame.</summary>
/// <param name="At">When the frame was taken.</param>
/// <param name="Frame">Its sequence number.</param>
/// <param name="Snapshot">The number of its snapshot.</param>
/// <param name="Value">The answer; null for an unclear one.</param>
/// <param name="Score">Probability of yes, or of the most likely choice, 0..1; null for other types.</param>
/// <param name="Mass">Probability mass on the accepted words, 0..1; null for other types.</param>
/// <param name="Reason">Why there is no value, as one word; null otherwise.</param>
public sealed record TriedFrame(DateTimeOffset At, long Frame, long Snapshot, string? Value, double? Score, double? Mass, string? Reason);
