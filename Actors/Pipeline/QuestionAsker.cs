using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Asks the due questions of one frame: all in one call, and each alone where the model fails at that, so that one
/// failing question affects only itself. One caller at a time.</summary>
internal sealed partial class QuestionAsker(
    FailingQuestions failing, AnswerComposer composer, TimeProvider time, ILogger<AnswerStep> logger, CancellationToken cancel)
{
    private readonly ILogger _logger = logger;
    private readonly DraftCache _drafts = new();

    /// <summary>True once this engine has answered something: a later failure is then probably caused by the
    /// question.</summary>
    private bool _isProven;

    /// <summary>Prefills the frame and asks.</summary>
    /// <returns>The answers so far, in the order of the due questions; fewer when it was cancelled or a question
    /// is paused.</returns>
    /// <exception cref="Exception">The engine failed and has to be replaced.</exception>
    public IReadOnlyList<QuestionAnswered> AskDue(IQuestionAnswerer answerer, InFlightFrame frame)
    {
        var (together, alone, paused) = (new List<int>(), new List<int>(), new List<int>());
        foreach (var (at, question) in frame.DueQuestions.Index())
        {
            var key = Key(frame, question);
            if (failing.PauseOf(key) is not null)
            {
                paused.Add(at);
                continue;
            }

            composer.CountAsked(frame, question);
            (failing.IsSuspect(key) ? alone : together).Add(at);
        }

        var answers = new QuestionAnswered?[frame.DueQuestions.Count];
        var failure = frame.Unanswerable ?? Try(() =>
        {
            if (together.Count > 0)
            {
                AskTogether(answerer, frame, together, answers);
            }
            else
            {
                Prefill(answerer, frame);
            }
        });
        if (failure is not null)
        {
            foreach (var at in paused)
            {
                composer.CountAsked(frame, frame.DueQuestions[at]);
            }

            foreach (var question in frame.AdHocQuestions)
            {
                question.Fail(failure.Message);
            }

            return [.. frame.DueQuestions.Select(question => composer.Failed(frame, question, failure))];
        }

        AskEachAlone(answerer, frame, alone, answers);
        return [.. answers.OfType<QuestionAnswered>()];
    }

    private void Prefill(IQuestionAnswerer answerer, InFlightFrame frame)
    {
        var started = time.GetTimestamp();
        answerer.PrefillPicture(frame.Tokens);
        frame.PrefillTime = time.GetElapsedTime(started);
        frame.ReportProgress();
    }

    /// <returns>Why nothing can be asked about this frame; null when it can.</returns>
    private static AnswerFailure? Try(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (NonFiniteLogitsException fault)
        {
            return new AnswerFailure(AnswerFailureKind.NotFinite, fault);
        }
        catch (ContextFullException fault)
        {
            return new AnswerFailure(AnswerFailureKind.TooLong, fault);
        }
    }

    private void AskEachAlone(IQuestionAnswerer answerer, InFlightFrame frame, List<int> asked, QuestionAnswered?[] answers)
    {
        foreach (var at in asked)
        {
            if (cancel.IsCancellationRequested)
            {
                return;
            }

            // Otherwise a question would be blamed for an engine that answers nothing.
            if (!_isProven && ModelProbe.Try(answerer) is { } fault)
            {
                throw fault;
            }

            AskAlone(answerer, frame, at, answers);
        }
    }

    /// <summary>Prefills the frame and asks, both in one call.</summary>
    private void AskTogether(
        IQuestionAnswerer answerer, InFlightFrame frame, IReadOnlyList<int> asked, QuestionAnswered?[] answers)
    {
        var unanswered = new HashSet<int>(asked);
        try
        {
            AskInOneCall(answerer, frame, asked, unanswered, answers, frame.Tokens);
        }
        catch (Exception fault) when (unanswered.Count > 0 && fault is not (NonFiniteLogitsException or ContextFullException))
        {
            if (Probe(answerer, frame) is not null)
            {
                foreach (var at in unanswered)
                {
                    failing.Suspect(Key(frame, frame.DueQuestions[at]));
                    composer.CountFailed(frame, frame.DueQuestions[at], UnknownReason.ModelFailed);
                }

                throw;
            }

            // The engine works, so one of the questions is the cause. The others are answered.
            LogAskedAlone(fault, frame.Frame.Camera, frame.Frame.Sequence);
            foreach (var at in asked.Where(unanswered.Contains))
            {
                AskAlone(answerer, frame, at, answers);
            }
        }
    }

    /// <summary>Prefills the frame by itself, which the call that failed may not have done, and probes the engine.</summary>
    /// <returns>Null when the engine works.</returns>
    private Exception? Probe(IQuestionAnswerer answerer, InFlightFrame frame)
    {
        try
        {
            Prefill(answerer, frame);
        }
        catch (Exception fault) when (fault is not (NonFiniteLogitsException or ContextFullException))
        {
            return fault;
        }

        return ModelProbe.Try(answerer);
    }

    private void AskAlone(IQuestionAnswerer answerer, InFlightFrame frame, int at, QuestionAnswered?[] answers)
    {
        var question = frame.DueQuestions[at];
        try
        {
            AskInOneCall(answerer, frame, [at], [at], answers, picture: null);
            failing.Clear(Key(frame, question));
        }
        catch (Exception fault)
        {
            var isLost = ModelProbe.Try(answerer) is not null;
            var pause = failing.Blame(Key(frame, question), isLost);
            LogBlamed(fault, frame.Frame.Camera, question.Id, Math.Round(pause.TotalSeconds));
            answers[at] = composer.Failed(frame, question, new AnswerFailure(AnswerFailureKind.EngineFault, fault));
            if (isLost)
            {
                throw;
            }
        }
    }

    /// <param name="answerer">Has the frame prefilled, or prefills it.</param>
    /// <param name="frame">The frame and its questions.</param>
    /// <param name="asked">Indices of due questions.</param>
    /// <param name="unanswered">Those without an answer so far; shrinks.</param>
    /// <param name="answers">Of the due questions, in their order.</param>
    /// <param name="picture">The frame's tokens, to be prefilled; null where they are.</param>
    private void AskInOneCall(
        IQuestionAnswerer answerer,
        InFlightFrame frame,
        IReadOnlyList<int> asked,
        HashSet<int> unanswered,
        QuestionAnswered?[] answers,
        VisualTokens? picture)
    {
        if (cancel.IsCancellationRequested || asked.Count == 0)
        {
            return;
        }

        var batch = new QuestionBatch([.. asked.Select(at => frame.DueQuestions[at])]);
        try
        {
            Question[] questions = [.. batch.Questions.Select(question => _drafts.WithDraft(frame.Frame.Camera, question))];
            if (picture is null)
            {
                answerer.AskAll(questions, OnAnswer, cancel);
            }
            else
            {
                answerer.AskAbout(picture, questions, OnAnswer, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Answers that were given before the exception count.
            return;
        }

        void OnAnswer(int index, Answer answer)
        {
            _isProven |= answer.Failure is null;
            _drafts.Keep(frame.Frame.Camera, answer);
            frame.ReportProgress();
            if (batch.Add(index, answer) is not { } whole)
            {
                return;
            }

            var at = asked[whole.Due];
            unanswered.Remove(at);
            if (whole.Parts.All(part => part.Failure is not null))
            {
                answers[at] = composer.Failed(frame, frame.DueQuestions[at], whole.Parts[0].Failure!);
            }
            else if (whole.Parts.All(part => part.Finish != FinishReason.Cancelled))
            {
                answers[at] = composer.Answered(frame, frame.DueQuestions[at], whole.Parts);
            }
        }
    }

    private static (CameraId Camera, StandingQuestion Question) Key(InFlightFrame frame, StandingQuestion question) =>
        (frame.Frame.Camera, question);

    [LoggerMessage(EventId = 81, Level = LogLevel.Warning, Message = "{Camera}: the model failed at the questions about frame {Frame} together. Each is asked alone now.")]
    private partial void LogAskedAlone(Exception fault, CameraId camera, FrameSequence frame);

    [LoggerMessage(EventId = 80, Level = LogLevel.Warning, Message = "{Camera}/{Question}: the model failed at this question and works otherwise. It is unknown, and is not asked for {Pause} s. Reword the question if this repeats.")]
    private partial void LogBlamed(Exception fault, CameraId camera, string question, double pause);
}
