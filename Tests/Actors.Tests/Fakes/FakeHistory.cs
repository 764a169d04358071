using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>Remembers what is recorded.</summary>
internal sealed class FakeHistory : IHistory
{
    public Recording<HistoryFrame> Frames { get; } = new();

    public bool IsDisposed { get; private set; }

    public HistoryStats Stats => new(Frames.Items.Count, 0, 0, 0, null, 0, 0, 0, 0, 0);

    public void Record(HistoryFrame frame) => Frames.Add(frame);

    public Task<HistoryTimeline> TimelineAsync(TimelineQuery query, CancellationToken cancel) => throw new NotSupportedException();

    public Task<IReadOnlyList<StoredAnswer>> AnswersAsync(
        string camera, string question, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancel) => throw new NotSupportedException();

    public Task<EventPage> EventsAsync(EventQuery query, CancellationToken cancel) => throw new NotSupportedException();

    public Task<StoredEvent?> EventAsync(Guid id, CancellationToken cancel) => throw new NotSupportedException();

    public Task<IReadOnlyList<ScoredSnapshot>> SnapshotsAsync(SnapshotQuery query, CancellationToken cancel) => throw new NotSupportedException();

    public Task<byte[]?> SnapshotAsync(long id, CancellationToken cancel) => throw new NotSupportedException();

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
