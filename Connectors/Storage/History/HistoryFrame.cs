namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>What is stored about one frame, or about a moment at which states changed without one.</summary>
/// <param name="Camera">The camera, a name that can be part of a path.</param>
/// <param name="At">Wall clock at which the frame was taken. Before <see cref="PlausibleTime.Earliest"/> nothing is stored.</param>
/// <param name="Frame">Its sequence number; 0 where no frame is the reason.</param>
public sealed record HistoryFrame(string Camera, DateTimeOffset At, long Frame)
{
    /// <summary>The answers about it.</summary>
    public IReadOnlyList<HistoryAnswer> Answers { get; init; } = [];

    /// <summary>States that begin with it.</summary>
    public IReadOnlyList<HistoryState> States { get; init; } = [];

    /// <summary>Events that it caused.</summary>
    public IReadOnlyList<HistoryEvent> Events { get; init; } = [];

    /// <summary>The frame as JPEG, if it is to be stored; otherwise null.</summary>
    public ReadOnlyMemory<byte>? Snapshot { get; init; }

    /// <summary>A clip of its events is being recorded.</summary>
    public bool ExpectsClip { get; init; }
}

/// <summary>One answer.</summary>
/// <param name="Question">Name of the question.</param>
/// <param name="Value">What was answered; null for an unclear or missing answer.</param>
public sealed record HistoryAnswer(string Question, string? Value)
{
    /// <summary>The value is one of a few words that the configuration names, which are stored once.</summary>
    public bool IsWord { get; init; }

    /// <summary>Probability, 0..1; null for kinds without scores.</summary>
    public double? Score { get; init; }

    /// <summary>The thresholds that the score was compared with; null for kinds without scores.</summary>
    public HistoryThresholds? Thresholds { get; init; }

    /// <summary>What the score is from, as one word; null for a question that was not taught.</summary>
    public string? ScoredBy { get; init; }

    /// <summary>An earlier answer that was used again because the scene had not changed.</summary>
    public bool Reused { get; init; }

    /// <summary>Why there is no clear answer, as one word; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Age of the frame when it was answered.</summary>
    public TimeSpan Age { get; init; }

    public TimeSpan Encode { get; init; }

    public TimeSpan Prefill { get; init; }

    public TimeSpan Decode { get; init; }
}

/// <summary>The thresholds of a question, each 0..1.</summary>
/// <param name="YesAbove">Least score that is <c>yes</c>; null for other kinds.</param>
/// <param name="NoBelow">Largest score that is <c>no</c>; null for other kinds.</param>
/// <param name="MinScore">Lowest probability at which a choice counts; null for other kinds.</param>
public sealed record HistoryThresholds(double? YesAbove, double? NoBelow, double? MinScore);

/// <summary>A state that begins.</summary>
/// <param name="Question">Name of the question.</param>
/// <param name="State">The state as it is published.</param>
/// <param name="Reason">Why it is unknown, as one word; null otherwise.</param>
public sealed record HistoryState(string Question, string State, string? Reason);

/// <summary>An event: a known state became another one.</summary>
/// <param name="Id">Its id, the same as over MQTT.</param>
/// <param name="Question">Name of the question.</param>
/// <param name="From">The state before.</param>
/// <param name="To">The new state.</param>
public sealed record HistoryEvent(Guid Id, string Question, string From, string To)
{
    /// <summary>Score of the answer that decided, 0..1; null for kinds without scores.</summary>
    public double? Score { get; init; }

    /// <summary>When the frame that decided was taken.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>When the first frame that showed the new state was taken.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Sequence number of the frame that decided.</summary>
    public required long Frame { get; init; }

    /// <summary>The text of the alert.</summary>
    public string Text { get; init; } = "";

    /// <summary>The event as it was published, a JSON document.</summary>
    public string Document { get; init; } = "{}";
}
