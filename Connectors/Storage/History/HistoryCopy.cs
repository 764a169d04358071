using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>Copies the database of a history that no service uses, and fits a copy to the files that were copied with it.</summary>
public static class HistoryCopy
{
    /// <summary>Copies it by SQLite's backup, which includes what only its log has so far.</summary>
    /// <param name="file">The database.</param>
    /// <param name="copy">An empty file, which gets the content.</param>
    /// <exception cref="IOException">It is damaged, in use, or cannot be read or written.</exception>
    public static void Copy(string file, string copy) => Guard(file, "copied", () =>
    {
        using var source = Open(file, SqliteOpenMode.ReadWrite);
        using var target = Open(copy, SqliteOpenMode.ReadWriteCreate);
        source.BackupDatabase(target);
    });

    /// <summary>Removes from a copy the snapshots and clips that are not among the copied files, because they were deleted meanwhile: a row always
    /// has its file.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="hasFile">Whether a file was copied, by its path below the folder of snapshots.</param>
    /// <returns>How many rows were removed.</returns>
    /// <exception cref="IOException">It is damaged, or cannot be written.</exception>
    public static int RemoveMissing(string copy, Func<string, bool> hasFile) => Guard(copy, "changed", () =>
    {
        using var database = Open(copy, SqliteOpenMode.ReadWrite);
        Run(database, "PRAGMA journal_mode = DELETE");
        Run(database, "PRAGMA secure_delete = ON");
        using var transaction = database.BeginTransaction();
        var removed = 0;
        foreach (var (table, extension) in ((string, string)[])[("snapshot", SnapshotName.Picture), ("clip", SnapshotName.Clip)])
        {
            // An earlier version has no clips.
            if (Has(database, table))
            {
                removed += Remove(database, table, name => hasFile(extension == SnapshotName.Clip ? name.ClipPath : name.Path));
            }
        }

        if (removed > 0)
        {
            Run(database, "UPDATE event SET snapshot = NULL WHERE snapshot IS NOT NULL AND snapshot NOT IN (SELECT id FROM snapshot)");
        }

        transaction.Commit();
        return removed;
    });

    private static int Remove(SqliteConnection database, string table, Func<SnapshotName, bool> hasFile)
    {
        var missing = new List<(long Camera, long At, long Frame)>();
        using (var select = Command(database, $"SELECT text, at, frame, word.id FROM {table} JOIN word ON word.id = camera"))
        using (var rows = select.ExecuteReader())
        {
            while (rows.Read())
            {
                if (!hasFile(new SnapshotName(rows.GetString(0), rows.GetInt64(1), rows.GetInt64(2))))
                {
                    missing.Add((rows.GetInt64(3), rows.GetInt64(1), rows.GetInt64(2)));
                }
            }
        }

        foreach (var (camera, at, frame) in missing)
        {
            using var delete = Command(database, $"DELETE FROM {table} WHERE camera = $a AND at = $b AND frame = $c");
            delete.Parameters.AddWithValue("$a", camera);
            delete.Parameters.AddWithValue("$b", at);
            delete.Parameters.AddWithValue("$c", frame);
            delete.ExecuteNonQuery();
        }

        return missing.Count;
    }

    private static bool Has(SqliteConnection database, string table)
    {
        using var find = Command(database, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $a");
        find.Parameters.AddWithValue("$a", table);
        return (long)find.ExecuteScalar()! > 0;
    }

    private static void Run(SqliteConnection database, string statement)
    {
        using var command = Command(database, statement);
        command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection database, string text)
    {
        var command = database.CreateCommand();
        command.CommandText = text;
        return command;
    }

    private static void Guard(string file, string done, Action use) => Guard(file, done, () =>
    {
        use();
        return true;
    });

    private static T Guard<T>(string file, string done, Func<T> use)
    {
        try
        {
            return use();
        }
        catch (SqliteException fault)
        {
            throw new IOException($"'{file}' cannot be {done}: {fault.Message.TrimEnd('.')}.", fault);
        }
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
