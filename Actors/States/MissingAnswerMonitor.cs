using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;

namespace MobileVlm.Edge.Actors.States;

/// <summary>Finds out why a question has no answer. One caller at a time.</summary>
/// <param name="camera">Counters of the camera.</param>
/// <param name="question">Counters of the question.</param>
/// <param name="start">The start of the silence.</param>
/// <param name="steady">A timestamp as <see cref="Instant.Monotonic"/> counts.</param>
/// <param name="hasEngine">False while no model can be reached; null where this host has one.</param>
internal sealed class MissingAnswerMonitor(
    CameraCounters camera, QuestionCounters question, Instant start, Func<long, TimeSpan> steady, Func<bool>? hasEngine = null)
{
    private TimeSpan _silentSince = start.Monotonic;
    private bool _hasAnswer;

    /// <summary>Why the question had no answer at the last <see cref="Check"/>; null when it is answered on time.</summary>
    public UnknownReason? Reason { get; private set; } = UnknownReason.NotYet;

    public void Answered(TimeSpan at) => (_silentSince, _hasAnswer) = (at, true);

    /// <param name="reasonNotAsked">Why it is not asked at all; null when it is.</param>
    /// <param name="stateLifetime">Silence longer than this has a reason.</param>
    /// <param name="now">This moment.</param>
    /// <returns>True when <see cref="Reason"/> changed.</returns>
    public bool Check(UnknownReason? reasonNotAsked, TimeSpan stateLifetime, Instant now)
    {
        if (reasonNotAsked is not null)
        {
            (_silentSince, _hasAnswer) = (now.Monotonic, false);
        }

        var before = Reason;
        Reason = reasonNotAsked ?? Find(stateLifetime, now);
        question.WaitReason = Reason;
        return Reason != before;
    }

    private UnknownReason? Find(TimeSpan stateLifetime, Instant now) =>
        question.LastFailure.Value is { } failed && !(question.LastAnswer.Value >= failed) ? question.LastFailureReason
        : now.Monotonic - _silentSince <= stateLifetime ? (_hasAnswer ? null : UnknownReason.NotYet)
        : !camera.Online || camera.LastFrame.Value is not { } frame || now.Monotonic - steady(frame) > stateLifetime ? UnknownReason.NoPicture
        : hasEngine?.Invoke() == false ? UnknownReason.NoHost
        : UnknownReason.Busy;
}
