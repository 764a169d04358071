using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Pipeline;

/// <summary>The last answer to each text question, as a draft of the next one: scenes change slowly, and checking a draft is
/// faster than generating. Not thread-safe.</summary>
internal sealed class DraftCache
{
    /// <summary>Largest number of drafts, more than any device has questions. At this limit all are dropped, those of removed cameras too.</summary>
    private const int MaxDrafts = 1024;

    private readonly Dictionary<(CameraId Camera, string Text), IReadOnlyList<int>> _ids = [];

    /// <summary>The question with its draft, if there is one.</summary>
    public Question WithDraft(CameraId camera, Question question) =>
        question.Kind == AnswerKind.Text && _ids.TryGetValue((camera, question.Text), out var ids)
            ? question with { Draft = ids }
            : question;

    /// <summary>Keeps a text answer; ignores every other one.</summary>
    public void Keep(CameraId camera, Answer answer)
    {
        if (answer.Question.Kind != AnswerKind.Text || answer.TokenIds.Count == 0)
        {
            return;
        }

        if (_ids.Count >= MaxDrafts)
        {
            _ids.Clear();
        }

        _ids[(camera, answer.Question.Text)] = answer.TokenIds;
    }
}
