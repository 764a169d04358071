using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>What the engine is asked about one picture for the questions that are due: one question each, or one for
/// each field of an object. All of them go in one call.</summary>
internal sealed class QuestionBatch
{
    private readonly List<(int Due, int Part)> _places = [];
    private readonly Answer?[][] _parts;

    public QuestionBatch(IReadOnlyList<StandingQuestion> due)
    {
        var asked = new List<Question>();
        _parts = new Answer?[due.Count][];
        foreach (var (at, question) in due.Index())
        {
            var parts = AnswerHandler.Of(question.Kind).Ask(question).ToList();
            _parts[at] = new Answer?[parts.Count];
            _places.AddRange(parts.Select((_, part) => (at, part)));
            asked.AddRange(parts);
        }

        Asked = asked;
    }

    /// <summary>For <see cref="IQuestionAnswerer.AskAll"/>.</summary>
    public IReadOnlyList<Question> Asked { get; }

    /// <summary>Takes an answer.</summary>
    /// <param name="at">Place in <see cref="Asked"/>.</param>
    /// <param name="answer">What was told.</param>
    /// <returns>The place of the due question whose last part this was, with all of its parts in order; else null.</returns>
    public (int Due, IReadOnlyList<Answer> Parts)? Told(int at, Answer answer)
    {
        var (due, part) = _places[at];
        _parts[due][part] = answer;
        Answer[] told = [.. _parts[due].OfType<Answer>()];
        return told.Length == _parts[due].Length ? (due, told) : null;
    }
}
