using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>A frame that an inference host has, with the answers so far. Owns the frame.</summary>
internal sealed class OpenRequest
{
    private readonly QuestionBatch _batch;
    private readonly HashSet<int> _answeredParts = [];
    private readonly QuestionAnswered?[] _answers;

    /// <param name="id">Differs from all others of this process.</param>
    /// <param name="host">Has the frame.</param>
    /// <param name="frame">Owned.</param>
    /// <param name="asked">The due questions that are asked about it; the others are paused.</param>
    /// <param name="sentAt">A timestamp.</param>
    public OpenRequest(long id, InferenceHost host, InFlightFrame frame, IReadOnlyList<StandingQuestion> asked, long sentAt)
    {
        (Id, Host, Frame, Asked, SentAt) = (id, host, frame, asked, sentAt);
        _batch = new QuestionBatch(asked);
        _answers = new QuestionAnswered?[asked.Count];
        Questions = [.. _batch.Questions, .. frame.AdHocQuestions.Select(question => question.Question)];
    }

    public long Id { get; }

    public InferenceHost Host { get; }

    public InFlightFrame Frame { get; }

    public long SentAt { get; }

    /// <summary>The standing questions.</summary>
    public IReadOnlyList<StandingQuestion> Asked { get; }

    /// <summary>What the host is asked: the parts of the standing questions, then the ad-hoc questions.</summary>
    public IReadOnlyList<Question> Questions { get; }

    public int StandingCount => _batch.Questions.Count;

    /// <summary>All standing questions have an answer.</summary>
    public bool IsComplete => Array.TrueForAll(_answers, answer => answer is not null);

    /// <summary>The answers were handed on.</summary>
    public bool IsEvaluated { get; set; }

    /// <summary>The answers so far.</summary>
    public IReadOnlyList<QuestionAnswered> Answers => [.. _answers.OfType<QuestionAnswered>()];

    /// <summary>The standing questions without an answer.</summary>
    public IEnumerable<int> Unanswered => Enumerable.Range(0, _answers.Length).Where(at => _answers[at] is null);

    /// <summary>Adds an answer of the host to a part of a standing question.</summary>
    /// <returns>The index of the question that is complete with it, and its parts; null while parts are missing, and for an answer that was
    /// there before.</returns>
    public (int Due, IReadOnlyList<Answer> Parts)? Add(int index, Answer answer) =>
        _answeredParts.Add(index) ? _batch.Add(index, answer) : null;

    public void Set(int due, QuestionAnswered answered) => _answers[due] = answered;
}
