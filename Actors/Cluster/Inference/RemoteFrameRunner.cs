using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Images;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Cluster.Inference;

/// <summary>Answers the frames of other hosts on the engine of this one, in turn with its own cameras. Thread-safe.</summary>
internal sealed class RemoteFrameRunner(EngineAccess engine, TimeProvider time)
{
    /// <summary>An engine is open and does not rest.</summary>
    public bool IsReady => engine.IsOpen && engine.Duty?.IsResting != true;

    /// <summary>Answers the questions about a frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="onAnswer">Gets each answer, on the engine's thread.</param>
    /// <param name="cancel">The answers are not needed any more.</param>
    /// <returns>Why questions have no answer; empty when all have one.</returns>
    public async Task<string> RunAsync(FrameToAnswer frame, Action<AnswerGiven> onAnswer, CancellationToken cancel)
    {
        try
        {
            var started = time.GetTimestamp();
            using var tokens = await engine.EncodeAsync(
                encoder => encoder.Encode(new RgbImage(frame.Pixels.Span, frame.Size, frame.Size)), cancel);
            var encodeTime = time.GetElapsedTime(started);
            await engine.AnswerAsync(
                answerer =>
                {
                    var standing = frame.Questions.Take(frame.StandingCount).ToList();
                    Ask(answerer, tokens, standing, Give, cancel);
                    Ask(answerer, tokens, [.. frame.Questions.Skip(frame.StandingCount)], (at, answer) => Give(at + standing.Count, answer), cancel);
                    return true;
                },
                cancel);
            return "";

            void Give(int at, Answer answer) => onAnswer(new AnswerGiven(frame.Request, at, RemoteAnswer.Of(answer), encodeTime));
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return "the host stops, or its engine was too slow";
        }
        catch (Exception fault)
        {
            return $"the model failed: {fault.Message}";
        }
    }

    /// <summary>Asks all together, and each alone where the model fails at that, so that one failing question affects only itself.</summary>
    private static void Ask(
        IQuestionAnswerer answerer, VisualTokens tokens, List<Question> questions, Action<int, Answer> onAnswer, CancellationToken cancel)
    {
        if (questions.Count == 0 || cancel.IsCancellationRequested)
        {
            return;
        }

        var unanswered = Enumerable.Range(0, questions.Count).ToHashSet();
        try
        {
            answerer.AskAbout(tokens, questions, (at, answer) => Given(at, answer), cancel);
        }
        catch (Exception fault) when (KindOf(fault) is not null)
        {
            foreach (var at in unanswered.Order().ToList())
            {
                Given(at, Answer.Failed(questions[at], KindOf(fault)!.Value, fault));
            }
        }
        catch (Exception fault) when (fault is not OperationCanceledException && unanswered.Count > 0)
        {
            var failed = new Dictionary<int, Exception>();
            foreach (var at in unanswered.Order().ToList())
            {
                try
                {
                    answerer.AskAbout(tokens, [questions[at]], (_, answer) => Given(at, answer), cancel);
                }
                catch (Exception again) when (again is not OperationCanceledException)
                {
                    failed[at] = again;
                }
            }

            if (ModelProbe.Try(answerer) is not null)
            {
                // The engine is broken, whatever it was asked.
                throw;
            }

            foreach (var (at, cause) in failed)
            {
                Given(at, Answer.Failed(questions[at], KindOf(cause) ?? AnswerFailureKind.EngineFault, cause));
            }
        }

        void Given(int at, Answer answer)
        {
            unanswered.Remove(at);
            onAnswer(at, IsFinite(answer)
                ? answer
                : Answer.Failed(answer.Question, AnswerFailureKind.NotFinite, new NonFiniteLogitsException()));
        }
    }

    private static bool IsFinite(Answer answer) => double.IsFinite(answer.Score ?? 0) && answer.ChoiceScores.All(double.IsFinite);

    private static AnswerFailureKind? KindOf(Exception fault) => fault switch
    {
        NonFiniteLogitsException => AnswerFailureKind.NotFinite,
        ContextFullException => AnswerFailureKind.TooLong,
        _ => null,
    };
}
