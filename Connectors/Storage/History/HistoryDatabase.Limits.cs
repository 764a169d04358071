using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>What a deletion removed from the tables. The files of the snapshots and clips are deleted after the commit.</summary>
/// <param name="Rows">Answers and minutes.</param>
/// <param name="Events">Events.</param>
/// <param name="Snapshots">Snapshots with their lengths in bytes.</param>
internal sealed record DeletedHistory(long Rows, long Events, IReadOnlyList<(SnapshotName Name, long Bytes)> Snapshots)
{
    public static DeletedHistory None { get; } = new(0, 0, []);

    /// <summary>Clips with their lengths in bytes.</summary>
    public IReadOnlyList<(SnapshotName Name, long Bytes)> Clips { get; init; } = [];

    public bool IsEmpty => Rows == 0 && Events == 0 && Snapshots.Count == 0 && Clips.Count == 0;
}

/// <content>Counting, deleting and thinning.</content>
internal sealed partial class HistoryDatabase
{
    private const string NotKept = "NOT EXISTS (SELECT 1 FROM event WHERE event.snapshot = snapshot.id AND event.keep = 1)";
    private const long Minute = 60_000;

    /// <summary>Rows, events and snapshots. Reads every page of the answers.</summary>
    public (long Rows, long Events) Count() => Guard(() => (
        Number("SELECT (SELECT COUNT(*) FROM answer) + (SELECT COUNT(*) FROM minute)"),
        Number("SELECT COUNT(*) FROM event")));

    /// <summary>All snapshots with their lengths in bytes.</summary>
    public IReadOnlyList<(long Id, SnapshotName Name, long Bytes)> Snapshots() => Guard(() => Rows(
        "SELECT snapshot.id, word.text, at, frame, bytes FROM snapshot JOIN word ON word.id = camera",
        row => (row.GetInt64(0), new SnapshotName(row.GetString(1), row.GetInt64(2), row.GetInt64(3)), row.GetInt64(4))));

    /// <summary>Forgets a snapshot whose file is not there.</summary>
    public void RemoveSnapshot(long id) => Guard(() =>
    {
        Run("UPDATE event SET snapshot = NULL WHERE snapshot = $a", id);
        Run("DELETE FROM snapshot WHERE id = $a", id);
    });

    /// <summary>Time of the oldest answer, in milliseconds since 1970; null while there is none.</summary>
    public long? Oldest() => Guard(() => Scalar("""
        SELECT MIN(at) FROM (
            SELECT (SELECT MIN(at) FROM answer WHERE question = question.id) AS at FROM question
            UNION ALL SELECT (SELECT MIN(at) FROM minute WHERE question = question.id) FROM question)
        """) as long?);

    /// <summary>Deletes the oldest part: some snapshots, one clip, or an hour of answers, whichever ends first, and everything before.</summary>
    /// <param name="snapshots">Most snapshots.</param>
    public DeletedHistory DeleteOldest(int snapshots) => Guard(() =>
    {
        var row = Oldest();
        var last = Scalar($"SELECT MAX(at) FROM (SELECT at FROM snapshot WHERE {NotKept} ORDER BY at LIMIT $a)", snapshots) as long?;
        if (Scalar($"SELECT MIN(at) FROM clip WHERE NOT EXISTS ({EventOfClip} AND keep = 1)") is long clip)
        {
            last = Math.Min(last ?? clip, clip);
        }

        if (row is null && last is null)
        {
            return DeleteOldestKept();
        }

        return DeleteBefore(Math.Min((last ?? long.MaxValue - 1) + 1, (row ?? long.MaxValue - (60 * Minute)) + (60 * Minute)));
    });

    /// <summary>Deletes everything before a moment except events that are kept, and the state that was in force at that moment.</summary>
    public DeletedHistory DeleteBefore(long beforeMs) => Guard(() =>
    {
        var rows = 0L;
        foreach (var question in Rows("SELECT id FROM question", row => row.GetInt64(0)))
        {
            rows += Run("DELETE FROM answer WHERE question = $a AND at < $b", question, beforeMs);
            rows += Run("DELETE FROM minute WHERE question = $a AND at < $b", question, beforeMs);
            Run("DELETE FROM state WHERE question = $a AND at < (SELECT MAX(at) FROM state WHERE question = $a AND at <= $b)", question, beforeMs);
        }

        Run("DELETE FROM run WHERE last < $a AND id < (SELECT MAX(id) FROM run)", beforeMs);
        var events = Run("DELETE FROM event WHERE at < $a AND keep = 0", beforeMs);
        var names = Rows(
            $"SELECT word.text, at, frame, bytes FROM snapshot JOIN word ON word.id = camera WHERE at < $a AND {NotKept}", NameAndLength, beforeMs);
        Run($"DELETE FROM snapshot WHERE at < $a AND {NotKept}", beforeMs);
        return new DeletedHistory(rows, events, names) { Clips = DeleteClipsWithoutEvent() };
    });

    /// <summary>Deletes an event, its answer, and its snapshot and clip unless another event shows them.</summary>
    public DeletedHistory DeleteEvent(Guid id) => Guard(() =>
    {
        var found = Rows(
            "SELECT question, at, snapshot FROM event WHERE id = $a",
            row => (Question: row.GetInt64(0), At: row.GetInt64(1), Snapshot: Whole(row, 2)),
            IdOf(id));
        if (found is not [var happened])
        {
            return DeletedHistory.None;
        }

        Run("DELETE FROM event WHERE id = $a", IdOf(id));
        var rows = Run("DELETE FROM answer WHERE question = $a AND at = $b", happened.Question, happened.At);
        var clips = DeleteClipsWithoutEvent();
        if (happened.Snapshot is not { } snapshot || Number("SELECT COUNT(*) FROM event WHERE snapshot = $a", snapshot) > 0)
        {
            return new DeletedHistory(rows, 1, []) { Clips = clips };
        }

        var names = Rows("SELECT word.text, at, frame, bytes FROM snapshot JOIN word ON word.id = camera WHERE snapshot.id = $a", NameAndLength, snapshot);
        Run("DELETE FROM snapshot WHERE id = $a", snapshot);
        return new DeletedHistory(rows, 1, names) { Clips = clips };
    });

    /// <summary>Deletes everything of a camera in a time, also events that are kept.</summary>
    public DeletedHistory DeleteSpan(string camera, long fromMs, long toMs) => Guard(() =>
    {
        var (rows, events) = (0L, 0L);
        foreach (var question in Rows("SELECT id FROM question WHERE camera = $a", row => row.GetInt64(0), camera))
        {
            rows += Run("DELETE FROM answer WHERE question = $a AND at >= $b AND at < $c", question, fromMs, toMs);
            rows += Run("DELETE FROM minute WHERE question = $a AND at >= $b AND at < $c", question, fromMs / Minute * Minute, toMs);
            Run("DELETE FROM state WHERE question = $a AND at >= $b AND at < $c", question, fromMs, toMs);
            events += Run("DELETE FROM event WHERE question = $a AND at >= $b AND at < $c", question, fromMs, toMs);
        }

        const string Within = "camera = (SELECT id FROM word WHERE text = $a) AND at >= $b AND at < $c";
        var names = Rows($"SELECT word.text, at, frame, bytes FROM snapshot JOIN word ON word.id = camera WHERE {Within}", NameAndLength, camera, fromMs, toMs);
        Run($"DELETE FROM snapshot WHERE {Within}", camera, fromMs, toMs);
        return new DeletedHistory(rows, events, names) { Clips = DeleteClipsWithoutEvent() };
    });

    /// <returns>False for an unknown event.</returns>
    public bool Keep(Guid id, bool keep) => Guard(() => Run("UPDATE event SET keep = $b WHERE id = $a", IdOf(id), keep ? 1L : 0L) == 1);

    /// <summary>Replaces the answers of one question and hour before a moment by one row per minute.</summary>
    /// <param name="beforeMs">A whole minute.</param>
    /// <returns>By how many rows there are fewer; null when nothing is left to thin.</returns>
    public long? Thin(long beforeMs) => Guard(() =>
    {
        foreach (var question in Rows("SELECT id FROM question", row => row.GetInt64(0)))
        {
            if (Scalar("SELECT MIN(at) FROM answer WHERE question = $a AND at < $b", question, beforeMs) is long first)
            {
                var from = first / Minute * Minute;
                return Thin(question, from, Math.Min(beforeMs, from + (60 * Minute)));
            }
        }

        return (long?)null;
    });

    private long Thin(long question, long from, long to)
    {
        var added = 0;
        var minutes = Rows(
            "SELECT at, value, score, threshold, reused, reason FROM answer WHERE question = $a AND at >= $b AND at < $c ORDER BY at", ThinRow.Read, question, from, to);
        foreach (var minute in minutes.GroupBy(row => row.At / Minute * Minute))
        {
            var scores = minute.Where(row => row.Score is not null).Select(row => row.Score!.Value).ToList();
            var last = minute.Last();
            added += Run(
                """
                INSERT OR RE INTO minute (question, at, answers, unclear, reused, scored, low, high, total, value, threshold, reason)
                VALUES ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, $l)
                """,
                question,
                minute.Key,
                (long)minute.Count(),
                (long)minute.Count(row => !row.HasValue),
                (long)minute.Count(row => row.Reused),
                (long)scores.Count,
                scores.Count > 0 ? scores.Min() : null,
                scores.Count > 0 ? scores.Max() : null,
                scores.Sum(),
                last.Word,
                last.Threshold,
                minute.Select(row => row.Reason).FirstOrDefault(reason => reason is not null));
        }

        return Run("DELETE FROM answer WHERE question = $a AND at >= $b AND at < $c", question, from, to) - added;
    }

    private DeletedHistory DeleteOldestKept() =>
        Rows("SELECT id FROM event ORDER BY keep, at LIMIT 1", row => new Guid(row.GetFieldValue<byte[]>(0), bigEndian: true)) is [var id]
            ? DeleteEvent(id)
            : DeletedHistory.None;

    private static (SnapshotName Name, long Bytes) NameAndLength(SqliteDataReader row) =>
        (new SnapshotName(row.GetString(0), row.GetInt64(1), row.GetInt64(2)), row.GetInt64(3));

    private static long? Whole(SqliteDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    /// <summary>An answer as it is thinned.</summary>
    private sealed record ThinRow(long At, bool HasValue, long? Word, long? Score, long? Threshold, bool Reused, long? Reason)
    {
        public static ThinRow Read(SqliteDataReader row) => new(
            row.GetInt64(0),
            !row.IsDBNull(1),
            row.GetValue(1) as long?,
            Whole(row, 2),
            Whole(row, 3),
            row.GetInt64(4) != 0,
            Whole(row, 5));
    }
}
