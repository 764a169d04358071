using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 2: visual tokens and the due questions to answers. The picture goes into the decoder once, however
/// many questions it is asked.</summary>
internal sealed class ThinkStage(
    Engine engine, PipelineCounters counters, TimeProvider time, CancellationToken cancel)
{
    private readonly LastWords _lastWords = new();
    private readonly OneShotStage _oneShots = new(engine, counters, time, cancel);

    /// <summary>Ends the walk, behind its one-shot questions if it has any. Without answers if it was cancelled before
    /// the first.</summary>
    public async Task<FrameAnswered> ThinkAsync(FrameWalk walk)
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
    private static IReadOnlyList<IReadOnlyList<Answer>>? SeesTheSame(FrameWalk walk)
    {
        var valid = walk.Gate?.StillValid(walk.Tokens, walk.Due);
        if (valid is not null)
        {
            walk.Lane.Counters.Gated.Increment();
        }

        return valid;
    }

    /// <summary>What was said about the same scene before, as an answer about this picture: rules that count answers see
    /// the same as if it had been asked.</summary>
    private FrameAnswered Again(FrameWalk walk, IReadOnlyList<IReadOnlyList<Answer>> parts) => new()
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
        Answers = [.. walk.Due.Zip(parts, (question, earlier) => Answered(
            walk, question, [.. earlier.Select(part => part with { Timings = default })]) with { Reused = true })],
    };

    private FrameAnswered Think(IQuestionAnswerer answerer, FrameWalk walk)
    {
        var answers = new QuestionAnswered?[walk.Due.Count];
        if (!cancel.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            answerer.Prime(walk.Tokens);
            walk.PrimeTime = time.GetElapsedTime(started);
            walk.Moved();
            Ask(answerer, walk, answers);
        }

        QuestionAnswered[] given = [.. answers.OfType<QuestionAnswered>()];
        if (given.Length > 0 || walk.Asks.Count > 0)
        {
            walk.Lane.Counters.Used.Increment();
        }

        if (given.Length > 0)
        {
            counters.Aged(Age(walk));
            walk.Lane.Counters.Aged(Age(walk));
            if (walk is { Gate: { } gate, View: { } view })
            {
                gate.Remember(view, walk.Tokens, given);
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
            Answers = given,
        };
    }

    private void Ask(IQuestionAnswerer answerer, FrameWalk walk, QuestionAnswered?[] answers)
    {
        if (cancel.IsCancellationRequested || walk.Due.Count == 0)
        {
            return;
        }

        foreach (var question in walk.Due)
        {
            var counted = Counted(walk, question);
            counted.Asked.Increment();
            counted.LastAsked.Set(time.GetUtcNow());
        }

        var sheet = new QuestionSheet(walk.Due);
        var told = new bool[answers.Length];
        try
        {
            answerer.AskAll([.. sheet.Asked.Select(asked => _lastWords.Guess(walk.Frame.Camera, asked))], Told, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // What was told before is an answer all the same.
            return;
        }
        catch
        {
            foreach (var (_, question) in walk.Due.Index().Where(due => !told[due.Index]))
            {
                var counted = Counted(walk, question);
                counted.Failed.Increment();
                counted.LastFailure.Set(time.GetUtcNow());
            }

            throw;
        }

        void Told(int at, Answer answer)
        {
            _lastWords.Keep(walk.Frame.Camera, answer);
            walk.Moved();
            if (sheet.Told(at, answer) is not { } whole)
            {
                return;
            }

            told[whole.Due] = true;
            if (whole.Parts.All(part => part.Finish != FinishReason.Cancelled))
            {
                answers[whole.Due] = Answered(walk, walk.Due[whole.Due], whole.Parts);
            }
        }
    }

    private QuestionAnswered Answered(FrameWalk walk, StandingQuestion question, IReadOnlyList<Answer> parts)
    {
        var now = time.GetUtcNow();
        var counted = Counted(walk, question);
        counted.LastAnswer.Set(now);
        counters.Answers.Increment();
        return new QuestionAnswered(question, parts, now, Age(walk), counted.Answered.Increment());
    }

    private static QuestionCounters Counted(FrameWalk walk, StandingQuestion question) =>
        walk.Lane.Counters.Question(question.Id);

    private TimeSpan Age(FrameWalk walk) => time.GetElapsedTime(walk.Frame.CapturedTimestamp);
}
