using System.Globalization;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The ad-hoc questions about a frame, asked behind its standing ones: while they run, the standing answers are
/// already being evaluated and published.</summary>
internal sealed class AdHocStep(
    ModelSessions sessions, PipelineCounters counters, FailingQuestions failing, TimeProvider time, CancellationToken cancel)
{
    private Task _running = Task.CompletedTask;

    /// <summary>The name of this host in its cluster; null without one. Frames of other hosts may then pass through the decoder between the
    /// standing questions of a frame and these, so the frame is prefilled once more.</summary>
    public string? Host { get; init; }

    /// <summary>Completes when the decoder is free again. Fails with the engine's exception if it failed at the previous
    /// frame's ad-hoc questions.</summary>
    public Task CompletedAsync() => _running;

    /// <summary>Begins to ask; the frame is disposed when its ad-hoc questions are answered. To be called right behind the
    /// standing questions of the same frame, while the decoder still holds it.</summary>
    /// <returns>The standing answers.</returns>
    public FrameAnswered Begin(InFlightFrame frame)
    {
        var answered = frame.Answered;
        if (frame.AdHocQuestions.Count == 0)
        {
            frame.Dispose();
        }
        else
        {
            _running = sessions.AnswerAsync(answerer => Ask(answerer, frame));
        }

        return answered;
    }

    private bool Ask(IQuestionAnswerer answerer, InFlightFrame frame)
    {
        try
        {
            if (Host is not null || sessions.IsPictureReplaced)
            {
                answerer.PrefillPicture(frame.Tokens);
            }

            AskAll(answerer, frame, [.. frame.AdHocQuestions.Where(question => !question.IsCompleted)]);
            return true;
        }
        finally
        {
            // Even on failure: the next frame waits for the free slot, and awaiting CompletedAsync is what surfaces the
            // exception.
            frame.Dispose();
        }
    }

    private void AskAll(IQuestionAnswerer answerer, InFlightFrame frame, AdHocQuestion[] asked)
    {
        var together = new List<AdHocQuestion>();
        var alone = new List<AdHocQuestion>();
        foreach (var question in asked)
        {
            var key = Key(question.Question);
            if (failing.PauseOf(key) is { } pause)
            {
                question.Fail(string.Create(
                    CultureInfo.InvariantCulture,
                    $"the model failed at this question before; it is not asked again for {pause.TotalSeconds:0} s"));
            }
            else
            {
                (failing.IsSuspect(key) ? alone : together).Add(question);
            }
        }

        AskTogether(answerer, frame, together);
        foreach (var question in alone)
        {
            AskAlone(answerer, frame, question);
        }
    }

    private void AskTogether(IQuestionAnswerer answerer, InFlightFrame frame, List<AdHocQuestion> asked)
    {
        try
        {
            AskInOneCall(answerer, frame, asked);
        }
        catch (Exception fault) when (asked.Exists(question => !question.IsCompleted))
        {
            var unanswered = asked.FindAll(question => !question.IsCompleted);
            if (ModelProbe.Try(answerer) is not null)
            {
                foreach (var question in unanswered)
                {
                    failing.Suspect(Key(question.Question));
                    question.Fail($"the model failed and is opened again ({fault.Message}); ask again");
                }

                throw;
            }

            // One ad-hoc question must neither stop the engine nor prevent answers to others.
            foreach (var question in unanswered)
            {
                AskAlone(answerer, frame, question);
            }
        }
    }

    private void AskAlone(IQuestionAnswerer answerer, InFlightFrame frame, AdHocQuestion asked)
    {
        try
        {
            if (AskInOneCall(answerer, frame, [asked]))
            {
                failing.Clear(Key(asked.Question));
            }
        }
        catch (Exception fault)
        {
            var isLost = ModelProbe.Try(answerer) is not null;
            failing.Blame(Key(asked.Question), isLost);
            asked.Fail($"the model failed at this question: {fault.Message}");
            if (isLost)
            {
                throw;
            }
        }
    }

    /// <returns>False when it was cancelled, which shows nothing about the questions.</returns>
    private bool AskInOneCall(IQuestionAnswerer answerer, InFlightFrame frame, List<AdHocQuestion> asked)
    {
        if (cancel.IsCancellationRequested || asked.TrueForAll(question => question.IsCompleted))
        {
            return false;
        }

        // The answers are cancelled when the last one who waits for them has left, or the service stops.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        using var leaving = new CancelWhenAllCompleted(asked, ending);
        try
        {
            answerer.AskAll([.. asked.Select(question => question.Question)], OnAnswer, ending.Token);
            return !ending.IsCancellationRequested;
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // Answers that were given before the exception count; the other questions end with the frame.
            return false;
        }

        void OnAnswer(int at, Answer answer)
        {
            if (answer.Failure is { } failure)
            {
                asked[at].Fail(failure.Message);
            }
            else if (!double.IsFinite(answer.Score ?? 0) || !answer.ChoiceScores.All(double.IsFinite))
            {
                asked[at].Fail("the model computed a score that is not finite");
            }
            else if (answer.Finish != FinishReason.Cancelled)
            {
                counters.Update(pipeline => pipeline.Answers++);
                asked[at].Complete(frame.ToAdHocAnswer(answer, time, Host));
            }
        }
    }

    /// <summary>The same for questions of the same content.</summary>
    private static string Key(Question question) =>
        $"{question.Kind} {question.MaxTokens} {question.Text}\0{string.Join('\0', question.Choices)}";

    /// <summary>Cancels when all questions have ended, until it is disposed.</summary>
    private sealed class CancelWhenAllCompleted : IDisposable
    {
        private readonly Lock _lock = new();
        private CancellationTokenSource? _ending;

        public CancelWhenAllCompleted(IReadOnlyList<AdHocQuestion> asked, CancellationTokenSource ending)
        {
            _ending = ending;
            _ = WatchAsync(asked);
        }

        public void Dispose()
        {
            lock (_lock)
            {
                _ending = null;
            }
        }

        private async Task WatchAsync(IReadOnlyList<AdHocQuestion> asked)
        {
            await Task.WhenAll(asked.Select(question => question.Completed));
            lock (_lock)
            {
                _ending?.Cancel();
            }
        }
    }
}
