using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 2: visual tokens and the due questions to answers. The frame goes into the decoder once, however many
/// questions are asked about it.</summary>
internal sealed class AnswerStep(
    ModelSessions sessions, AdHocStep adHoc, QuestionAsker asker, AnswerComposer composer, CancellationToken cancel)
{
    /// <summary>Sets <see cref="InFlightFrame.Answered"/>. It has no answers if it was cancelled before the first one.</summary>
    public async Task<InFlightFrame> AnswerAsync(InFlightFrame frame)
    {
        // The previous frame's ad-hoc questions still use the decoder. If the engine failed at them, this throws.
        await adHoc.CompletedAsync();
        var answered = frame.ReusableAnswers is { } earlier
            ? composer.Reused(frame, earlier)
            : await sessions.AnswerAsync(answerer => Answer(answerer, frame));
        frame.Answered = await frame.Snapshot is { } snapshot ? answered with { Snapshot = snapshot } : answered;
        return frame;
    }

    private FrameAnswered Answer(IQuestionAnswerer answerer, InFlightFrame frame)
    {
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
}
