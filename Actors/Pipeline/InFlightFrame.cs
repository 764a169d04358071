using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>One frame in the pipeline, from its selection to its answers: it owns the pixels, later the visual tokens, and
/// counts in <see cref="InFlightLimit"/>. Disposing gives all of them back; may be called twice.</summary>
internal sealed class InFlightFrame(IFrameIntake intake, PickedFrame picked, InFlightLimit limit) : IDisposable
{
    private VisualTokens? _tokens;
    private FrameAnswered? _answered;
    private int _disposed;
    private int _counted;
    private volatile bool _isLost;

    public IFrameIntake Intake => intake;

    public Frame Frame => picked.Frame;

    public IReadOnlyList<StandingQuestion> DueQuestions => picked.DueQuestions;

    /// <summary>The ad-hoc questions. They end with the frame, however it ends.</summary>
    public IReadOnlyList<AdHocQuestion> AdHocQuestions => picked.AdHocQuestions;

    /// <summary>The part of the frame that these questions are about; null for all of it.</summary>
    public FrameRegion? Region => DueQuestions.Count > 0 ? DueQuestions[0].Region
        : AdHocQuestions.Count > 0 ? AdHocQuestions[0].Region
        : null;

    /// <summary>Nobody waits for an answer about this frame: it was selected for ad-hoc questions alone, and those who asked have
    /// left.</summary>
    public bool IsWithdrawn => DueQuestions.Count == 0 && AdHocQuestions.All(question => question.IsCompleted);

    /// <summary>The answer to an ad-hoc question about this frame.</summary>
    /// <param name="answer">The decoder's answer.</param>
    /// <param name="time">The clock: the answer's time and the frame's age are those of this call.</param>
    /// <param name="host">The host of the cluster that computed it; null without a cluster.</param>
    public AdHocAnswer ToAdHocAnswer(Answer answer, TimeProvider time, string? host) => new(
        answer,
        Frame.Sequence,
        Frame.CapturedAt,
        time.GetUtcNow(),
        time.GetElapsedTime(Frame.CapturedTimestamp),
        EncodeTime,
        PrefillTime)
    {
        RepeatsFor = Intake.Counters.RepeatsFor,
        Host = host,
    };

    /// <summary>False for a frame that the encoder refused.</summary>
    public bool CanBeAnswered => _tokens is not null || ReusableAnswers is not null || Unanswerable is not null;

    /// <summary>Why none of the due questions can be answered about this frame; null when they can.</summary>
    public AnswerFailure? Unanswerable { get; set; }

    /// <summary>Null where no answers are reused. An ad-hoc question is about this very frame, so nothing is reused
    /// then.</summary>
    public SceneGate? Gate => AdHocQuestions.Count == 0 ? intake.Gate : null;

    /// <summary>Fingerprint that the scene gate compares; null where there is no gate.</summary>
    public SceneFingerprint? Fingerprint { get; set; }

    /// <summary>Earlier answers to the due questions, in their order, where the scene is unchanged; otherwise null.</summary>
    public IReadOnlyList<IReadOnlyList<Answer>>? ReusableAnswers { get; private set; }

    /// <summary>Set by stage 1; disposed with the frame.</summary>
    public VisualTokens Tokens
    {
        get => _tokens ?? throw new InvalidOperationException("This frame was not encoded.");
        set => _tokens = value;
    }

    /// <summary>Set by stage 2.</summary>
    public FrameAnswered Answered
    {
        get => _answered ?? throw new InvalidOperationException("This frame was not answered.");
        set => _answered = value;
    }

    /// <summary>Age of the frame when it was selected.</summary>
    public required TimeSpan AgeAtSelection { get; init; }

    public TimeSpan GateTime { get; set; }

    public TimeSpan EncodeTime { get; set; }

    public TimeSpan PrefillTime { get; set; }

    /// <summary>JPEG of this very frame, or null if none is requested or it could not be made. It reads the pixels, so a
    /// frame that is not abandoned waits for it before it is disposed.</summary>
    public Task<byte[]?> Snapshot { get; set; } = Task.FromResult<byte[]?>(null);

    /// <summary>The engine was lost before it answered: the questions are due again when the frame is disposed.</summary>
    public void MarkLost() => _isLost = true;

    /// <summary>Sets earlier answers to reuse instead of asking, and counts the frame as gated; null does nothing.</summary>
    public void Reuse(IReadOnlyList<IReadOnlyList<Answer>>? answers)
    {
        ReusableAnswers = answers;
        if (answers is not null)
        {
            intake.Counters.Update(camera => camera.FramesGated++);
        }
    }

    /// <summary>True for the first caller only: a frame that was counted as used is not counted as failed as well when its
    /// answers are lost with the pipeline.</summary>
    public bool TryMarkCounted() => Interlocked.Exchange(ref _counted, 1) == 0;

    /// <summary>Reports progress of this frame, so that a pipeline that hangs is noticed.</summary>
    public void ReportProgress() => limit.ReportProgress();

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            picked.Frame.Dispose();
            _tokens?.Dispose();
            foreach (var question in picked.AdHocQuestions)
            {
                question.Fail("the picture was lost before it could be asked; ask again");
            }

            intake.End(picked, _isLost);
            limit.Release(this);
        }
    }
}
