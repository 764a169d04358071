using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Http.Api;

/// <summary>Labels of stored frames: what the right answer to a question is. Every way to label goes through this. Thread-safe.</summary>
/// <remarks>Each method throws <see cref="HttpFailureException"/> where a camera or a question is not configured, the question has
/// another kind of answer, no state folder is configured, or the disk fails. Its message is for a person on every way.</remarks>
public interface ILabelService
{
    /// <summary>The labels of a question.</summary>
    Task<LabelList> ListAsync(string camera, string question, CancellationToken cancel);

    /// <summary>Labels a frame, changes its label, or removes it.</summary>
    /// <exception cref="HttpFailureException">There is no such frame or label.</exception>
    Task<LabelChange> SetAsync(LabelRequest request, CancellationToken cancel);

    /// <summary>Stored frames without a label that are worth one, the least certain first.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="limit">Most frames; null for as many as a first estimate needs.</param>
    /// <param name="cancel">The client left or the service stops.</param>
    Task<IReadOnlyList<LabelProposal>> ProposeAsync(string camera, string question, int? limit, CancellationToken cancel);

    /// <summary>A labelled picture as JPEG.</summary>
    /// <exception cref="HttpFailureException">There is no such label.</exception>
    Task<byte[]> PictureAsync(string camera, string question, string id, CancellationToken cancel);
}

/// <summary>A request to label a frame.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its question.</param>
/// <param name="Frame">The frame.</param>
/// <param name="Label"><c>yes</c>, <c>no</c> or a choice, in any case; <see cref="Right"/> or <see cref="Wrong"/> for an event;
/// <see cref="Clear"/> removes the label.</param>
/// <param name="Source">The way on which it came.</param>
public sealed record LabelRequest(string Camera, string Question, LabelFrame Frame, string Label, LabelSource Source)
{
    /// <summary>The label that removes a label.</summary>
    public const string Clear = "clear";

    /// <summary>The label that says that an event was right: its frame shows the state that it announced.</summary>
    public const string Right = "right";

    /// <summary>The label that says that an event was wrong: its frame shows the other of two answers.</summary>
    public const string Wrong = "wrong";
}

/// <summary>The frame to label, named in one way.</summary>
public sealed record LabelFrame
{
    /// <summary>Its sequence number, as answers and events carry it; null when it is named otherwise.</summary>
    public long? Frame { get; init; }

    /// <summary>When it was taken, beside <see cref="Frame"/>: the numbers begin again at each start of the service. Null where the number is
    /// enough.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The id of its stored snapshot.</summary>
    public long? Snapshot { get; init; }

    /// <summary>The id of a stored event, which is about its frame.</summary>
    public Guid? Event { get; init; }

    /// <summary>The last stored event of the question, which is about its frame.</summary>
    public bool IsLastEvent { get; init; }

    /// <summary>The id of a label, for a frame that has one.</summary>
    public string? Id { get; init; }
}

/// <summary>The labels of one question.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its name.</param>
/// <param name="Ask">Its text.</param>
/// <param name="Values">The labels that are accepted.</param>
/// <param name="Most">Most labels of a question.</param>
/// <param name="Labels">The labels, oldest frame first.</param>
public sealed record LabelList(
    string Camera, string Question, string Ask, IReadOnlyList<string> Values, int Most, IReadOnlyList<StoredLabel> Labels)
{
    /// <summary>How many labels each value has; other values of earlier choices are left out.</summary>
    public IReadOnlyDictionary<string, int> Counts => Values.ToDictionary(value => value, value => Labels.Count(label => label.Value == value));
}

/// <summary>What a request did.</summary>
/// <param name="Id">The id of the label.</param>
/// <param name="Value">The label now; null when it was removed.</param>
/// <param name="Before">The label before; null for none.</param>
/// <param name="Counts">How many labels each value has now.</param>
public sealed record LabelChange(string Id, string? Value, string? Before, IReadOnlyDictionary<string, int> Counts);

/// <summary>A frame that is worth a label.</summary>
/// <param name="Snapshot">Its stored snapshot.</param>
/// <param name="Score">Score of its answer, 0..1.</param>
/// <param name="Why">Why it was chosen.</param>
public sealed record LabelProposal(StoredSnapshot Snapshot, double Score, ProposalReason Why);

/// <summary>Why a frame is proposed.</summary>
public enum ProposalReason
{
    /// <summary>Its score is near the threshold.</summary>
    Unsure,

    /// <summary>Its score is among the highest.</summary>
    High,

    /// <summary>Its score is among the lowest.</summary>
    Low,
}
