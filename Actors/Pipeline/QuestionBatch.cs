using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The engine's questions about one frame, for the questions that are due: one question each, or one for each field
/// of an object. All of them go in one call.</summary>
internal sealed class QuestionBatch
{
    private readonly List<(int Due, int Part)> _origins = [];
    private readonly Answer?[][] _parts;

    public QuestionBatch(IReadOnlyList<StandingQuestion> due)
    {
        var questions = new List<Question>();
        _parts = new Answer?[due.Count][];
        foreach (var (at, question) in due.Index())
        {
            var parts = AnswerHandler.Of(question.Kind).ToModelQuestions(question).ToList();
            _parts[at] = new Answer?[parts.Count];
            _origins.AddRange(parts.Select((_, part) => (at, part)));
            questions.AddRange(parts);
        }

        Questions = questions;
    }

    /// <summary>The questions to pass to <see cref="IQuestionAnswerer.AskAll"/>.</summary>
    public IReadOnlyList<Question> Questions { get; }

    /// <summary>Adds an answer.</summary>
    /// <param name="index">Index in <see cref="Questions"/>.</param>
    /// <param name="answer">The answer to that question.</param>
    /// <returns>The index of the due question that is complete with this part, and all of its parts in order; otherwise
    /// null.</returns>
    public (int Due, IReadOnlyList<Answer> Parts)? Add(int index, Answer answer)
    {
        var (due, part) = _origins[index];
        _parts[due][part] = answer;
        Answer[] answered = [.. _parts[due].OfType<Answer>()];
        return answered.Length == _parts[due].Length ? (due, answered) : null;
    }
}
