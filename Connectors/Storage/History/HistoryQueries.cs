namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>A part of the timeline of one question.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its question.</param>
/// <param name="From">The first moment.</param>
/// <param name="To">The moment at which it ends.</param>
/// <param name="Bucket">Answers within this time are one point; at least 1 ms.</param>
public sealed record TimelineQuery(string Camera, string Question, DateTimeOffset From, DateTimeOffset To, TimeSpan Bucket);

/// <summary>A part of the timeline of one question.</summary>
/// <param name="Points">Buckets that have answers, in the order of their time.</param>
/// <param name="States">States, in the order of their time; the first may have begun before the part.</param>
/// <param name="Gaps">Times without answers, with the reason. None overlaps another one.</param>
/// <param name="Snapshots">Stored snapshots of the camera, in the order of their time.</param>
public sealed record HistoryTimeline(
    IReadOnlyList<TimelinePoint> Points,
    IReadOnlyList<TimelineState> States,
    IReadOnlyList<TimelineGap> Gaps,
    IReadOnlyList<StoredSnapshot> Snapshots);

/// <summary>The answers of one bucket.</summary>
/// <param name="At">Its beginning.</param>
/// <param name="Answers">How many, with and without a value.</param>
/// <param name="Unclear">Those without a value.</param>
/// <param name="Reused">Those that were used again.</param>
/// <param name="Score">The mean score, 0..1; null where no answer has one.</param>
/// <param name="Low">The lowest score.</param>
/// <param name="High">The highest score.</param>
/// <param name="Value">The value of the last answer that is known by itself; null for a minute of thinned free texts.</param>
/// <param name="Reason">Why one of them has no value; null where all have one.</param>
/// <param name="Thresholds">The thresholds of the last answer.</param>
public sealed record TimelinePoint(
    DateTimeOffset At,
    long Answers,
    long Unclear,
    long Reused,
    double? Score,
    double? Low,
    double? High,
    string? Value,
    string? Reason,
    HistoryThresholds? Thresholds)
{
    /// <summary>What the score of the last answer that has one is from; null for a question that was not taught.</summary>
    public string? ScoredBy { get; init; }
}

/// <summary>A state that began at a moment.</summary>
/// <param name="At">When.</param>
/// <param name="State">The state as it was published.</param>
/// <param name="Reason">Why it was unknown; null otherwise.</param>
public sealed record TimelineState(DateTimeOffset At, string State, string? Reason);

/// <summary>A time without answers.</summary>
/// <param name="From">Its beginning.</param>
/// <param name="To">Its end.</param>
/// <param name="Reason"><see cref="GapReasons.Stopped"/>, or why the question was not answered, as one word.</param>
public sealed record TimelineGap(DateTimeOffset From, DateTimeOffset To, string Reason);

/// <summary>A stored snapshot.</summary>
/// <param name="Id">Never used again.</param>
/// <param name="At">When the frame was taken.</param>
/// <param name="Frame">Its sequence number.</param>
public sealed record StoredSnapshot(long Id, DateTimeOffset At, long Frame);

/// <summary>Stored snapshots of a camera with what one of its questions was answered about them.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Question">Its question.</param>
public sealed record SnapshotQuery(string Camera, string Question)
{
    /// <summary>The first moment; null for no limit.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The moment at which it ends; null for no limit.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Only the snapshot of this id; null for all.</summary>
    public long? Id { get; init; }

    /// <summary>Only snapshots of frames of this number; null for all. The numbers begin again at each start of the service.</summary>
    public long? Frame { get; init; }

    /// <summary>Most snapshots, the newest.</summary>
    public required int Limit { get; init; }
}

/// <summary>A stored snapshot and an answer.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Score">The score of the answer, 0..1; the mean of its minute where single answers were thinned; null where none is
/// stored.</param>
/// <param name="Thresholds">The thresholds that the score was compared with; null where none are stored.</param>
public sealed record ScoredSnapshot(StoredSnapshot Snapshot, double? Score, HistoryThresholds? Thresholds);

/// <summary>A stored answer.</summary>
/// <param name="At">When the frame was taken.</param>
/// <param name="Frame">Its sequence number.</param>
/// <param name="Answer">The answer.</param>
public sealed record StoredAnswer(DateTimeOffset At, long Frame, HistoryAnswer Answer);

/// <summary>A part of the list of events.</summary>
public sealed record EventQuery
{
    /// <summary>Null for all cameras.</summary>
    public string? Camera { get; init; }

    /// <summary>Null for all questions.</summary>
    public string? Question { get; init; }

    /// <summary>Events of earlier frames are left out; null for no limit.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Events of this and later frames are left out; null for no limit.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The position after which to continue, from <see cref="EventPage.Next"/>; null for the newest.</summary>
    public EventCursor? After { get; init; }

    /// <summary>Most events.</summary>
    public int Limit { get; init; } = 100;
}

/// <summary>A position in the list of events.</summary>
/// <param name="AtMs">Time of the event there, in milliseconds since 1970.</param>
/// <param name="Id">Its id.</param>
public readonly record struct EventCursor(long AtMs, Guid Id);

/// <summary>Some events.</summary>
/// <param name="Events">Newest first.</param>
/// <param name="Next">Where the next ones begin; null at the end.</param>
public sealed record EventPage(IReadOnlyList<StoredEvent> Events, EventCursor? Next);

/// <summary>A stored event.</summary>
/// <param name="Camera">The camera.</param>
/// <param name="Event">The event.</param>
/// <param name="Snapshot">Id of the snapshot of its frame; null if none is stored.</param>
/// <param name="Keep">The limits spare it as long as there is anything else to delete.</param>
public sealed record StoredEvent(string Camera, HistoryEvent Event, long? Snapshot, bool Keep)
{
    /// <summary>A clip of it is stored.</summary>
    public bool HasClip { get; init; }
}

/// <summary>The clip of an event.</summary>
/// <param name="File">Its path, an MP4 file that does not change; null where none is stored.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="At">When the frame of the event was taken.</param>
/// <param name="IsExpected">None is stored yet, but it is being recorded.</param>
public sealed record StoredClip(string? File, long Bytes, DateTimeOffset At, bool IsExpected)
{
    /// <summary>None is stored, and none will be.</summary>
    public static StoredClip None { get; } = new(null, 0, DateTimeOffset.UnixEpoch, IsExpected: false);
}

/// <summary>A stored snapshot with what is known of one question at that frame.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Answer">The answer about this frame; null where there is none, or only its minute is stored.</param>
/// <param name="State">The state that was in force; null before the first one.</param>
public sealed record StoredFrame(StoredSnapshot Snapshot, HistoryAnswer? Answer, string? State);
