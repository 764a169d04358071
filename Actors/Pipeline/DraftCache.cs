using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>What was written last about each question, as a guess at what will be written next: scenes change slowly, and
/// checking a guess is quicker than writing. Not thread-safe.</summary>
internal sealed class DraftCache
{
    /// <summary>Beyond any box's questions; those of a camera that was taken away go with all others.</summary>
    private const int Most = 1024;

    private readonly Dictionary<(CameraId Camera, string Text), IReadOnlyList<int>> _ids = [];

    /// <summary>The question with a guess, if there is one.</summary>
    public Question Guess(CameraId camera, Question question) =>
        question.Kind == AnswerKind.Text && _ids.TryGetValue((camera, question.Text), out var ids)
            ? question with { Draft = ids }
            : question;

    public void Keep(CameraId camera, Answer answer)
    {
        if (answer.Question.Kind != AnswerKind.Text || answer.TokenIds.Count == 0)
        {
            return;
        }

        if (_ids.Count >= Most)
        {
            _ids.Clear();
        }

        _ids[(camera, answer.Question.Text)] = answer.TokenIds;
    }
}
