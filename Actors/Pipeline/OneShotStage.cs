using MobileVlm.Edge.Actors.Asks;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The questions that were asked once, put to a picture behind its standing ones: while these run, the standing
/// answers are already on their way out.</summary>
internal sealed class OneShotStage(Engine engine, PipelineCounters counters, TimeProvider time, CancellationToken cancel)
{
    private Task _running = Task.CompletedTask;

    /// <summary>Waits until the decoder is free again. Throws what the engine threw at the last picture.</summary>
    public Task UntilDoneAsync() => _running;

    /// <summary>Ends the walk when its questions are answered. Only right behind the standing questions of the same
    /// walk, while its picture is primed.</summary>
    public void Begin(FrameWalk walk)
    {
        if (walk.Asks.Count == 0)
        {
            walk.Dispose();
            return;
        }

        _running = engine.ThinkAsync(answerer =>
        {
            try
            {
                AskAll(answerer, walk, [.. walk.Asks.Where(ask => !ask.IsOver)]);
                return true;
            }
            finally
            {
                // After a fault too: its place is what the next picture, which brings the fault to light, waits for.
                walk.Dispose();
            }
        });
    }

    private void AskAll(IQuestionAnswerer answerer, FrameWalk walk, OneShot[] asked)
    {
        if (cancel.IsCancellationRequested || asked.Length == 0)
        {
            return;
        }

        try
        {
            answerer.AskAll([.. asked.Select(ask => ask.Question)], Told, cancel);
        }
        catch (Exception fault) when (fault is ArgumentException or ContextFullException)
        {
            // What somebody asked must not cost the box its engine, nor another one his answer.
            if (asked is [var only])
            {
                only.Failed(fault.Message);
                return;
            }

            foreach (var ask in asked.Where(ask => !ask.IsOver))
            {
                AskAll(answerer, walk, [ask]);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // What was told before is an answer all the same; the rest ends with the walk.
            return;
        }

        void Told(int at, Answer answer)
        {
            if (answer.Finish != FinishReason.Cancelled)
            {
                counters.Answers.Increment();
                asked[at].Answered(Answered(walk, answer));
            }
        }
    }

    private OneShotAnswer Answered(FrameWalk walk, Answer answer) => new(
        answer,
        walk.Frame.Sequence,
        walk.Frame.CapturedAt,
        time.GetUtcNow(),
        time.GetElapsedTime(walk.Frame.CapturedTimestamp),
        walk.EncodeTime,
        walk.PrimeTime);
}
