using MobileVlm.Edge.Actors.Health;

namespace MobileVlm.Edge.Actors.States;

/// <summary>Knows why a question has no answer. One caller at a time.</summary>
/// <param name="camera">Of the question's camera.</param>
/// <param name="question">Of the question.</param>
/// <param name="start">Patience begins.</param>
/// <param name="steady">A timestamp as <see cref="Moment.Steady"/> counts.</param>
internal sealed class QuestionWatch(
    CameraCounters camera, QuestionCounters question, Moment start, Func<long, TimeSpan> steady)
{
    private TimeSpan _quietSince = start.Steady;
    private bool _wasHeard;

    /// <summary>As of the last <see cref="Look"/>; null when it is answered as it should be.</summary>
    public UnknownReason? Wait { get; private set; } = UnknownReason.NotYet;

    public void Heard(TimeSpan at) => (_quietSince, _wasHeard) = (at, true);

    /// <param name="gate">Why it is not asked at all; null when it is.</param>
    /// <param name="patience">Silence longer than this has a reason.</param>
    /// <param name="now">This moment.</param>
    /// <returns>True when what it waits for became something else.</returns>
    public bool Look(UnknownReason? gate, TimeSpan patience, Moment now)
    {
        if (gate is not null)
        {
            (_quietSince, _wasHeard) = (now.Steady, false);
        }

        var before = Wait;
        Wait = gate ?? Find(patience, now);
        question.Wait = Wait;
        return Wait != before;
    }

    private UnknownReason? Find(TimeSpan patience, Moment now) =>
        question.LastFailure.Value is { } failed && !(question.LastAnswer.Value >= failed) ? question.LastFailureReason
        : now.Steady - _quietSince <= patience ? (_wasHeard ? null : UnknownReason.NotYet)
        : !camera.Online || camera.LastFrame.Value is not { } frame || now.Steady - steady(frame) > patience ? UnknownReason.NoPicture
        : UnknownReason.Busy;
}
