using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>Stage 2: visual tokens and the due questions to answers. The picture goes into the decoder once, however
/// many questions it is asked.</summary>
internal sealed class ThinkStage(
    Engine engine, PipelineCounters counters, TimeProvider time, CancellationToken cancel)
{
    /// <summary>Ends the walk. Without answers if it was cancelled before the first.</summary>
    public async Task<FrameAnswered> ThinkAsync(FrameWalk walk)
    {
        var answered = await engine.ThinkAsync(answerer => Think(answerer, walk));
        var still = await walk.Still;
        walk.Dispose();
        return still is null ? answered : answered with { Snapshot = still };
    }

    private FrameAnswered Think(IQuestionAnswerer answerer, FrameWalk walk)
    {
        var answers = new QuestionAnswered?[walk.Due.Count];
        var prime = TimeSpan.Zero;
        if (!cancel.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            answerer.Prime(walk.Tokens);
            prime = time.GetElapsedTime(started);
            walk.Moved();
            Ask(answerer, walk, answers);
        }

        QuestionAnswered[] given = [.. answers.OfType<QuestionAnswered>()];
        if (given.Length > 0)
        {
            walk.Lane.Counters.Used.Increment();
            counters.Aged(Age(walk));
        }

        return new FrameAnswered
        {
            Camera = walk.Frame.Camera,
            Frame = walk.Frame.Sequence,
            CapturedAt = walk.Frame.CapturedAt,
            Age = Age(walk),
            EncodeTime = walk.EncodeTime,
            PrimeTime = prime,
            Answers = given,
        };
    }

    private void Ask(IQuestionAnswerer answerer, FrameWalk walk, QuestionAnswered?[] answers)
    {
        if (cancel.IsCancellationRequested)
        {
            return;
        }

        foreach (var question in walk.Due)
        {
            Counted(walk, question).Asked.Increment();
        }

        var told = new bool[answers.Length];
        try
        {
            answerer.AskAll([.. walk.Due.Select(ToQuestion)], Told, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // What was told before is an answer all the same.
        }
        catch
        {
            foreach (var (_, question) in walk.Due.Index().Where(due => !told[due.Index]))
            {
                Counted(walk, question).Failed.Increment();
            }

            throw;
        }

        void Told(int at, Answer answer)
        {
            told[at] = true;
            walk.Moved();
            if (answer.Finish != FinishReason.Cancelled)
            {
                answers[at] = Answered(walk, walk.Due[at], answer);
            }
        }
    }

    private QuestionAnswered Answered(FrameWalk walk, StandingQuestion question, Answer answer)
    {
        var now = time.GetUtcNow();
        var counted = Counted(walk, question);
        counted.LastAnswer.Set(now);
        counters.Answers.Increment();
        return new QuestionAnswered(question, answer, now, Age(walk), counted.Answered.Increment());
    }

    private static QuestionCounters Counted(FrameWalk walk, StandingQuestion question) =>
        walk.Lane.Counters.Question(question.Id);

    private static Question ToQuestion(StandingQuestion question) =>
        new(question.Ask, question.Kind, question.MaxTokens);

    private TimeSpan Age(FrameWalk walk) => time.GetElapsedTime(walk.Frame.CapturedTimestamp);
}
