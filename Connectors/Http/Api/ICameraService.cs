using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>What the HTTP server shows of cameras and questions, and asks them. Thread-safe.</summary>
public interface ICameraService
{
    /// <summary>All cameras with the current state of their questions.</summary>
    IReadOnlyList<CameraView> Cameras { get; }

    /// <summary>The statistics at this moment.</summary>
    StatsPayload Stats { get; }

    /// <summary>The modes, and snoozes of questions.</summary>
    IModeService Modes { get; }

    /// <summary>The newest frame of a camera as JPEG.</summary>
    /// <returns>Null when there is none yet, or the camera is not configured.</returns>
    Task<Snapshot?> SnapshotAsync(string camera, CancellationToken cancel);

    /// <summary>Switches a standing question on or off.</summary>
    /// <returns>False for an unknown question.</returns>
    bool TrySwitch(string camera, string question, bool enabled);

    /// <summary>Asks ad-hoc questions about the next frame of a camera, or about a picture.</summary>
    /// <param name="camera">The camera; null for a picture.</param>
    /// <param name="picture">The picture file; null for a camera.</param>
    /// <param name="questions">The questions.</param>
    /// <param name="within">Longest wait.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    /// <returns>The answers, in the order of the questions.</returns>
    /// <exception cref="HttpFailureException">The questions cannot be asked.</exception>
    Task<IReadOnlyList<AskAnswer>> AskAsync(
        string? camera, ReadOnlyMemory<byte>? picture, IReadOnlyList<AskQuestion> questions, TimeSpan within, CancellationToken cancel);

    /// <summary>Counts questions that were refused because too many requests wait.</summary>
    void CountBusy(int questions);
}

/// <summary>Finds what a request names.</summary>
internal static class CameraSearch
{
    /// <summary>The camera of a name.</summary>
    /// <exception cref="HttpFailureException">It is not configured.</exception>
    public static CameraView Find(this ICameraService service, string? camera)
    {
        var all = service.Cameras;
        return all.FirstOrDefault(it => it.Id == camera) ?? throw HttpFailureException.UnknownCamera(camera, all.Select(it => it.Id));
    }

    /// <summary>The error of a request for a question that a camera does not have.</summary>
    public static HttpFailureException UnknownQuestion(this CameraView camera, string question) =>
        HttpFailureException.UnknownQuestion(camera.Id, question, camera.Questions.Select(it => it.Id));
}

/// <summary>A camera.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Online">Frames come in.</param>
/// <param name="LastFrameAt">When the newest frame was captured; null before the first, and while the clock is not set.</param>
/// <param name="Age">Time since then; null before the first frame.</param>
/// <param name="Questions">Its standing questions.</param>
public sealed record CameraView(
    string Id, bool Online, DateTimeOffset? LastFrameAt, TimeSpan? Age, IReadOnlyList<QuestionView> Questions);

/// <summary>A standing question.</summary>
public sealed record QuestionView
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>Its text.</summary>
    public required string Ask { get; init; }

    /// <summary>The type of its answer.</summary>
    public required string Answer { get; init; }

    /// <summary>It is asked at present.</summary>
    public required bool Enabled { get; init; }

    /// <summary>The state after its rules; <c>unknown</c> before anything is known.</summary>
    public required string State { get; init; }

    /// <summary>The last answer, before the rules; null before the first.</summary>
    public string? Value { get; init; }

    /// <summary>The score of the last answer, 0..1; null for answers without one.</summary>
    public double? Score { get; init; }

    /// <summary>The probability mass on the accepted words of the last answer, 0..1; null for answers without a score.</summary>
    public double? Mass { get; init; }

    /// <summary>Where the score is from (<see cref="AnswerPayload.ScoredBy"/>); null for questions that were not taught.</summary>
    public string? ScoredBy { get; init; }

    /// <summary>Why what was taught is not used; null otherwise.</summary>
    public string? TaughtProblem { get; init; }

    /// <summary>Whether its pictures are like those from which it was taught; null where it was not taught.</summary>
    public TaughtDriftStats? TaughtDrift { get; init; }

    /// <summary>The scores that count by day; null for answers without a score.</summary>
    public ScoreThresholds? Thresholds { get; init; }

    /// <summary>Since when the state holds.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Age of the frame of the last answer; null before the first.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Why the question has no answer; null while it has one.</summary>
    public string? WaitsFor { get; init; }

    /// <summary>Until when its events are held back; null while they are not, and while the clock of the machine is not set.</summary>
    public DateTimeOffset? SnoozedUntil { get; init; }
}

/// <summary>A picture of a camera.</summary>
/// <param name="Jpeg">The file.</param>
/// <param name="Frame">Sequence number of the frame.</param>
public sealed record Snapshot(ReadOnlyMemory<byte> Jpeg, long Frame);

/// <summary>The scores from which an answer counts, 0..1.</summary>
/// <param name="YesAbove">Least score of <c>yes</c>; null for choices.</param>
/// <param name="NoBelow">Largest score of <c>no</c>; null for choices.</param>
/// <param name="MinScore">Least score of a choice; null for yes and no.</param>
public sealed record ScoreThresholds(double? YesAbove, double? NoBelow, double? MinScore);

/// <summary>A question that is asked once.</summary>
/// <param name="Ask">The question.</param>
/// <param name="Type">The type of its answer.</param>
/// <param name="Choices">At least two for <see cref="AnswerType.Choice"/>, otherwise none.</param>
public sealed record AskQuestion(string Ask, AnswerType Type, IReadOnlyList<string> Choices)
{
    /// <summary>The part of the picture that it is about, written as the configuration's <c>Region</c>; null for all of it.</summary>
    public string? Region { get; init; }

    /// <summary>Parts that are painted over, written as the configuration's <c>Mask</c>.</summary>
    public IReadOnlyList<string> Mask { get; init; } = [];
}

/// <summary>The answer to a question that was asked once.</summary>
public sealed record AskAnswer
{
    /// <summary><c>yes</c>, <c>no</c>, a choice, a number, the text, or <c>unknown</c>.</summary>
    public required string Value { get; init; }

    /// <summary>Why the value is unknown; null when it is known.</summary>
    public string? Reason { get; init; }

    /// <summary>The model's text.</summary>
    public required string Text { get; init; }

    /// <summary>Probability of yes, or of the most likely choice, 0..1; null for other types.</summary>
    public double? Score { get; init; }

    /// <summary>Probability mass on yes and no, or on the choices, 0..1; null for other types.</summary>
    public double? Mass { get; init; }

    /// <summary>The question as the model read it; null when it was not asked.</summary>
    public string? Asked { get; init; }

    /// <summary>Probability of each choice; null for other types.</summary>
    public IReadOnlyDictionary<string, double>? Scores { get; init; }

    /// <summary>The host of the cluster that computed the answer; null without a cluster.</summary>
    public string? Host { get; init; }

    /// <summary>Generated tokens.</summary>
    public IReadOnlyList<int> TokenIds { get; init; } = [];

    /// <summary><c>stop</c>, <c>length</c> or <c>cancelled</c>.</summary>
    public required string Finish { get; init; }

    /// <summary>Sequence number of the frame; null for a picture.</summary>
    public long? Frame { get; init; }

    /// <summary>When the frame was captured; null for a picture.</summary>
    public DateTimeOffset? CapturedAt { get; init; }

    /// <summary>Age of the frame when the answer was ready; null for a picture.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Times of the stages.</summary>
    public required StageTimings Timings { get; init; }
}
