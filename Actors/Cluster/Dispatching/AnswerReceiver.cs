using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>Takes the answers of inference hosts, hands complete ones on, and gives lost frames back. One caller at a time.</summary>
/// <param name="context">The dispatcher's parts.</param>
/// <param name="composer">Composes answers.</param>
/// <param name="drafts">Keeps texts.</param>
/// <param name="run">Runs work behind what is being done.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">For questions at which an engine fails.</param>
internal sealed partial class AnswerReceiver(
    DispatcherContext context, AnswerComposer composer, DraftCache drafts, Action<Action> run, TimeProvider time, ILogger<AnswerReceiver> logger)
{
    private readonly ILogger _logger = logger;

    /// <summary>One answer has come.</summary>
    public void Answered(InferenceHost host, AnswerGiven given)
    {
        if (host.Find(given.Request) is not { } open)
        {
            return;
        }

        if (given.Index >= open.Questions.Count || given.Answer.ToAnswer(open.Questions[given.Index]) is not { } answer)
        {
            context.Counters.CountIgnored();
            return;
        }

        open.Frame.EncodeTime = given.EncodeTime;
        if (given.Index >= open.StandingCount)
        {
            AnsweredAdHoc(open, open.Frame.AdHocQuestions[given.Index - open.StandingCount], answer);
        }
        else if (answer.Finish != FinishReason.Cancelled)
        {
            drafts.Keep(open.Frame.Frame.Camera, answer);
            if (open.Add(given.Index, answer) is { } whole)
            {
                open.Set(whole.Due, Whole(open, open.Asked[whole.Due], whole.Parts));
            }
        }

        if (open.IsComplete && !open.IsEvaluated)
        {
            Evaluate(open);
        }
    }

    /// <summary>A host has ended its work on a frame.</summary>
    public void Ended(InferenceHost host, RequestEnded ended)
    {
        if (host.Find(ended.Request) is not { } open)
        {
            // Given up before it came.
            context.Counters[host.Address].Update(stats => stats.Late++);
            return;
        }

        if (!open.IsEvaluated && !open.IsComplete)
        {
            GiveBack(open);
            return;
        }

        host.Remove(open);
        context.Counters[host.Address].Update(stats => stats.Answered++);
        foreach (var question in open.Frame.AdHocQuestions)
        {
            question.Fail(ended.Failure.Length > 0 ? ended.Failure : "the host did not answer it; ask again");
        }

        Release(open);
    }

    /// <summary>Gives up an open request: the answers that came count, and the other questions are due again.</summary>
    public void GiveBack(OpenRequest open)
    {
        open.Host.Remove(open);
        context.Counters[open.Host.Address].Update(stats => stats.Lost++);
        if (!open.IsEvaluated)
        {
            if (open.Answers.Count > 0)
            {
                Evaluate(open);
            }
            else if (open.Frame.TryMarkCounted())
            {
                open.Frame.Intake.Counters.Update(camera => camera.FramesFailed++);
            }

            open.Frame.MarkLost();
        }

        Release(open);
    }

    private QuestionAnswered Whole(OpenRequest open, StandingQuestion question, IReadOnlyList<Answer> parts)
    {
        var key = (open.Frame.Frame.Camera, question);
        if (parts.All(part => part.Failure is not null))
        {
            var failure = parts[0].Failure!;
            if (failure.Kind == AnswerFailureKind.EngineFault)
            {
                var pause = context.Failing.Blame(key, engineLost: false);
                LogBlamed(open.Frame.Frame.Camera, question.Id, open.Host.Address, failure.Message, Math.Round(pause.TotalSeconds));
            }

            return composer.Failed(open.Frame, question, failure);
        }

        context.Failing.Clear(key);
        return composer.Answered(open.Frame, question, parts, open.Host.Address);
    }

    private void AnsweredAdHoc(OpenRequest open, AdHocQuestion question, Answer answer)
    {
        if (answer.Failure is { } failure)
        {
            question.Fail(failure.Message);
        }
        else if (answer.Finish != FinishReason.Cancelled)
        {
            context.Pipeline.Update(pipeline => pipeline.Answers++);
            question.Complete(open.Frame.ToAdHocAnswer(answer, time, open.Host.Address));
        }
    }

    private void Evaluate(OpenRequest open)
    {
        var frame = open.Frame;
        open.IsEvaluated = true;
        if (frame.TryMarkCounted())
        {
            frame.Intake.Counters.Update(camera => camera.FramesUsed++);
        }

        var all = open.Answers;
        if (all.Count == 0)
        {
            return;
        }

        var answered = all.Where(it => it.Failure is null).ToList();
        if (answered.Count > 0)
        {
            composer.CountAge(frame);
            if (frame is { Gate: { } gate, Fingerprint: { } fingerprint })
            {
                // A question without an answer is asked again even if the scene does not change.
                gate.Remember(fingerprint, null, [.. answered.Where(it => it.Parts.All(part => part.Failure is null))]);
            }
        }

        var composed = composer.Frame(frame, all);
        AfterSnapshot(frame, snapshot => context.Evaluate(snapshot is null ? composed : composed with { Snapshot = snapshot }));
    }

    // Behind the answers, which may wait for the snapshot, and the snapshot reads the pixels.
    private void Release(OpenRequest open) => AfterSnapshot(open.Frame, _ => open.Frame.Dispose());

    private void AfterSnapshot(InFlightFrame frame, Action<byte[]?> work)
    {
        if (frame.Snapshot.IsCompletedSuccessfully)
        {
            work(frame.Snapshot.Result);
        }
        else
        {
            frame.Snapshot.ContinueWith(
                made => run(() => work(made.IsCompletedSuccessfully ? made.Result : null)), TaskScheduler.Default);
        }
    }

    [LoggerMessage(EventId = 123, Level = LogLevel.Warning, Message = "{Camera}/{Question}: the model of {Host} failed at this question and works otherwise: {Reason} It is unknown, and is not asked for {Pause} s. Reword the question if this repeats.")]
    private partial void LogBlamed(CameraId camera, string question, string host, string reason, double pause);
}
