using System.Globalization;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Labels;

/// <summary>A frame that can be labelled.</summary>
/// <param name="Id">The id of its label.</param>
/// <param name="At">When it was taken.</param>
/// <param name="Frame">Its sequence number.</param>
/// <param name="Score">Score of the stored answer, 0..1; null where none is stored.</param>
/// <param name="Jpeg">The picture; null for a frame that was labelled before.</param>
internal sealed record FoundFrame(string Id, DateTimeOffset At, long Frame, double? Score, ReadOnlyMemory<byte>? Jpeg);

/// <summary>Finds the stored frame that a request names. Thread-safe.</summary>
internal sealed class FrameSearch(IHistory? history)
{
    /// <summary>Frames that an error names.</summary>
    private const int MaxNamed = 3;

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The frame with its picture.</summary>
    /// <exception cref="HttpFailureException">There is none, or more than one.</exception>
    public async Task<FoundFrame> FindAsync(string camera, string question, LabelFrame wanted, CancellationToken cancel)
    {
        var found = await ReadAsync(it => FindSnapshotAsync(it, camera, question, wanted, cancel));
        var jpeg = await ReadAsync(it => it.SnapshotAsync(found.Snapshot.Id, cancel))
            ?? throw HttpFailureException.NotFound("the snapshot of this frame was deleted meanwhile");
        return new FoundFrame(LabelId.Of(found.Snapshot.At, found.Snapshot.Frame), found.Snapshot.At, found.Snapshot.Frame, found.Score, jpeg);
    }

    /// <summary>A stored event of a question.</summary>
    /// <param name="camera">The camera.</param>
    /// <param name="question">Its question.</param>
    /// <param name="id">The event; null for the last one.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="HttpFailureException">There is none, or it is of another question.</exception>
    public Task<StoredEvent> FindEventAsync(string camera, string question, Guid? id, CancellationToken cancel) => ReadAsync(async history =>
    {
        if (id is null)
        {
            return (await history.EventsAsync(new EventQuery { Camera = camera, Question = question, Limit = 1 }, cancel)).Events is [var last]
                ? last
                : throw HttpFailureException.NotFound($"the history has no event of '{camera}/{question}'");
        }

        var found = await history.EventAsync(id.Value, cancel) ?? throw HttpFailureException.NotFound($"the history has no event '{id}'; it may have been deleted");
        return (found.Camera, found.Event.Question) == (camera, question)
            ? found
            : throw HttpFailureException.Invalid("event", $"the event is of '{found.Camera}/{found.Event.Question}', not of '{camera}/{question}'");
    });

    private static async Task<ScoredSnapshot> FindSnapshotAsync(IHistory history, string camera, string question, LabelFrame wanted, CancellationToken cancel)
    {
        var query = new SnapshotQuery(camera, question) { Id = wanted.Snapshot, Frame = wanted.Frame, Limit = MaxNamed + 1 };
        if (wanted.Event is { } id)
        {
            query = query with { Id = await SnapshotOfAsync(history, camera, id, cancel) };
        }

        if (wanted.At is { } at && wanted.Frame is not null)
        {
            query = query with { From = at, To = at.AddMilliseconds(1) };
        }

        return await history.SnapshotsAsync(query, cancel) switch
        {
            [var only] => only,
            [] => throw HttpFailureException.NotFound(await MissingAsync(history, camera, question, wanted, cancel)),
            var several => throw new HttpFailureException(
                409,
                $"several stored frames of the camera '{camera}' have the number {wanted.Frame}, because the numbers begin again at each start of the service: "
                    + $"{Named(several)}; send 'at' with the time of the answer too, or 'snapshot' with the id",
                "ambiguous_frame",
                "frame"),
        };
    }

    private static async Task<long> SnapshotOfAsync(IHistory history, string camera, Guid id, CancellationToken cancel) =>
        await history.EventAsync(id, cancel) switch
        {
            null => throw HttpFailureException.NotFound($"the history has no event '{id}'; it may have been deleted"),
            { Camera: var other } when other != camera => throw HttpFailureException.Invalid("event", $"the event is of the camera '{other}', not of '{camera}'"),
            { Snapshot: { } snapshot } => snapshot,
            _ => throw HttpFailureException.NotFound("no snapshot of this event is stored, so that its frame cannot be labelled"),
        };

    private static async Task<string> MissingAsync(IHistory history, string camera, string question, LabelFrame wanted, CancellationToken cancel)
    {
        var newest = await history.SnapshotsAsync(new SnapshotQuery(camera, question) { Limit = MaxNamed }, cancel);
        var what = wanted.Frame is { } frame
            ? string.Create(CultureInfo.InvariantCulture, $"no stored frame {frame} of the camera '{camera}'")
            : string.Create(CultureInfo.InvariantCulture, $"no stored snapshot {wanted.Snapshot} of the camera '{camera}'");
        return newest.Count == 0
            ? $"{what}; the history has no snapshot of it yet"
            : $"{what}; the history has a snapshot per minute, of each event and of unclear answers, and the newest are {Named(newest)}";
    }

    private static string Named(IReadOnlyList<ScoredSnapshot> snapshots) => string.Join(", ", snapshots.Take(MaxNamed).Select(it => string.Create(
        CultureInfo.InvariantCulture, $"frame {it.Snapshot.Frame} of {it.Snapshot.At:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} (snapshot {it.Snapshot.Id})")));

    /// <summary>Reads the history.</summary>
    /// <exception cref="HttpFailureException">None is kept, or it cannot be read now.</exception>
    public async Task<T> ReadAsync<T>(Func<IHistory, Task<T>> read)
    {
        try
        {
            return await read(history ?? throw new HttpFailureException(
                404, "this service keeps no history, so that there are no frames to label; History:Folder in its configuration names a folder for one", "no_history"));
        }
        catch (HistoryUnavailableException fault)
        {
            throw HttpFailureException.Unavailable($"the history cannot be used now: {fault.Message}", RetryAfter);
        }
    }
}
