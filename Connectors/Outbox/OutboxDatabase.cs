using System.Globalization;
using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Outbox;

/// <summary>A row that waits.</summary>
/// <param name="Seq">Grows with each stored event and is never used again.</param>
/// <param name="Event">The event.</param>
/// <param name="Run">Which run of the process stored it.</param>
/// <param name="Timestamp">That run's monotonic clock.</param>
internal sealed record OutboxRow(long Seq, OutboxEvent Event, string Run, long Timestamp);

/// <summary>What a delete took away.</summary>
internal readonly record struct Gone(string Topic, long Bytes);

/// <summary>The table and the statements on it; every fault is the caller's. One thread at a time.</summary>
internal sealed class OutboxDatabase : IDisposable
{
    // The second index serves the rule of what goes first.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            topic TEXT NOT NULL,
            payload BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            stored_ms INTEGER NOT NULL,
            run TEXT NOT NULL,
            clock INTEGER NOT NULL);
        CREATE INDEX IF NOT EXISTS outbox_topic ON outbox (topic, seq);
        CREATE TABLE IF NOT EXISTS lost (topic TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;
        """;

    private readonly SqliteConnection _connection;
    private SqliteTransaction? _transaction;

    private OutboxDatabase(SqliteConnection connection) => _connection = connection;

    /// <summary>Opens or creates it, and reads it through for damage.</summary>
    /// <exception cref="SqliteException">It cannot be opened, or is damaged.</exception>
    public static OutboxDatabase Open(OutboxSettings settings)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = settings.Path,
            // A pool would keep a damaged file open.
            Pooling = false,
        }.ToString());
        try
        {
            connection.Open();
            var database = new OutboxDatabase(connection);
            var flush = settings.Durability == OutboxDurability.Power ? "FULL" : "NORMAL";
            database.Run($"""
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = {flush};
                PRAGMA wal_autocheckpoint = 64;
                PRAGMA journal_size_limit = 262144;
                """);
            if (database.Scalar("PRAGMA quick_check(1)") is not "ok" and var found)
            {
                throw new SqliteException($"quick_check: {found}", SQLitePCL.raw.SQLITE_CORRUPT);
            }

            database.Run(Schema);
            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Begin() => _transaction = _connection.BeginTransaction();

    public void Commit()
    {
        _transaction?.Commit();
        EndTransaction();
    }

    /// <summary>Gives up what was begun, if anything was.</summary>
    public void Rollback() => EndTransaction();

    /// <returns>False when the id is there already.</returns>
    public bool Insert(OutboxEvent happened, DateTimeOffset now, string run, long clock)
    {
        using var insert = Command("""
            INSERT OR IGNORE INTO outbox (id, topic, payload, bytes, stored_ms, run, clock)
            VALUES ($id, $topic, $payload, $bytes, $now, $run, $clock)
            """);
        insert.Parameters.AddWithValue("$id", happened.Id);
        insert.Parameters.AddWithValue("$topic", happened.Topic);
        insert.Parameters.AddWithValue("$payload", happened.Payload.ToArray());
        insert.Parameters.AddWithValue("$bytes", SizeOf(happened));
        insert.Parameters.AddWithValue("$now", now.ToUnixTimeMilliseconds());
        insert.Parameters.AddWithValue("$run", run);
        insert.Parameters.AddWithValue("$clock", clock);
        return insert.ExecuteNonQuery() == 1;
    }

    public IReadOnlyList<Gone> Delete(string id) =>
        Delete("DELETE FROM outbox WHERE id = $value RETURNING topic, bytes", id, "");

    public IReadOnlyList<Gone> DeleteOlderThan(DateTimeOffset moment, string exceptId) => Delete(
        "DELETE FROM outbox WHERE stored_ms < $value AND id <> $except RETURNING topic, bytes",
        moment.ToUnixTimeMilliseconds(),
        exceptId);

    /// <summary>The rule of what goes first: the oldest events of the topic that takes most room. A camera that cries
    /// wolf thus never pushes out another one's single alarm.</summary>
    public IReadOnlyList<Gone> DeleteOldestOfTheLargestTopic(long most, string exceptId) => Delete(
        """
        DELETE FROM outbox WHERE seq IN (
            SELECT seq FROM outbox WHERE id <> $except AND topic =
                (SELECT topic FROM outbox WHERE id <> $except GROUP BY topic ORDER BY SUM(bytes) DESC, MIN(seq) LIMIT 1)
            ORDER BY seq LIMIT $value)
        RETURNING topic, bytes
        """,
        most,
        exceptId);

    /// <summary>Events that each topic has lost and whose subscribers have not been told.</summary>
    public Dictionary<string, long> Lost()
    {
        using var select = Command("SELECT topic, events FROM lost");
        using var rows = select.ExecuteReader();
        var lost = new Dictionary<string, long>(StringComparer.Ordinal);
        while (rows.Read())
        {
            lost[rows.GetString(0)] = rows.GetInt64(1);
        }

        return lost;
    }

    public void SetLost(string topic, long events)
    {
        using var set = Command(events > 0
            ? "INSERT OR REPLACE INTO lost (topic, events) VALUES ($topic, $events)"
            : "DELETE FROM lost WHERE topic = $topic");
        set.Parameters.AddWithValue("$topic", topic);
        set.Parameters.AddWithValue("$events", events);
        set.ExecuteNonQuery();
    }

    /// <summary>The wall clock was set: what this run has stored is as old as it was.</summary>
    public void ShiftClock(string run, TimeSpan by)
    {
        using var shift = Command("UPDATE outbox SET stored_ms = stored_ms + $by WHERE run = $run");
        shift.Parameters.AddWithValue("$by", (long)by.TotalMilliseconds);
        shift.Parameters.AddWithValue("$run", run);
        shift.ExecuteNonQuery();
    }

    /// <summary>The first in line that is neither on its way out nor of an unwanted topic.</summary>
    public OutboxRow? Oldest(IReadOnlySet<string> exceptTopics, IReadOnlySet<string> exceptIds)
    {
        // Both sets are small: topics that the broker refuses, and ids of one batch of removals.
        using var select = Command("SELECT seq, id, topic, payload, run, clock FROM outbox ORDER BY seq");
        using var rows = select.ExecuteReader();
        while (rows.Read())
        {
            var (id, topic) = (rows.GetString(1), rows.GetString(2));
            if (!exceptIds.Contains(id) && !exceptTopics.Contains(topic))
            {
                return new OutboxRow(
                    rows.GetInt64(0),
                    new OutboxEvent(id, topic, rows.GetFieldValue<byte[]>(3)),
                    rows.GetString(4),
                    rows.GetInt64(5));
            }
        }

        return null;
    }

    public (long Rows, long Bytes) Totals()
    {
        using var select = Command("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM outbox");
        using var totals = select.ExecuteReader();
        totals.Read();
        return (totals.GetInt64(0), totals.GetInt64(1));
    }

    public DateTimeOffset? OldestAt() =>
        Scalar("SELECT stored_ms FROM outbox ORDER BY seq LIMIT 1") is { } text
            ? DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(text, CultureInfo.InvariantCulture))
            : null;

    /// <summary>Moves what the log holds into the file, so that the log begins again in the room that it has.</summary>
    public void Checkpoint() => Run("PRAGMA wal_checkpoint(RESTART)");

    /// <summary>Gives free pages back to the disk.</summary>
    public void Compact() => Run("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);");

    /// <summary>Caps the file, as a full disk would. For tests.</summary>
    internal void LimitPages(long pages) => Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));

    public static long SizeOf(OutboxEvent happened) => happened.Payload.Length + happened.Topic.Length + happened.Id.Length;

    public void Dispose()
    {
        EndTransaction();
        _connection.Dispose();
    }

    private List<Gone> Delete(string text, object value, string exceptId)
    {
        using var delete = Command(text);
        delete.Parameters.AddWithValue("$value", value);
        delete.Parameters.AddWithValue("$except", exceptId);
        using var rows = delete.ExecuteReader();
        var gone = new List<Gone>();
        while (rows.Read())
        {
            gone.Add(new Gone(rows.GetString(0), rows.GetInt64(1)));
        }

        return gone;
    }

    private void EndTransaction()
    {
        _transaction?.Dispose();
        _transaction = null;
    }

    private SqliteCommand Command(string text)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = _transaction;
        return command;
    }

    private void Run(string text)
    {
        using var command = Command(text);
        command.ExecuteNonQuery();
    }

    private string? Scalar(string text)
    {
        using var command = Command(text);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) is { Length: > 0 } value ? value : null;
    }
}
