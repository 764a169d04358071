using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Decoding;
using MobileVlm.Edge.Inference.Vision;

namespace MobileVlm.Edge.Actors.Scanning;

/// <summary>Asks all questions about one sample in one call. One caller at a time.</summary>
internal sealed class SampleAsker(IQuestionAnswerer answerer, ScanSettings settings)
{
    private readonly DraftCache _drafts = new();

    /// <summary>Asks.</summary>
    /// <param name="frame">The sample.</param>
    /// <param name="tokens">Its visual tokens; null where the region leaves nothing of the frame.</param>
    /// <param name="cancel">Ends texts early.</param>
    /// <exception cref="OperationCanceledException">It was cancelled, and there may be answers missing.</exception>
    public IReadOnlyList<QuestionAnswered> Ask(Frame frame, VisualTokens? tokens, CancellationToken cancel)
    {
        if (tokens is null)
        {
            var reason = new ArgumentException($"The region leaves nothing of a frame of {frame.Width} x {frame.Height} pixels.");
            return [.. settings.Questions.Select(question => Failed(new AnswerFailure(AnswerFailureKind.NothingVisible, reason), question))];
        }

        var batch = new QuestionBatch(settings.Questions);
        var answers = new QuestionAnswered?[settings.Questions.Count];
        try
        {
            answerer.AskAbout(tokens, [.. batch.Questions.Select(question => _drafts.WithDraft(frame.Camera, question))], OnAnswer, cancel);
        }
        catch (NonFiniteLogitsException fault)
        {
            return FailRest(answers, new AnswerFailure(AnswerFailureKind.NotFinite, fault));
        }
        catch (ContextFullException fault)
        {
            return FailRest(answers, new AnswerFailure(AnswerFailureKind.TooLong, fault));
        }

        cancel.ThrowIfCancellationRequested();
        return [.. answers.OfType<QuestionAnswered>()];

        void OnAnswer(int index, Answer answer)
        {
            _drafts.Keep(frame.Camera, answer);
            if (batch.Add(index, answer) is { } whole)
            {
                answers[whole.Due] = Answered(settings.Questions[whole.Due], whole.Parts);
            }
        }
    }

    private QuestionAnswered[] FailRest(QuestionAnswered?[] answers, AnswerFailure failure) =>
        [.. settings.Questions.Zip(answers, (question, answer) => answer ?? Failed(failure, question))];

    private static QuestionAnswered Failed(AnswerFailure failure, Questions.StandingQuestion question) => Answered(
        question, [.. new QuestionBatch([question]).Questions.Select(part => Answer.Failed(part, failure.Kind, failure.Cause))]);

    // Neither the wall clock nor a number of the answer means anything here.
    private static QuestionAnswered Answered(Questions.StandingQuestion question, IReadOnlyList<Answer> parts) =>
        new(question, parts, DateTimeOffset.UnixEpoch, TimeSpan.Zero, 0);
}
