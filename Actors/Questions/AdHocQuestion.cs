using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Questions;

/// <summary>An ad-hoc question: asked once, about the next frame. It ends exactly once, however the frame ends.
/// Thread-safe.</summary>
/// <param name="question">For the engine.</param>
/// <param name="ended">Called with the result, on any thread; returns at once.</param>
internal sealed class AdHocQuestion(Question question, Action<AdHocResult> ended)
{
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isInFlight;
    private int _over;

    public Question Question => question;

    /// <summary>The part of the frame that it is about; null for all of it.</summary>
    public FrameRegion? Region { get; init; }

    /// <summary>Completes when it has ended in any way.</summary>
    public Task Completed => _completed.Task;

    /// <summary>A frame carries it, so it ends with that frame.</summary>
    public bool IsInFlight => _isInFlight;

    /// <summary>Answered, failed or withdrawn.</summary>
    public bool IsCompleted => Volatile.Read(ref _over) != 0;

    /// <summary>A frame was selected for it.</summary>
    public void MarkInFlight() => _isInFlight = true;

    public void Complete(AdHocAnswer answer) => End(new AdHocResult(answer, ""));

    /// <param name="reason">For the sender.</param>
    public void Fail(string reason) => End(new AdHocResult(null, reason));

    /// <summary>Records that nobody waits for it; its result is dropped.</summary>
    public void Withdraw()
    {
        Volatile.Write(ref _over, 1);
        _completed.TrySetResult();
    }

    private void End(AdHocResult end)
    {
        if (Interlocked.Exchange(ref _over, 1) == 0)
        {
            ended(end);
            _completed.TrySetResult();
        }
    }
}

/// <summary>The result of an ad-hoc question.</summary>
/// <param name="Answer">Null when there is none.</param>
/// <param name="Reason">Why not.</param>
internal sealed record AdHocResult(AdHocAnswer? Answer, string Reason);

/// <summary>The answer and the frame that it is about.</summary>
/// <param name="Answer">The answer of the model.</param>
/// <param name="Sequence">Sequence number of the frame.</param>
/// <param name="CapturedAt">Wall clock at which the frame was captured.</param>
/// <param name="AnsweredAt">Wall clock when the answer was ready.</param>
/// <param name="Age">Age of the frame at that moment.</param>
/// <param name="EncodeTime">Pixels to visual tokens.</param>
/// <param name="PrefillTime">Prefilling the frame by itself; zero where it went through the decoder together with standing questions.</param>
internal sealed record AdHocAnswer(
    Answer Answer,
    FrameSequence Sequence,
    DateTimeOffset CapturedAt,
    DateTimeOffset AnsweredAt,
    TimeSpan Age,
    TimeSpan EncodeTime,
    TimeSpan PrefillTime)
{
    /// <summary>How long the source has repeated its frame, once that is too long for a live source; null before.</summary>
    public TimeSpan? RepeatsFor { get; init; }

    /// <summary>The host that computed the answer; null without a cluster.</summary>
    public string? Host { get; init; }
}
