using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Restarts;

namespace MobileVlm.Edge.Actors.AdHoc;

/// <summary>The questions that wait for their reply. Outlives the actor that sends the replies, so that its restart loses
/// none. One caller at a time.</summary>
internal sealed class PendingRequests
{
    private readonly Dictionary<AdHocQuestion, PendingRequest> _pending = [];

    public FailedMessageRetry MessageRetry { get; } = new();

    public int Count => _pending.Count;

    public IReadOnlyList<PendingRequest> All => [.. _pending.Values];

    /// <summary>The time that the last answered question waited.</summary>
    public TimeSpan LastWait { get; set; } = TimeSpan.FromSeconds(1);

    public void Add(PendingRequest pending) => _pending.Add(pending.Question, pending);

    /// <summary>Null when its reply was sent.</summary>
    public PendingRequest? Find(AdHocQuestion question) => _pending.GetValueOrDefault(question);

    /// <summary>Its reply is being sent; there is no second one.</summary>
    public void Remove(PendingRequest pending)
    {
        _pending.Remove(pending.Question);
        pending.Deadline.Dispose();
    }
}

/// <summary>A question that waits for its answer.</summary>
/// <param name="Asked">The request.</param>
/// <param name="Question">Waits for a frame, or is being answered.</param>
/// <param name="Intake">The camera that it is about; null for an uploaded picture.</param>
/// <param name="Deadline">Runs until it is too late.</param>
internal sealed record PendingRequest(ReceivedRequest Asked, AdHocQuestion Question, CameraIntake? Intake, ITimer Deadline);
