using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Remembers what is recorded.</summary>
internal sealed class FakeHistory : IHistory
{
    public Recording<HistoryFrame> Frames { get; } = new();

    public bool IsDisposed { get; private set; }

    public HistoryStats Stats => new(Frames.Items.Count, 0, 0, 0, null, 0, 0, 0, 0, 0);

    public void Record(HistoryFrame frame) => Frames.Add(frame);

    /// <summary>The stored frames: the pictures by their times and numbers. The picture of frame 5 is the text <c>5</c>, unless it was deleted.</summary>
    public List<StoredSnapshot> Stored { get; } = [];

    /// <summary>The stored answers, in the order of their times.</summary>
    public List<StoredAnswer> Answers { get; } = [];

    /// <summary>Numbers of pictures that are gone.</summary>
    public HashSet<long> Deleted { get; } = [];

    public Task<HistoryTimeline> TimelineAsync(TimelineQuery query, CancellationToken cancel) => Task.FromResult(
        new HistoryTimeline([], [], [], [.. Stored.Where(it => it.At >= query.From && it.At < query.To)]));

    public Task<IReadOnlyList<StoredAnswer>> AnswersAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel) =>
        Task.FromResult<IReadOnlyList<StoredAnswer>>([.. Answers.SkipWhile(it => it.At < from).TakeWhile(it => it.At < to).Take(limit)]);

    public Task<EventPage> EventsAsync(EventQuery query, CancellationToken cancel) => throw new NotSupportedException();

    public Task<StoredEvent?> EventAsync(Guid id, CancellationToken cancel) => throw new NotSupportedException();

    public Task<IReadOnlyList<ScoredSnapshot>> SnapshotsAsync(SnapshotQuery query, CancellationToken cancel) => throw new NotSupportedException();

    public Task<byte[]?> SnapshotAsync(long id, CancellationToken cancel) => Task.FromResult(
        Deleted.Contains(id) ? null : System.Text.Encoding.UTF8.GetBytes(Stored.Single(it => it.Id == id).Frame.ToString(System.Globalization.CultureInfo.InvariantCulture)));

    public Task<string?> BeginClipAsync(string camera, DateTimeOffset at, long frame, long bytes, CancellationToken cancel) => throw new NotSupportedException();

    public Task<bool> EndClipAsync(string camera, DateTimeOffset at, long frame, bool isWritten, CancellationToken cancel) => throw new NotSupportedException();

    public Task<StoredClip> ClipAsync(Guid id, CancellationToken cancel) => throw new NotSupportedException();

    public Task<IReadOnlyList<StoredFrame>> FramesAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel) => throw new NotSupportedException();

    public Task<bool> KeepAsync(Guid id, bool keep, CancellationToken cancel) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(Guid id, CancellationToken cancel) => throw new NotSupportedException();

    public Task<(long Answers, long Events, long Snapshots)> DeleteAsync(
        string camera, DateTimeOffset from, DateTimeOffset to, CancellationToken cancel) => throw new NotSupportedException();

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
