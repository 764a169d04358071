using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <summary>Copies the database of a history that no service uses.</summary>
public static class HistoryCopy
{
    /// <summary>Copies it by SQLite's backup, which includes what only its log has so far.</summary>
    /// <param name="file">The database.</param>
    /// <param name="copy">An empty file, which gets the content.</param>
    /// <exception cref="IOException">It is damaged, in use, or cannot be read or written.</exception>
    public static void Copy(string file, string copy)
    {
        try
        {
            using var source = Open(file, SqliteOpenMode.ReadWrite);
            using var target = Open(copy, SqliteOpenMode.ReadWriteCreate);
            source.BackupDatabase(target);
        }
        catch (SqliteException fault)
        {
            throw new IOException($"'{file}' cannot be copied: {fault.Message.TrimEnd('.')}.", fault);
        }
    }

    private static SqliteConnection Open(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }
}
