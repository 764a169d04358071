using System.Collections.Concurrent;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;

namespace MobileVlm.Edge.Actors.History;

/// <summary>Decides of which frames a snapshot is stored: of those that change a state, of near misses, and of one per minute and
/// camera. Thread-safe.</summary>
internal sealed class HistoryPictures(QuestionStates states, TimeProvider time)
{
    /// <summary>A score within this distance of a threshold, or between both, is a near miss.</summary>
    public const double NearDistance = 0.05;

    /// <summary>One snapshot of each camera is stored at least this often while it is asked.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>A question has no more near misses than one in this time.</summary>
    public static readonly TimeSpan NearEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<CameraId, long> _stored = new();
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), long> _near = new();

    /// <summary>Whether a snapshot of the frame may be needed once its answers are evaluated, so that it has to be made now.</summary>
    public bool MayNeed(FrameAnswered frame) =>
        frame.Answers.Count > 0 && (IsDue(frame.Camera) || frame.Answers.Any(answer => MayNeed(frame, answer)));

    /// <summary>Whether the snapshot of an evaluated frame is stored. Later ones then wait for their turn.</summary>
    public bool Take(FrameAnswered frame, IReadOnlyList<QuestionUpdate> updates)
    {
        var isNear = false;
        foreach (var update in updates.Where(update => update is { IsFromFrame: true, Last: not null }))
        {
            if (IsNear(frame, update.Question, update.Last!.Parsed) && IsDue(_near, (frame.Camera, update.Question.Id), NearEvery))
            {
                _near[(frame.Camera, update.Question.Id)] = time.GetTimestamp();
                isNear = true;
            }
        }

        if (!isNear && !IsDue(frame.Camera) && !updates.Any(update => update.Evaluation.Event is not null))
        {
            return false;
        }

        _stored[frame.Camera] = time.GetTimestamp();
        return true;
    }

    private bool MayNeed(FrameAnswered frame, QuestionAnswered answer)
    {
        var handler = AnswerHandler.Of(answer.Question.Kind);
        if (handler.IsFreeText)
        {
            return false;
        }

        var parsed = handler.Parse(answer.Question, answer.Parts, states.ThresholdsOf(frame.Camera, answer.Question, frame.CapturedAt));
        return (parsed.Value is { } value && value != states.Of(frame.Camera, answer.Question.Id).Value)
            || (IsNear(frame, answer.Question, parsed) && IsDue(_near, (frame.Camera, answer.Question.Id), NearEvery));
    }

    private bool IsNear(FrameAnswered frame, StandingQuestion question, ParsedAnswer parsed)
    {
        if (parsed.Score is not { } score)
        {
            return false;
        }

        return AnswerHandler.Of(question.Kind).ToShown(states.ThresholdsOf(frame.Camera, question, frame.CapturedAt)) switch
        {
            { YesAbove: { } yes, NoBelow: { } no } => score >= no - NearDistance && score <= yes + NearDistance,
            { MinScore: > 0 and { } least } => Math.Abs(score - least) <= NearDistance,
            _ => false,
        };
    }

    private bool IsDue(CameraId camera) => IsDue(_stored, camera, Every);

    private bool IsDue<TKey>(ConcurrentDictionary<TKey, long> last, TKey key, TimeSpan every)
        where TKey : notnull =>
        !last.TryGetValue(key, out var at) || time.GetElapsedTime(at) >= every;
}
