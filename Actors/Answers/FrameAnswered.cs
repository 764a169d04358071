using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Answers;

/// <summary>The answers about one frame.</summary>
public sealed record FrameAnswered
{
    public required CameraId Camera { get; init; }

    public required FrameSequence Sequence { get; init; }

    public required DateTimeOffset CapturedAt { get; init; }

    /// <summary>The same moment by <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public required long CapturedTimestamp { get; init; }

    /// <summary>Age of the frame when the last of its answers was ready, from a clock that never jumps.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Age of the frame when the pipeline selected it: the time to read, scale and wait.</summary>
    public required TimeSpan AgeAtSelection { get; init; }

    /// <summary>Comparing the scene with earlier ones; zero where there is no scene gate.</summary>
    public required TimeSpan GateTime { get; init; }

    /// <summary>Pixels to visual tokens, shared by all answers.</summary>
    public required TimeSpan EncodeTime { get; init; }

    /// <summary>Prefilling the frame by itself, shared by all answers; zero where it went through the decoder together with questions,
    /// whose <see cref="AnswerTimings.Prefill"/> then has it.</summary>
    public required TimeSpan PrefillTime { get; init; }

    /// <summary>How long the source had repeated its frames, once that is too long for a live source; null before. The
    /// frame may then be much older than <see cref="Age"/>.</summary>
    public TimeSpan? RepeatsFor { get; init; }

    /// <summary>The answers, at least one, in the order of the configuration.</summary>
    public required IReadOnlyList<QuestionAnswered> Answers { get; init; }

    /// <summary>JPEG of this very frame, when the camera's configuration requires one.</summary>
    public ReadOnlyMemory<byte>? Snapshot { get; init; }

    /// <summary>JPEG of this very frame that is made for the history alone, where <see cref="Snapshot"/> has none.</summary>
    public ReadOnlyMemory<byte>? HistoryPicture { get; init; }
}

/// <summary>One answer about a frame.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Parts">The answers of the model: one, or one for each field of a <see cref="QuestionKind.Json"/> question, in
/// their order.</param>
/// <param name="AnsweredAt">Wall clock when the answer was ready.</param>
/// <param name="Age">Age of the frame at that moment.</param>
/// <param name="Seq">Counts the answers of this question since the process started, from 1. A question that got no answer
/// repeats the number of its last one.</param>
public sealed record QuestionAnswered(
    StandingQuestion Question, IReadOnlyList<Answer> Parts, DateTimeOffset AnsweredAt, TimeSpan Age, long Seq)
{
    /// <summary>The scene was unchanged since this was last asked, so the earlier answer is reused and nothing was
    /// computed.</summary>
    public bool Reused { get; init; }

    /// <summary>The host that computed the answer, as <c>Cluster:Listen</c> names it; null without a cluster.</summary>
    public string? Host { get; init; }

    /// <summary>Why there is no answer at all; null where there is one, also where single fields of an object have
    /// none.</summary>
    public AnswerFailure? Failure => Parts.All(part => part.Failure is not null) ? Parts[0].Failure : null;

    /// <summary>The first part; the only one but for <see cref="QuestionKind.Json"/>.</summary>
    public Answer Answer => Parts[0];

    /// <summary>Times of the decoder for this answer. Parts that were asked in one pass share its prefill, and each reports it.</summary>
    public AnswerTimings Timings => new(
        Parts.Max(part => part.Timings.Prefill),
        Parts.Aggregate(TimeSpan.Zero, (sum, part) => sum + part.Timings.Decode));
}
