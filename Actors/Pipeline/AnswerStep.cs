using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 2: visual tokens and the due questions to answers. The picture goes into the decoder once, however
/// many questions it is asked.</summary>
internal sealed partial class AnswerStep(
    ModelSessions engine,
    PipelineCounters counters,
    FailingQuestions faulty,
    TimeProvider time,
    ILogger<AnswerStep> logger,
    CancellationToken cancel)
{
    private readonly DraftCache _lastWords = new();
    private readonly AdHocStep _oneShots = new(engine, counters, faulty, time, cancel);

    /// <summary>True once this engine has answered something: a later failure is then probably caused by the
    /// question.</summary>
    private bool _isProven;

    /// <summary>Ends the walk, behind its one-shot questions if it has any. Without answers if it was cancelled before
    /// the first.</summary>
    public async Task<FrameAnswered> ThinkAsync(InFlightFrame walk)
    {
        await _oneShots.UntilDoneAsync();
        walk.StillValid ??= SeesTheSame(walk);
        var answered = walk.StillValid is null
            ? await engine.ThinkAsync(answerer => Think(answerer, walk))
            : Again(walk, walk.StillValid);
        var still = await walk.Still;
        _oneShots.Begin(walk);
        return still is null ? answered : answered with { Snapshot = still };
    }

    /// <summary>What still holds by what the encoder saw; counted as gated, though the picture was encoded.</summary>
    private static IReadOnlyList<IReadOnlyList<Answer>>? SeesTheSame(InFlightFrame walk)
    {
        var valid = walk.Unanswerable is null ? walk.Gate?.StillValid(walk.Tokens, walk.Due) : null;
        if (valid is not null)
        {
            walk.Lane.Counters.Update(camera => camera.FramesGated++);
        }

        return valid;
    }

    /// <summary>What was said about the same scene before, as an answer about this picture: rules that count answers see
    /// the same as if it had been asked.</summary>
    private FrameAnswered Again(InFlightFrame walk, IReadOnlyList<IReadOnlyList<Answer>> parts) => new()
    {
        Camera = walk.Frame.Camera,
        Frame = walk.Frame.Sequence,
        CapturedAt = walk.Frame.CapturedAt,
        CapturedTimestamp = walk.Frame.CapturedTimestamp,
        Age = Age(walk),
        CaptureTime = walk.CaptureTime,
        GateTime = walk.GateTime,
        EncodeTime = walk.EncodeTime,
        PrimeTime = TimeSpan.Zero,
        RepeatsFor = walk.Lane.Counters.RepeatsFor,
        Answers = [.. walk.Due.Zip(parts, (question, earlier) => Answered(
            walk, question, [.. earlier.Select(part => part with { Timings = default })]) with { Reused = true })],
    };

    private FrameAnswered Think(IQuestionAnswerer answerer, InFlightFrame walk)
    {
        var answers = new QuestionAnswered?[walk.Due.Count];
        if (!cancel.IsCancellationRequested && (walk.Unanswerable ?? Prime(answerer, walk)) is { } failure)
        {
            for (var at = 0; at < answers.Length; at++)
            {
                CountAsked(walk, walk.Due[at]);
                answers[at] = Failed(walk, walk.Due[at], failure);
            }
        }
        else if (!cancel.IsCancellationRequested)
        {
            Ask(answerer, walk, answers);
        }

        QuestionAnswered[] given = [.. answers.OfType<QuestionAnswered>()];
        QuestionAnswered[] answered = [.. given.Where(it => it.Failure is null)];
        if ((given.Length > 0 || walk.Asks.Count > 0) && walk.TryCount())
        {
            walk.Lane.Counters.Update(camera => camera.FramesUsed++);
        }

        if (answered.Length > 0)
        {
            counters.Aged(Age(walk));
            walk.Lane.Counters.Update(camera => camera.LastAgeMs = Age(walk).TotalMilliseconds);
            if (walk is { Gate: { } gate, View: { } view })
            {
                // A question without an answer is asked again even if the scene does not change.
                gate.Remember(view, walk.Tokens, [.. answered.Where(it => it.Parts.All(part => part.Failure is null))]);
            }
        }

        return new FrameAnswered
        {
            Camera = walk.Frame.Camera,
            Frame = walk.Frame.Sequence,
            CapturedAt = walk.Frame.CapturedAt,
            CapturedTimestamp = walk.Frame.CapturedTimestamp,
            Age = Age(walk),
            CaptureTime = walk.CaptureTime,
            GateTime = walk.GateTime,
            EncodeTime = walk.EncodeTime,
            PrimeTime = walk.PrimeTime,
            RepeatsFor = walk.Lane.Counters.RepeatsFor,
            Answers = given,
        };
    }

    /// <returns>Why nothing can be asked about this picture; null when it is primed.</returns>
    private AnswerFailure? Prime(IQuestionAnswerer answerer, InFlightFrame walk)
    {
        var started = time.GetTimestamp();
        AnswerFailure failure;
        try
        {
            answerer.Prime(walk.Tokens);
            walk.PrimeTime = time.GetElapsedTime(started);
            walk.Moved();
            return null;
        }
        catch (NonFiniteLogitsException fault)
        {
            failure = new AnswerFailure(AnswerFailureKind.NotFinite, fault);
        }
        catch (ContextFullException fault)
        {
            failure = new AnswerFailure(AnswerFailureKind.TooLong, fault);
        }

        foreach (var ask in walk.Asks)
        {
            ask.Failed(failure.Message);
        }

        return failure;
    }

    private void Ask(IQuestionAnswerer answerer, InFlightFrame walk, QuestionAnswered?[] answers)
    {
        var together = new List<int>();
        var alone = new List<int>();
        foreach (var (at, question) in walk.Due.Index())
        {
            var key = Key(walk, question);
            if (faulty.PauseOf(key) is null)
            {
                CountAsked(walk, question);
                (faulty.IsSuspect(key) ? alone : together).Add(at);
            }
        }

        AskTogether(answerer, walk, together, answers);
        foreach (var at in alone)
        {
            // Otherwise a question would be blamed for an engine that answers nothing.
            if (!_isProven && ModelProbe.Try(answerer) is { } fault)
            {
                throw fault;
            }

            AskAlone(answerer, walk, at, answers);
        }
    }

    private void AskTogether(
        IQuestionAnswerer answerer, InFlightFrame walk, IReadOnlyList<int> asked, QuestionAnswered?[] answers)
    {
        var untold = new HashSet<int>(asked);
        try
        {
            Put(answerer, walk, asked, untold, answers);
        }
        catch (Exception fault) when (untold.Count > 0)
        {
            if (ModelProbe.Try(answerer) is not null)
            {
                foreach (var at in untold)
                {
                    faulty.Suspect(Key(walk, walk.Due[at]));
                    CountFailed(walk, walk.Due[at], UnknownReason.ModelFailed);
                }

                throw;
            }

            // The engine works, so one of the questions is the cause. The others are answered.
            LogAskedAlone(fault, walk.Frame.Camera, walk.Frame.Sequence);
            foreach (var at in asked.Where(untold.Contains))
            {
                AskAlone(answerer, walk, at, answers);
            }
        }
    }

    private void AskAlone(IQuestionAnswerer answerer, InFlightFrame walk, int at, QuestionAnswered?[] answers)
    {
        var question = walk.Due[at];
        try
        {
            Put(answerer, walk, [at], [at], answers);
            faulty.Clear(Key(walk, question));
        }
        catch (Exception fault)
        {
            var lost = ModelProbe.Try(answerer) is not null;
            var pause = faulty.Blame(Key(walk, question), lost);
            LogBlamed(fault, walk.Frame.Camera, question.Id, Math.Round(pause.TotalSeconds));
            answers[at] = Failed(walk, question, new AnswerFailure(AnswerFailureKind.EngineFault, fault));
            if (lost)
            {
                throw;
            }
        }
    }

    /// <summary>Asks these of the due questions in one call.</summary>
    /// <param name="answerer">Primed.</param>
    /// <param name="walk">The picture and its questions.</param>
    /// <param name="asked">Places among the due questions.</param>
    /// <param name="untold">Those without an answer so far; shrinks.</param>
    /// <param name="answers">Of the due questions, in their order.</param>
    private void Put(
        IQuestionAnswerer answerer,
        InFlightFrame walk,
        IReadOnlyList<int> asked,
        HashSet<int> untold,
        QuestionAnswered?[] answers)
    {
        if (cancel.IsCancellationRequested || asked.Count == 0)
        {
            return;
        }

        var sheet = new QuestionBatch([.. asked.Select(at => walk.Due[at])]);
        try
        {
            answerer.AskAll([.. sheet.Asked.Select(question => _lastWords.Guess(walk.Frame.Camera, question))], Told, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Answers that were given before the exception count.
            return;
        }

        void Told(int place, Answer answer)
        {
            _isProven |= answer.Failure is null;
            _lastWords.Keep(walk.Frame.Camera, answer);
            walk.Moved();
            if (sheet.Told(place, answer) is not { } whole)
            {
                return;
            }

            var at = asked[whole.Due];
            untold.Remove(at);
            if (whole.Parts.All(part => part.Failure is not null))
            {
                answers[at] = Failed(walk, walk.Due[at], whole.Parts[0].Failure!);
            }
            else if (whole.Parts.All(part => part.Finish != FinishReason.Cancelled))
            {
                answers[at] = Answered(walk, walk.Due[at], whole.Parts);
            }
        }
    }

    private QuestionAnswered Failed(InFlightFrame walk, StandingQuestion question, AnswerFailure failure)
    {
        CountFailed(walk, question, failure.Kind.ToReason());
        return new QuestionAnswered(
            question,
            [.. new QuestionBatch([question]).Asked.Select(part => Answer.Failed(part, failure.Kind, failure.Cause))],
            time.GetUtcNow(),
            Age(walk),
            Counted(walk, question).Read(counted => counted.Answered));
    }

    private void CountAsked(InFlightFrame walk, StandingQuestion question)
    {
        var counted = Counted(walk, question);
        counted.Update(stats => stats.Asked++);
        counted.LastAsked.Set(time.GetTimestamp());
    }

    private void CountFailed(InFlightFrame walk, StandingQuestion question, UnknownReason reason)
    {
        var counted = Counted(walk, question);
        counted.Update(stats => stats.Failed++);
        counted.LastFailureReason = reason;
        counted.LastFailure.Set(time.GetTimestamp());
    }

    private static (CameraId Camera, StandingQuestion Question) Key(InFlightFrame walk, StandingQuestion question) =>
        (walk.Frame.Camera, question);

    private QuestionAnswered Answered(InFlightFrame walk, StandingQuestion question, IReadOnlyList<Answer> parts)
    {
        var now = time.GetUtcNow();
        var counted = Counted(walk, question);
        counted.LastAnswer.Set(time.GetTimestamp());
        counters.Update(pipeline => pipeline.Answers++);
        return new QuestionAnswered(question, parts, now, Age(walk), counted.Update(stats => ++stats.Answered));
    }

    private static QuestionCounters Counted(InFlightFrame walk, StandingQuestion question) =>
        walk.Lane.Counters.Question(question.Id);

    private TimeSpan Age(InFlightFrame walk) => time.GetElapsedTime(walk.Frame.CapturedTimestamp);

    [LoggerMessage(EventId = 81, Level = LogLevel.Warning, Message = "{Camera}: the model failed at the questions about frame {Frame} together. Each is asked alone now.")]
    private partial void LogAskedAlone(Exception fault, CameraId camera, FrameSequence frame);

    [LoggerMessage(EventId = 80, Level = LogLevel.Warning, Message = "{Camera}/{Question}: the model failed at this question and works otherwise. It is unknown, and is not asked for {Pause} s. Change its words if it goes on.")]
    private partial void LogBlamed(Exception fault, CameraId camera, string question, double pause);
}
