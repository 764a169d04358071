using System.Globalization;
using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The questions that were asked once, put to a picture behind its standing ones: while these run, the standing
/// answers are already on their way out.</summary>
internal sealed class AdHocStep(
    ModelSessions engine, PipelineCounters counters, FailingQuestions faulty, TimeProvider time, CancellationToken cancel)
{
    private Task _running = Task.CompletedTask;

    /// <summary>Waits until the decoder is free again. Throws what the engine threw at the last picture.</summary>
    public Task UntilDoneAsync() => _running;

    /// <summary>Ends the walk when its questions are answered. Only right behind the standing questions of the same
    /// walk, while its picture is primed.</summary>
    public void Begin(InFlightFrame walk)
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

    private void AskAll(IQuestionAnswerer answerer, InFlightFrame walk, AdHocQuestion[] asked)
    {
        var together = new List<AdHocQuestion>();
        var alone = new List<AdHocQuestion>();
        foreach (var ask in asked)
        {
            var key = Key(ask.Question);
            if (faulty.PauseOf(key) is { } pause)
            {
                ask.Failed(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the model failed at this question before; it is not asked again for {pause.TotalSeconds:0} s"));
            }
            else
            {
                (faulty.IsSuspect(key) ? alone : together).Add(ask);
            }
        }

        AskTogether(answerer, walk, together);
        foreach (var ask in alone)
        {
            AskAlone(answerer, walk, ask);
        }
    }

    private void AskTogether(IQuestionAnswerer answerer, InFlightFrame walk, List<AdHocQuestion> asked)
    {
        try
        {
            Put(answerer, walk, asked);
        }
        catch (Exception fault) when (asked.Exists(ask => !ask.IsOver))
        {
            var untold = asked.FindAll(ask => !ask.IsOver);
            if (ModelProbe.Try(answerer) is not null)
            {
                foreach (var ask in untold)
                {
                    faulty.Suspect(Key(ask.Question));
                    ask.Failed($"the model failed and is opened again ({fault.Message}); ask again");
                }

                throw;
            }

            // One ad-hoc question must neither stop the engine nor prevent answers to others.
            foreach (var ask in untold)
            {
                AskAlone(answerer, walk, ask);
            }
        }
    }

    private void AskAlone(IQuestionAnswerer answerer, InFlightFrame walk, AdHocQuestion asked)
    {
        try
        {
            Put(answerer, walk, [asked]);
            faulty.Clear(Key(asked.Question));
        }
        catch (Exception fault)
        {
            var lost = ModelProbe.Try(answerer) is not null;
            faulty.Blame(Key(asked.Question), lost);
            asked.Failed($"the model failed at this question: {fault.Message}");
            if (lost)
            {
                throw;
            }
        }
    }

    private void Put(IQuestionAnswerer answerer, InFlightFrame walk, List<AdHocQuestion> asked)
    {
        if (cancel.IsCancellationRequested || asked.Count == 0)
        {
            return;
        }

        try
        {
            answerer.AskAll([.. asked.Select(ask => ask.Question)], Told, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // What was told before is an answer all the same; the rest ends with the walk.
            return;
        }

        void Told(int at, Answer answer)
        {
            if (answer.Failure is { } failure)
            {
                asked[at].Failed(failure.Message);
            }
            else if (!double.IsFinite(answer.Score ?? 0) || !answer.ChoiceScores.All(double.IsFinite))
            {
                asked[at].Failed("the model computed a score that is not finite");
            }
            else if (answer.Finish != FinishReason.Cancelled)
            {
                counters.Update(pipeline => pipeline.Answers++);
                asked[at].Answered(Answered(walk, answer));
            }
        }
    }

    /// <summary>The same for questions of the same content.</summary>
    private static string Key(Question question) =>
        $"{question.Kind} {question.MaxTokens} {question.Text}\0{string.Join('\0', question.Choices)}";

    private AdHocAnswer Answered(InFlightFrame walk, Answer answer) => new(
        answer,
        walk.Frame.Sequence,
        walk.Frame.CapturedAt,
        time.GetUtcNow(),
        time.GetElapsedTime(walk.Frame.CapturedTimestamp),
        walk.EncodeTime,
        walk.PrimeTime)
    {
        RepeatsFor = walk.Lane.Counters.RepeatsFor,
    };
}
