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
        var answers = new List<QuestionAnswered>(walk.Due.Count);
        var prime = TimeSpan.Zero;
        if (!cancel.IsCancellationRequested)
        {
            var started = time.GetTimestamp();
            answerer.Prime(walk.Tokens);
            prime = time.GetElapsedTime(started);
            foreach (var question in walk.Due)
            {
                if (Ask(answerer, question, walk) is not { } answer)
                {
                    break;
                }

                answers.Add(answer);
            }
        }

        if (answers.Count > 0)
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
            Answers = answers,
        };
    }

    private QuestionAnswered? Ask(IQuestionAnswerer answerer, StandingQuestion question, FrameWalk walk)
    {
        var counted = walk.Lane.Counters.Question(question.Id);
        if (TryAsk(answerer, question, counted) is not { Finish: not FinishReason.Cancelled } answer)
        {
            return null;
        }

        var now = time.GetUtcNow();
        counted.LastAnswer.Set(now);
        counters.Answers.Increment();
        return new QuestionAnswered(question, answer, now, Age(walk), counted.Answered.Increment());
    }

    private Answer? TryAsk(IQuestionAnswerer answerer, StandingQuestion question, QuestionCounters counted)
    {
        if (cancel.IsCancellationRequested)
        {
            return null;
        }

        counted.Asked.Increment();
        try
        {
            return answerer.Ask(new Question(question.Ask, question.Kind, question.MaxTokens), cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return null;
        }
        catch
        {
            counted.Failed.Increment();
            throw;
        }
    }

    private TimeSpan Age(FrameWalk walk) => time.GetElapsedTime(walk.Frame.CapturedTimestamp);
}
