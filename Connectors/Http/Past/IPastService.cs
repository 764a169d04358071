using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Past;

/// <summary>Answers questions about what is stored in the history. Thread-safe.</summary>
public interface IPastService
{
    /// <summary>Applies the rules of a standing yes/no question to its stored answers, with its thresholds of now and with others.</summary>
    /// <exception cref="HttpFailureException">The question is not known, has no thresholds, or the time has too many answers.</exception>
    Task<WhatIfResult> WhatIfAsync(WhatIfQuery query, CancellationToken cancel);

    /// <summary>The try-outs that run or were kept, newest first.</summary>
    IReadOnlyList<TryOutView> TryOuts { get; }

    /// <summary>Begins a try-out. Standing questions go first.</summary>
    /// <exception cref="HttpFailureException">Another job runs, or nothing can be asked.</exception>
    Task<TryOutView> StartTryOutAsync(TryOutRequest request, CancellationToken cancel);

    /// <summary>What is known about one wording of a try-out by now.</summary>
    /// <param name="id">The try-out.</param>
    /// <param name="wording">The number of the wording, from 0.</param>
    /// <param name="thresholds">The thresholds to apply; what is null is as the wording has it.</param>
    /// <exception cref="HttpFailureException">There is no such try-out or wording.</exception>
    TryOutResult TryOutResult(string id, int wording, PastThresholds thresholds);

    /// <summary>Cancels a try-out that runs, or forgets one that has ended.</summary>
    /// <exception cref="HttpFailureException">There is no such try-out.</exception>
    TryOutView EndTryOut(string id);

    /// <summary>Begins to find out which parts of a picture carry an answer. Standing questions go first.</summary>
    /// <exception cref="HttpFailureException">Another job runs, or nothing can be asked.</exception>
    Task<ExplanationView> StartExplanationAsync(ExplanationRequest request, CancellationToken cancel);

    /// <summary>What is known about the parts of a picture by now.</summary>
    /// <exception cref="HttpFailureException">There is no such explanation.</exception>
    ExplanationView Explanation(string id);

    /// <summary>The picture that is asked about, as JPEG.</summary>
    /// <exception cref="HttpFailureException">There is no such explanation.</exception>
    ReadOnlyMemory<byte> ExplanationPicture(string id);

    /// <summary>Cancels an explanation that runs, or forgets one that has ended.</summary>
    /// <exception cref="HttpFailureException">There is no such explanation.</exception>
    ExplanationView EndExplanation(string id);
}

/// <summary>A question about other thresholds.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its standing question.</param>
/// <param name="From">The first moment.</param>
/// <param name="To">The moment at which the time ends.</param>
/// <param name="Thresholds">The other thresholds; what is null is as it is now.</param>
public sealed record WhatIfQuery(string Camera, string Question, DateTimeOffset From, DateTimeOffset To, PastThresholds Thresholds);

/// <summary>Thresholds that are tried; null leaves one as it is.</summary>
/// <param name="YesAbove">Least score that is <c>yes</c>, 0..1.</param>
/// <param name="NoBelow">Largest score that is <c>no</c>, 0..1.</param>
/// <param name="MinScore">Lowest probability at which the most likely choice counts, 0..1.</param>
public sealed record PastThresholds(double? YesAbove = null, double? NoBelow = null, double? MinScore = null);

/// <summary>What other thresholds would have done.</summary>
/// <param name="Answers">Stored answers to which the rules were applied.</param>
/// <param name="LeftOut">Older answers of the time, which are stored by the minute only and to which no rules can be applied.</param>
/// <param name="Now">With the thresholds that the question has now.</param>
/// <param name="Then">With the others.</param>
public sealed record WhatIfResult(long Answers, long LeftOut, PastOutcome Now, PastOutcome Then)
{
    /// <summary>Why it is not known how many events were false, as a clause; null where it is.</summary>
    public string? FalseAlarmsUnknown { get; init; }
}

/// <summary>Expected alarms per day.</summary>
/// <param name="FalsePerDay">Those that are false.</param>
/// <param name="Low">5 % of the cases are below.</param>
/// <param name="High">5 % of the cases are above.</param>
/// <param name="RealPerDay">Those that are right.</param>
public sealed record ExpectedAlarms(double FalsePerDay, double Low, double High, double RealPerDay);

/// <summary>What the rules of a question made of answers.</summary>
/// <param name="Thresholds">The thresholds; those that the type of the question does not have are null.</param>
/// <param name="Changes">How often the state changed. Reaching the first state is not a change.</param>
/// <param name="Events">How many events would have been raised.</param>
/// <param name="States">The states in their order.</param>
/// <param name="EventTimes">When the events would have been raised, in their order.</param>
public sealed record PastOutcome(
    PastThresholds Thresholds, int Changes, int Events, IReadOnlyList<PastState> States, IReadOnlyList<DateTimeOffset> EventTimes)
{
    /// <summary>How many of the events are expected to be false; null where it is not known.</summary>
    public ExpectedAlarms? Expected { get; init; }
}

/// <summary>A state of the past.</summary>
/// <param name="At">When it began.</param>
/// <param name="State">The state.</param>
/// <param name="Reason">Why it was unknown, as one word; null otherwise.</param>
public sealed record PastState(DateTimeOffset At, string State, string? Reason);
