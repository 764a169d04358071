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
            var parts = AnswerHandler.Of(question.Kind).Ask(question).ToList();
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

    private static IEnumerable<Question> Parts(StandingQuestion question) => question.Kind == QuestionKind.Json
        ? question.Fields.Select(field => ToQuestion(field.Ask, field.Kind, field.MaxTokens, field.Choices))
        : [ToQuestion(question.Ask, question.Kind, question.MaxTokens, question.Choices)];

    private static Question ToQuestion(string ask, QuestionKind kind, int maxTokens, IReadOnlyList<string> choices) => kind switch
    {
        QuestionKind.YesNo => new Question(ask, AnswerKind.YesNo),
        QuestionKind.Choice => new Question(ask, AnswerKind.Choice) { Choices = choices },
        _ => new Question(ask, AnswerKind.Text, maxTokens),
    };
}
