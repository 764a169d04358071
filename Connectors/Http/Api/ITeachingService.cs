using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Teaches a question from its labels, on this device: pictures are read while no standing question is due. Thread-safe.</summary>
/// <remarks>Each method throws <see cref="HttpFailureException"/> where a camera or question is not configured, cannot be taught, or the disk
/// fails.</remarks>
public interface ITeachingService
{
    /// <summary>What is being learned of a question, or was learned last since the service started.</summary>
    LearningState State(string camera, string question);

    /// <summary>Begins to teach the question from its labels; what is learned becomes a new version. Returns at once.</summary>
    Task<LearningState> TeachAsync(string camera, string question, CancellationToken cancel);

    /// <summary>Ends what <see cref="TeachAsync"/> began. Nothing is written then.</summary>
    LearningState Cancel(string camera, string question);

    /// <summary>What was learned so far.</summary>
    Task<TaughtVersions> VersionsAsync(string camera, string question, CancellationToken cancel);
}

/// <summary>The stage of learning.</summary>
public enum LearningStatus
{
    /// <summary>Nothing was learned since the service started.</summary>
    Idle,

    /// <summary>It waits for another question.</summary>
    Waiting,

    /// <summary>The model reads the labelled pictures.</summary>
    Reading,

    /// <summary>The labels are learned.</summary>
    Learning,

    /// <summary>It has ended, with <see cref="LearningState.Result"/>.</summary>
    Done,

    /// <summary>It has ended without a result, with <see cref="LearningState.Reason"/>.</summary>
    Failed,

    /// <summary>Somebody ended it.</summary>
    Cancelled,
}

/// <summary>What is being learned of a question.</summary>
/// <param name="Status">The stage.</param>
/// <param name="IsTeaching">True for a request to teach, false for an estimate after a label.</param>
/// <param name="Done">Pictures that were read.</param>
/// <param name="Total">Pictures to read; 0 before that is known.</param>
/// <param name="Reason">Why it failed; null otherwise.</param>
/// <param name="Result">The last result; null before the first.</param>
public sealed record LearningState(LearningStatus Status, bool IsTeaching, int Done, int Total, string? Reason, LearnedResult? Result)
{
    /// <summary>Before anything was learned.</summary>
    public static LearningState Idle { get; } = new(LearningStatus.Idle, false, 0, 0, null, null);

    /// <summary>Whether it will go on.</summary>
    public bool IsRunning => Status is LearningStatus.Waiting or LearningStatus.Reading or LearningStatus.Learning;
}

/// <summary>What was learned.</summary>
/// <param name="At">When.</param>
/// <param name="Labels">Number of labels of each answer.</param>
/// <param name="Chosen"><c>plain</c>, <c>threshold</c> or <c>head</c>.</param>
/// <param name="Estimate">Accuracy on other frames of the same kind.</param>
/// <param name="PlainAccuracy">Accuracy of the model's own score on the labels, 0..1.</param>
/// <param name="Suspects">Ids of labels with which the others disagree.</param>
/// <param name="Unreadable">Ids of labels whose pictures cannot be read.</param>
/// <param name="Version">The version that was written; null for an estimate.</param>
public sealed record LearnedResult(
    DateTimeOffset At,
    IReadOnlyDictionary<string, int> Labels,
    string Chosen,
    LearnedEstimate Estimate,
    double PlainAccuracy,
    IReadOnlyList<string> Suspects,
    IReadOnlyList<string> Unreadable,
    int? Version);

/// <summary>An accuracy with its 90 % interval, 0..1.</summary>
/// <param name="Accuracy">Share of right answers.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
public sealed record LearnedEstimate(double Accuracy, double Low, double High);

/// <summary>What was learned of a question so far.</summary>
/// <param name="Versions">Newest first.</param>
public sealed record TaughtVersions(IReadOnlyList<TaughtVersion> Versions);

/// <summary>One version.</summary>
/// <param name="Number">From 1; never used again.</param>
/// <param name="File">Its path.</param>
/// <param name="At">When it was written.</param>
/// <param name="Chosen"><c>plain</c>, <c>threshold</c> or <c>head</c>; null for a file that cannot be read.</param>
/// <param name="Labels">Number of labels of each answer.</param>
/// <param name="Estimate">Accuracy on other frames of the same kind; null for a file that cannot be read.</param>
public sealed record TaughtVersion(
    int Number, string File, DateTimeOffset At, string? Chosen, IReadOnlyDictionary<string, int> Labels, LearnedEstimate? Estimate);
