using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 2: visual tokens and the due questions to answers. The frame goes into the decoder once, however many
/// questions are asked about it.</summary>
/// <param name="sessions">The decoder and the threads.</param>
/// <param name="adHoc">Ad-hoc questions about the previous frame.</param>
/// <param name="asker">Asks the due questions.</param>
/// <param name="composer">Composes the answers.</param>
/// <param name="history">Says which frames need a snapshot that nobody else does; null where none are stored.</param>
/// <param name="frameToJpeg">Makes that.</param>
/// <param name="logger">Logs snapshots that could not be made.</param>
/// <param name="cancel">Ends answers in progress.</param>
internal sealed partial class AnswerStep(
    ModelSessions sessions,
    AdHocStep adHoc,
    QuestionAsker asker,
    AnswerComposer composer,
    HistoryRecorder? history,
    Func<Frame, byte[]> frameToJpeg,
    ILogger<AnswerStep> logger,
    CancellationToken cancel)
{
    /// <summary>Sets <see cref="InFlightFrame.Answered"/>. It has no answers if it was cancelled before the first one.</summary>
    public async Task<InFlightFrame> AnswerAsync(InFlightFrame frame)
    {
        // The previous frame's ad-hoc questions still use the decoder. If the engine failed at them, this throws.
        await adHoc.CompletedAsync();
        var answered = frame.ReusableAnswers is { } earlier
            ? composer.Reused(frame, earlier)
            : await sessions.AnswerAsync(answerer => Answer(answerer, frame));
        frame.Answered = await frame.Snapshot is { } snapshot ? answered with { Snapshot = snapshot }
            : await HistoryPictureAsync(frame, answered) is { } picture ? answered with { HistoryPicture = picture }
            : answered;
        return frame;
    }

    /// <summary>The snapshot for the history where no other was made: for cameras that publish none, and for reused answers.</summary>
    private Task<byte[]?> HistoryPictureAsync(InFlightFrame frame, FrameAnswered answered)
    {
        var hasPixels = frame.ReusableAnswers is not null || (!frame.Intake.Configuration.Snapshot && frame.DueQuestions.Count > 0);
        return history is null || !hasPixels || !history.MayNeedPicture(answered) ? Task.FromResult<byte[]?>(null)
            : sessions.SnapshotAsync(() =>
            {
                try
                {
                    return frameToJpeg(frame.Frame);
                }
                catch (Exception fault)
                {
                    LogNoSnapshot(fault, frame.Frame.Camera, frame.Frame.Sequence);
                    return null;
                }
            });
    }

    private FrameAnswered Answer(IQuestionAnswerer answerer, InFlightFrame frame)
    {
        sessions.IsPictureReplaced = false;
        IReadOnlyList<QuestionAnswered> all = cancel.IsCancellationRequested || frame.IsWithdrawn ? [] : asker.AskDue(answerer, frame);
        QuestionAnswered[] answered = [.. all.Where(it => it.Failure is null)];
        if ((all.Count > 0 || frame.AdHocQuestions.Count > 0) && frame.TryMarkCounted())
        {
            frame.Intake.Counters.Update(camera => frame.IsWithdrawn ? camera.FramesIdle++ : camera.FramesUsed++);
        }

        if (answered.Length > 0)
        {
            composer.CountAge(frame);
            if (frame is { Gate: { } gate, Fingerprint: { } fingerprint })
            {
                // A question without an answer is asked again even if the scene does not change.
                gate.Remember(fingerprint, frame.Tokens, [.. answered.Where(it => it.Parts.All(part => part.Failure is null))]);
            }
        }

        return composer.Frame(frame, all);
    }

    [LoggerMessage(EventId = 82, Level = LogLevel.Warning, Message = "{Camera}: frame {Frame} is answered, but its snapshot for the history could not be made.")]
    private partial void LogNoSnapshot(Exception fault, CameraId camera, FrameSequence frame);
}
