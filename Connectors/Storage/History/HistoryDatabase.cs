using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>The tables in SQLite and the statements on them. Every method but <see cref="Dispose"/>, which throws nothing, throws
/// <see cref="StorageError"/> and nothing else. One thread at a time.</summary>
/// <remarks>Scores are stored in ten-thousandths and durations in tenths of a millisecond, as whole numbers, which take two or three bytes. Words
/// that repeat are in tables of their own.</remarks>
internal sealed partial class HistoryDatabase : IDisposable
{
    private const int SchemaVersion = 1;
    private const int ScoreScale = 10_000;
    private const int ReasonTextLimit = 100;

    /// <summary>How long to wait for another process that has the file open, such as a copy being made of it.</summary>
    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(1);

    // A value is a number where it stands in the table of words, otherwise a text: such columns have no type.
    private const string Schema = """
        CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE IF NOT EXISTS question (id INTEGER PRIMARY KEY, camera TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (camera, name));
        CREATE TABLE IF NOT EXISTS threshold (id INTEGER PRIMARY KEY, yes_above INTEGER, no_below INTEGER, min_score INTEGER);
        CREATE TABLE IF NOT EXISTS answer (
            question INTEGER NOT NULL, at INTEGER NOT NULL, frame INTEGER NOT NULL, value, score INTEGER, threshold INTEGER,
            reused INTEGER NOT NULL, reason INTEGER, age INTEGER NOT NULL, encode INTEGER NOT NULL, prefill INTEGER NOT NULL, decode INTEGER NOT NULL,
            scorer INTEGER,
            PRIMARY KEY (question, at)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS minute (
            question INTEGER NOT NULL, at INTEGER NOT NULL, answers INTEGER NOT NULL, unclear INTEGER NOT NULL, reused INTEGER NOT NULL,
            scored INTEGER NOT NULL, low INTEGER, high INTEGER, total INTEGER NOT NULL, value INTEGER, threshold INTEGER, reason INTEGER,
            scorer INTEGER,
            PRIMARY KEY (question, at)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS state (
            question INTEGER NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL, reason INTEGER, PRIMARY KEY (question, at)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS snapshot (
            id INTEGER PRIMARY KEY AUTOINCREMENT, camera INTEGER NOT NULL, at INTEGER NOT NULL, frame INTEGER NOT NULL, bytes INTEGER NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS snapshot_frame ON snapshot (camera, at, frame);
        CREATE INDEX IF NOT EXISTS snapshot_at ON snapshot (at);
        CREATE TABLE IF NOT EXISTS clip (
            camera INTEGER NOT NULL, at INTEGER NOT NULL, frame INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (camera, at, frame)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS clip_at ON clip (at);
        CREATE TABLE IF NOT EXISTS event (
            id BLOB PRIMARY KEY, question INTEGER NOT NULL, at INTEGER NOT NULL, since INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
            score INTEGER, frame INTEGER NOT NULL, text TEXT NOT NULL, document TEXT NOT NULL, snapshot INTEGER, keep INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS event_at ON event (at, id);
        CREATE INDEX IF NOT EXISTS event_snapshot ON event (snapshot) WHERE snapshot IS NOT NULL;
        CREATE TABLE IF NOT EXISTS run (id INTEGER PRIMARY KEY AUTOINCREMENT, began INTEGER NOT NULL, last INTEGER NOT NULL);
        """;

    /// <summary>Columns that files of earlier versions lack: (table, column). They may be null, so that an earlier version can go on with a
    /// file that has them, and the number of the schema stays.</summary>
    private static readonly (string Table, string Column)[] AddedColumns = [("answer", "scorer"), ("minute", "scorer")];

    private readonly SqliteConnection _connection;
    private readonly string _path;
    private readonly FileIdentity? _file;
    private readonly Dictionary<string, long> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Camera, string Name), long> _questions = [];
    private readonly Dictionary<HistoryThresholds, long> _thresholds = [];
    private SqliteCommand? _insertAnswer;
    private SqliteTransaction? _transaction;

    private HistoryDatabase(SqliteConnection connection, string path)
    {
        (_connection, _path) = (connection, path);
        connection.Open();
        _file = FileIdentity.Of(path);
    }

    /// <summary>The file did not exist, or had no tables.</summary>
    public bool IsNew { get; private set; }

    /// <summary>Opens or creates the file, and reads it through for damage.</summary>
    /// <exception cref="StorageError">It cannot be opened, is damaged, or is not this service's.</exception>
    public static HistoryDatabase Open(string path)
    {
        SqliteConnection? connection = null;
        try
        {
            if (FileIdentity.Of(path) is { IsRegularFile: false })
            {
                throw new StorageError(StorageErrorKind.Unusable, "it is not a regular file");
            }

            connection = new SqliteConnection(new SqliteConnectionStringBuilder
            {
                DataSource = path,
                Pooling = false,
                DefaultTimeout = (int)LockTimeout.TotalSeconds,
            }.ToString());
            var database = new HistoryDatabase(connection, path);
            database.Prepare();
            return database;
        }
        catch (Exception fault)
        {
            connection?.Dispose();
            throw fault is SqliteException { SqliteErrorCode: raw.SQLITE_ERROR }
                ? new StorageError(StorageErrorKind.Damaged, $"its tables are not those of a history ({fault.Message})", fault)
                : StorageError.From(fault);
        }
    }

    public void Begin() => Guard(() => _transaction = _connection.BeginTransaction());

    public void Commit() => Guard(() =>
    {
        _transaction?.Commit();
        EndTransaction();
    });

    /// <summary>Gives up what was begun, if anything was.</summary>
    public void Rollback() => Guard(() =>
    {
        EndTransaction();

        // Numbers that were given in the transaction do not exist any more.
        _words.Clear();
        _questions.Clear();
        _thresholds.Clear();
    });

    /// <summary>Begins a time in which answers are stored.</summary>
    /// <returns>Its number.</returns>
    public long BeginRun(long atMs) => Guard(() => Number("INSERT INTO run (began, last) VALUES ($a, $a) RETURNING id", atMs));

    /// <summary>The service stores answers at this moment.</summary>
    public void ContinueRun(long run, long atMs) => Guard(() => Run("UPDATE run SET last = MAX(last, $b) WHERE id = $a", run, atMs));

    /// <returns>Number of the snapshot, and whether it is new.</returns>
    public (long Id, bool IsNew) InsertSnapshot(SnapshotName name, long bytes) => Guard(() =>
    {
        var camera = Word(name.Camera);
        return Scalar("SELECT id FROM snapshot WHERE camera = $a AND at = $b AND frame = $c", camera, name.AtMs, name.Frame) is long known
            ? (known, false)
            : (Number("INSERT INTO snapshot (camera, at, frame, bytes) VALUES ($a, $b, $c, $d) RETURNING id", camera, name.AtMs, name.Frame, bytes), true);
    });

    /// <returns>False when the question has an answer of this moment already.</returns>
    public bool InsertAnswer(string camera, long atMs, long frame, HistoryAnswer answer) => Guard(() =>
    {
        var insert = _insertAnswer ??= PrepareInsertAnswer();
        insert.Transaction = _transaction;
        object?[] values =
        [
            Question(camera, answer.Question),
            atMs,
            frame,
            answer.Value is { } value ? answer.IsWord ? Word(value) : value : null,
            ToScore(answer.Score),
            answer.Thresholds is { } thresholds ? Threshold(thresholds) : null,
            answer.Reused ? 1L : 0L,
            answer.Reason is { } reason ? Word(Shortened(reason)) : null,
            ToTenths(answer.Age),
            ToTenths(answer.Encode),
            ToTenths(answer.Prefill),
            ToTenths(answer.Decode),
            answer.ScoredBy is { } scorer ? Word(Shortened(scorer)) : null,
        ];
        for (var i = 0; i < values.Length; i++)
        {
            insert.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return insert.ExecuteNonQuery() == 1;
    });

    public void InsertState(string camera, long atMs, HistoryState state) => Guard(() => Run(
        "INSERT OR REPLACE INTO state (question, at, state, reason) VALUES ($a, $b, $c, $d)",
        Question(camera, state.Question),
        atMs,
        Word(state.State),
        state.Reason is { } reason ? Word(Shortened(reason)) : null));

    /// <returns>False when an event of this id is there already.</returns>
    public bool InsertEvent(string camera, HistoryEvent happened, long? snapshot) => Guard(() =>
    {
        using var insert = Command("""
            INSERT OR IGNORE INTO event (id, question, at, since, before, after, score, frame, text, document, snapshot, keep)
            VALUES ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, 0)
            """);
        Bind(
            insert,
            IdOf(happened.Id),
            Question(camera, happened.Question),
            happened.At.ToUnixTimeMilliseconds(),
            happened.Since.ToUnixTimeMilliseconds(),
            happened.From,
            happened.To,
            ToScore(happened.Score),
            happened.Frame,
            happened.Text,
            happened.Document,
            snapshot);
        return insert.ExecuteNonQuery() == 1;
    });

    /// <summary>Whether the file at the path is the one that is open.</summary>
    public bool IsInPlace() => _file is { } file && FileIdentity.Of(_path) is { } now && now.IsSameFile(file);

    /// <summary>Gives free pages back to the disk and empties the log, so that neither contains what was deleted.</summary>
    public void Compact() => Guard(() =>
    {
        Run("PRAGMA incremental_vacuum");
        Run("PRAGMA wal_checkpoint(TRUNCATE)");
    });

    /// <summary>Copies everything that is committed to another file, which only its owner may read. No transaction may be open.</summary>
    public void CopyTo(string file) => Guard(() =>
    {
        PrivateFiles.Replace(file, []);
        using var target = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        target.Open();
        _connection.BackupDatabase(target);
    });

    public void Dispose()
    {
        try
        {
            EndTransaction();
            _insertAnswer?.Dispose();
            _connection.Dispose();
        }
        catch (SqliteException fault)
        {
            // What was not committed is gone either way, and what was is in the log.
            _ = fault;
        }
    }

    private void Prepare()
    {
        if (Number("PRAGMA user_version") > SchemaVersion)
        {
            throw new StorageError(StorageErrorKind.Newer, "a newer version of this service wrote it");
        }

        var tables = Number("SELECT COUNT(*) FROM sqlite_master");
        if (tables > 0 && Number("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('answer', 'snapshot', 'word')") != 3)
        {
            throw new StorageError(StorageErrorKind.Foreign, "it is the database of another program");
        }

        IsNew = tables == 0;
        Run("""
            PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA secure_delete = ON;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = NORMAL;
            PRAGMA wal_autocheckpoint = 64;
            PRAGMA journal_size_limit = 262144;
            """);
        if (Scalar("PRAGMA quick_check(1)") is not "ok" and var found)
        {
            throw new StorageError(StorageErrorKind.Damaged, $"quick_check: {found}");
        }

        Begin();
        Run(Schema);
        foreach (var (table, column) in AddedColumns)
        {
            if (Number("SELECT COUNT(*) FROM pragma_table_info($a) WHERE name = $b", table, column) == 0)
            {
                Run($"ALTER TABLE {table} ADD COLUMN {column} INTEGER");
            }
        }

        Run(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {SchemaVersion}"));
        Commit();
    }

    private SqliteCommand PrepareInsertAnswer()
    {
        var insert = Command("""
            INSERT OR IGNORE INTO answer (question, at, frame, value, score, threshold, reused, reason, age, encode, prefill, decode, scorer)
            VALUES ($a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, $l, $m)
            """);
        for (var name = 'a'; name <= 'm'; name++)
        {
            insert.Parameters.Add(new SqliteParameter($"${name}", null));
        }

        return insert;
    }

    private long Word(string text)
    {
        if (!_words.TryGetValue(text, out var id))
        {
            id = Scalar("SELECT id FROM word WHERE text = $a", text) as long?
                ?? Number("INSERT INTO word (text) VALUES ($a) RETURNING id", text);
            _words.Add(text, id);
        }

        return id;
    }

    private long Question(string camera, string name)
    {
        if (!_questions.TryGetValue((camera, name), out var id))
        {
            id = FindQuestion(camera, name)
                ?? Number("INSERT INTO question (camera, name) VALUES ($a, $b) RETURNING id", camera, name);
            _questions.Add((camera, name), id);
        }

        return id;
    }

    private long? FindQuestion(string camera, string name) =>
        Scalar("SELECT id FROM question WHERE camera = $a AND name = $b", camera, name) as long?;

    private long Threshold(HistoryThresholds thresholds)
    {
        if (!_thresholds.TryGetValue(thresholds, out var id))
        {
            var (yes, no, least) = (ToScore(thresholds.YesAbove), ToScore(thresholds.NoBelow), ToScore(thresholds.MinScore));
            id = Scalar("SELECT id FROM threshold WHERE yes_above IS $a AND no_below IS $b AND min_score IS $c", yes, no, least) as long?
                ?? Number("INSERT INTO threshold (yes_above, no_below, min_score) VALUES ($a, $b, $c) RETURNING id", yes, no, least);
            _thresholds.Add(thresholds, id);
        }

        return id;
    }

    private static byte[] IdOf(Guid id) => id.ToByteArray(bigEndian: true);

    private static long? ToScore(double? score) => score is { } value && double.IsFinite(value) ? (long)Math.Round(value * ScoreScale) : null;

    private static double? FromScore(long? score) => score / (double)ScoreScale;

    private static long ToTenths(TimeSpan time) => (long)Math.Round(time.TotalMilliseconds * 10);

    private static TimeSpan FromTenths(long tenths) => TimeSpan.FromTicks(tenths * (TimeSpan.TicksPerMillisecond / 10));

    private static string Shortened(string text) => text.Length <= ReasonTextLimit ? text : text[..ReasonTextLimit];

    private static void Guard(Action use) => Guard(() =>
    {
        use();
        return true;
    });

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

    private static void Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        var name = 'a';
        foreach (var value in values)
        {
            command.Parameters.AddWithValue($"${name++}", value ?? DBNull.Value);
        }
    }

    private int Run(string text, params ReadOnlySpan<object?> values)
    {
        using var command = Command(text);
        Bind(command, values);
        return command.ExecuteNonQuery();
    }

    /// <returns>A <see cref="long"/>, a text, or null.</returns>
    private object? Scalar(string text, params ReadOnlySpan<object?> values)
    {
        using var command = Command(text);
        Bind(command, values);
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    private long Number(string text, params ReadOnlySpan<object?> values) =>
        Scalar(text, values) is long number ? number : throw new FormatException("a number is missing");

    private List<T> Rows<T>(string text, Func<SqliteDataReader, T> read, params ReadOnlySpan<object?> values)
    {
        using var command = Command(text);
        Bind(command, values);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
