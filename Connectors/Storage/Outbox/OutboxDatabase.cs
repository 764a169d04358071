using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>The tables in SQLite and the statements on them.</summary>
internal sealed class OutboxDatabase : IOutboxDatabase
{
    /// <summary>Columns of a row in the order that <see cref="Row"/> reads.</summary>
    public const string Columns = "seq, id, topic, payload, run, clock, stored_ms, checksum";

    /// <summary>Layout that this version writes. 0.1.0 wrote no number, which reads as 0, and had neither the table
    /// <c>mark</c> nor checksums; its rows keep none.</summary>
    private const int SchemaVersion = 1;

    private const int SmallestPage = 512;

    private static readonly string Version = SchemaVersion.ToString(CultureInfo.InvariantCulture);

    /// <summary>How long to wait for another process that has the file open, such as a copy being made of it.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(1);

    // The index finds the first event of each topic and the topic that takes most space.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS outbox (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            topic TEXT NOT NULL,
            payload BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            stored_ms INTEGER NOT NULL,
            run TEXT NOT NULL,
            clock INTEGER NOT NULL,
            checksum INTEGER);
        CREATE INDEX IF NOT EXISTS outbox_topic ON outbox (topic, seq);
        CREATE TABLE IF NOT EXISTS lost (topic TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS mark (one INTEGER PRIMARY KEY CHECK (one = 1), run TEXT NOT NULL, number INTEGER NOT NULL);
        """;

    private readonly SqliteConnection _connection;
    private readonly string _path;
    private readonly FileIdentity? _file;
    private FileIdentity? _log;
    private SqliteTransaction? _transaction;

    private OutboxDatabase(SqliteConnection connection, string path)
    {
        (_connection, _path) = (connection, path);
        connection.Open();

        // Taken right after the opening; the check in Place() needs no more than to notice a later removal.
        _file = FileIdentity.Of(path);
    }

    /// <summary>Opens or creates the file, and reads it through for damage.</summary>
    /// <exception cref="StorageError">It cannot be opened, is damaged, or is not this service's.</exception>
    public static OutboxDatabase Open(OutboxSettings settings)
    {
        var existed = FileIdentity.Of(settings.Path) is not null;
        RefuseStub(settings.Path);
        var log = WriteAheadLogScan.Read($"{settings.Path}-wal");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = settings.Path,
            // A pool would keep a damaged file open.
            Pooling = false,
            DefaultTimeout = (int)LockTimeout.TotalSeconds,
        }.ToString());
        try
        {
            var database = new OutboxDatabase(connection, settings.Path);
            if (existed)
            {
                database.RefuseOthers();
            }

            var flush = settings.Durability == OutboxDurability.Power ? "FULL" : "NORMAL";
            database.Run($"""
                PRAGMA locking_mode = EXCLUSIVE;
                PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = {flush};
                PRAGMA wal_autocheckpoint = 64;
                PRAGMA journal_size_limit = 262144;
                """);
            database.LacksTransactions = log.Lacks(database.FramesRead());
            if (database.Scalar("PRAGMA quick_check(1)") is not "ok" and var found)
            {
                throw new StorageError(StorageErrorKind.Damaged, $"quick_check: {found}");
            }

            database.Begin();
            database.Run(Schema);
            if (database.Scalar("SELECT COUNT(*) FROM pragma_table_info('outbox') WHERE name = 'checksum'") == "0")
            {
                database.Run("ALTER TABLE outbox ADD COLUMN checksum INTEGER");
            }

            if (database.Scalar("PRAGMA user_version") != Version)
            {
                database.Run($"PRAGMA user_version = {Version}");
            }

            database.Commit();
            if (settings.MostPages is { } most)
            {
                database.Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {most}"));
            }

            database.Run($"SELECT {Columns}, bytes FROM outbox LIMIT 0");
            database._log = FileIdentity.Of($"{settings.Path}-wal");
            return database;
        }
        catch (Exception fault)
        {
            connection.Dispose();
            throw fault is SqliteException { SqliteErrorCode: raw.SQLITE_ERROR }
                ? new StorageError(StorageErrorKind.Damaged, $"its tables are not those of an outbox ({fault.Message})", fault)
                : StorageError.From(fault);
        }
    }

    public bool LacksTransactions { get; private set; }

    public void Begin() => Guard(() => _transaction = _connection.BeginTransaction());

    public void Commit() => Guard(() =>
    {
        _transaction?.Commit();
        EndTransaction();
    });

    public void Rollback() => Guard(EndTransaction);

    public bool Insert(OutboxEvent happened, DateTimeOffset storedAt, string run, long timestamp) => Guard(() =>
    {
        using var insert = Command("""
            INSERT OR IGNORE INTO outbox (id, topic, payload, bytes, stored_ms, run, clock, checksum)
            VALUES ($id, $topic, $payload, $bytes, $stored, $run, $clock, $checksum)
            """);
        insert.Parameters.AddWithValue("$id", happened.Id);
        insert.Parameters.AddWithValue("$topic", happened.Topic);
        insert.Parameters.AddWithValue("$payload", happened.Payload.ToArray());
        insert.Parameters.AddWithValue("$bytes", SizeOf(happened));
        insert.Parameters.AddWithValue("$stored", storedAt.ToUnixTimeMilliseconds());
        insert.Parameters.AddWithValue("$run", run);
        insert.Parameters.AddWithValue("$clock", timestamp);
        insert.Parameters.AddWithValue("$checksum", Checksum(happened));
        return insert.ExecuteNonQuery() == 1;
    });

    public IReadOnlyList<OutboxKey> Delete(IEnumerable<string> ids) => Guard(() =>
    {
        var gone = new List<OutboxKey>();
        foreach (var id in ids)
        {
            gone.AddRange(Delete("DELETE FROM outbox WHERE id = $value RETURNING id, topic, bytes", id, ""));
        }

        return gone;
    });

    public IReadOnlyList<OutboxKey> DeleteOlderThan(DateTimeOffset moment, string exceptId) => Guard(() => Delete(
        // What was stored before the clock of a device without a battery was set has no known age.
        $"DELETE FROM outbox WHERE stored_ms < $value AND stored_ms >= {PlausibleTime.Earliest.ToUnixTimeMilliseconds()} AND id <> $except RETURNING id, topic, bytes",
        moment.ToUnixTimeMilliseconds(),
        exceptId));

    public IReadOnlyList<OutboxKey> DeleteOldestOfTheLargestTopic(long most, string exceptId) => Guard(() => Delete(
        """
        DELETE FROM outbox WHERE seq IN (
            SELECT seq FROM outbox WHERE id <> $except AND topic =
                (SELECT topic FROM outbox WHERE id <> $except GROUP BY topic ORDER BY SUM(bytes) DESC, MIN(seq) LIMIT 1)
            ORDER BY seq LIMIT $value)
        RETURNING id, topic, bytes
        """,
        most,
        exceptId));

    public Dictionary<string, long> Lost() => Guard(() =>
    {
        using var select = Command("SELECT topic, events FROM lost");
        using var rows = select.ExecuteReader();
        var lost = new Dictionary<string, long>(StringComparer.Ordinal);
        while (rows.Read())
        {
            lost[rows.GetString(0)] = rows.GetInt64(1);
        }

        return lost;
    });

    public void SetLost(string topic, long events) => Guard(() =>
    {
        using var set = Command(events > 0
            ? "INSERT OR REPLACE INTO lost (topic, events) VALUES ($topic, $events)"
            : "DELETE FROM lost WHERE topic = $topic");
        set.Parameters.AddWithValue("$topic", topic);
        set.Parameters.AddWithValue("$events", events);
        set.ExecuteNonQuery();
    });

    public void ShiftClock(string run, TimeSpan by) => Guard(() =>
    {
        using var shift = Command("UPDATE outbox SET stored_ms = stored_ms + $by WHERE run = $run");
        shift.Parameters.AddWithValue("$by", (long)by.TotalMilliseconds);
        shift.Parameters.AddWithValue("$run", run);
        shift.ExecuteNonQuery();
    });

    public void SetLastTransaction(string run, long number) => Guard(() =>
    {
        using var set = Command("INSERT OR REPLACE INTO mark (one, run, number) VALUES (1, $run, $number)");
        set.Parameters.AddWithValue("$run", run);
        set.Parameters.AddWithValue("$number", number);
        set.ExecuteNonQuery();
    });

    public (string Run, long Number)? LastTransaction() => Guard<(string, long)?>(() =>
    {
        using var select = Command("SELECT run, number FROM mark");
        using var rows = select.ExecuteReader();
        return rows.Read() ? (rows.GetString(0), rows.GetInt64(1)) : null;
    });

    public IReadOnlyList<OutboxKey> Keys() => Guard(() =>
    {
        using var select = Command("SELECT id, topic, bytes FROM outbox ORDER BY seq");
        using var rows = select.ExecuteReader();
        return Keys(rows);
    });

    public IReadOnlyList<OutboxRow> Newest(int most) => Guard(() =>
    {
        using var select = Command($"SELECT {Columns} FROM outbox ORDER BY seq DESC LIMIT $most");
        select.Parameters.AddWithValue("$most", most);
        using var rows = select.ExecuteReader();
        var newest = new List<OutboxRow>();
        while (rows.Read())
        {
            newest.Add(Row(rows));
        }

        newest.Reverse();
        return newest;
    });

    public IReadOnlyList<string> Topics() => Guard(() =>
    {
        // From one topic to the next through the index, past the rows between.
        using var select = Command("""
            WITH RECURSIVE topics(topic) AS (
                SELECT MIN(topic) FROM outbox
                UNION ALL SELECT (SELECT MIN(topic) FROM outbox WHERE topic > topics.topic) FROM topics WHERE topic IS NOT NULL)
            SELECT topic FROM topics WHERE topic IS NOT NULL
            """);
        using var rows = select.ExecuteReader();
        var topics = new List<string>();
        while (rows.Read())
        {
            topics.Add(rows.GetString(0));
        }

        return topics;
    });

    public OutboxRow? First(string topic, long afterSeq) => Guard(() =>
    {
        using var select = Command($"SELECT {Columns} FROM outbox WHERE topic = $topic AND seq > $after ORDER BY seq LIMIT 1");
        select.Parameters.AddWithValue("$topic", topic);
        select.Parameters.AddWithValue("$after", afterSeq);
        using var rows = select.ExecuteReader();
        return rows.Read() ? Row(rows) : null;
    });

    public DateTimeOffset? OldestAt() => Guard<DateTimeOffset?>(() =>
        Scalar("SELECT stored_ms FROM outbox ORDER BY seq LIMIT 1") is { } text
            ? Moment(long.Parse(text, CultureInfo.InvariantCulture))
            : null);

    public OutboxFileState CheckFile()
    {
        if (_file is { } file && (FileIdentity.Of(_path) is not { } now || !now.IsSameFile(file)))
        {
            return OutboxFileState.Removed;
        }

        var log = FileIdentity.Of($"{_path}-wal");
        if (_log is { } known && (log is not { } found || !found.IsSameFile(known)))
        {
            return OutboxFileState.LogRemoved;
        }

        _log ??= log;
        return OutboxFileState.Same;
    }

    public void Checkpoint() => Guard(() => Run("PRAGMA wal_checkpoint(RESTART)"));

    public void Compact() => Guard(() => Run("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);"));

    public static long SizeOf(OutboxEvent happened) => happened.Payload.Length + happened.Topic.Length + happened.Id.Length;

    /// <summary>Reads a row of <see cref="Columns"/>.</summary>
    /// <exception cref="FormatException">It is not what was written.</exception>
    public static OutboxRow Row(SqliteDataReader rows)
    {
        var happened = new OutboxEvent(rows.GetString(1), rows.GetString(2), rows.GetFieldValue<byte[]>(3));
        return rows.IsDBNull(7) || rows.GetInt64(7) == Checksum(happened)
            ? new OutboxRow(rows.GetInt64(0), happened, rows.GetString(4), rows.GetInt64(5), Moment(rows.GetInt64(6)))
            : throw new FormatException("its checksum is wrong");
    }

    public void Dispose()
    {
        try
        {
            EndTransaction();
            _connection.Dispose();
        }
        catch (SqliteException fault)
        {
            // What was not committed is gone either way, and what was is in the log.
            _ = fault;
        }
    }

    private static DateTimeOffset Moment(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Clamp(milliseconds, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    // FNV-1a with 64 bits. SQLite checks how pages hang together and not what is in them.
    private static long Checksum(OutboxEvent happened)
    {
        var sum = 14695981039346656037UL;
        foreach (var value in Encoding.UTF8.GetBytes($"{happened.Id}\0{happened.Topic}\0"))
        {
            sum = (sum ^ value) * 1099511628211UL;
        }

        foreach (var value in happened.Payload.Span)
        {
            sum = (sum ^ value) * 1099511628211UL;
        }

        return unchecked((long)sum);
    }

    private static List<OutboxKey> Keys(SqliteDataReader rows)
    {
        var keys = new List<OutboxKey>();
        while (rows.Read())
        {
            keys.Add(new OutboxKey(rows.GetString(0), rows.GetString(1), rows.GetInt64(2)));
        }

        return keys;
    }

    private static void Guard(Action use)
    {
        try
        {
            use();
        }
        catch (Exception fault)
        {
            throw StorageError.From(fault);
        }
    }

    private static T Guard<T>(Func<T> use)
    {
        try
        {
            return use();
        }
        catch (Exception fault)
        {
            throw StorageError.From(fault);
        }
    }

    // SQLite treats a file shorter than one page as an empty database, and then ignores the write-ahead log beside it.
    private static void RefuseStub(string path)
    {
        var length = FileIdentity.Of(path)?.Length ?? -1;
        if (length is > 0 and < SmallestPage || (length == 0 && FileIdentity.Of($"{path}-wal") is { Length: > 0 }))
        {
            throw new StorageError(StorageErrorKind.Damaged, $"it has only {length} bytes");
        }
    }

    // Before anything is written to it.
    private void RefuseOthers()
    {
        if (int.Parse(Scalar("PRAGMA user_version") ?? "0", CultureInfo.InvariantCulture) > SchemaVersion)
        {
            throw new StorageError(StorageErrorKind.Newer, "a newer version of this service wrote it");
        }

        if (Scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'outbox'") == "0" && Scalar("SELECT COUNT(*) FROM sqlite_master") != "0")
        {
            throw new StorageError(StorageErrorKind.Foreign, "it is the database of another program");
        }
    }

    private List<OutboxKey> Delete(string text, object value, string exceptId)
    {
        using var delete = Command(text);
        delete.Parameters.AddWithValue("$value", value);
        delete.Parameters.AddWithValue("$except", exceptId);
        using var rows = delete.ExecuteReader();
        return Keys(rows);
    }

    private void EndTransaction()
    {
        var transaction = _transaction;
        _transaction = null;
        transaction?.Dispose();
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

    private long FramesRead()
    {
        using var checkpoint = Command("PRAGMA wal_checkpoint(PASSIVE)");
        using var rows = checkpoint.ExecuteReader();
        return rows.Read() ? rows.GetInt64(1) : 0;
    }

    private string? Scalar(string text)
    {
        using var command = Command(text);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) is { Length: > 0 } value ? value : null;
    }
}
