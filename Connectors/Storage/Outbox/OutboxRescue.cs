using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.Outbox;

/// <summary>Reads what can be read out of a database that is damaged or may not be written. Works on a copy: reading a
/// database changes the files beside it.</summary>
internal static class OutboxRescue
{
    /// <summary>A larger file is not copied; what is in it then counts as lost.</summary>
    private const long LargestCopy = 512L << 20;

    private const string InOrder = $"SELECT {OutboxDatabase.Columns} FROM outbox ORDER BY seq";

    // As 0.1.0 wrote it.
    private const string InOrderWithoutChecksum = "SELECT seq, id, topic, payload, run, clock, stored_ms, NULL FROM outbox ORDER BY seq";

    /// <summary>Reads all rows that are intact. Never throws; after an error it returns what was read.</summary>
    public static RescuedEvents Read(string path)
    {
        string? folder = null;
        try
        {
            string[] files = [.. ((string[])["", "-wal"]).Where(part => FileIdentity.Of(path + part) is { IsRegularFile: true })];
            if (files.Length == 0 || files.Sum(part => FileIdentity.Of(path + part)?.Length ?? 0) > LargestCopy)
            {
                return RescuedEvents.None;
            }

            folder = Directory.CreateTempSubdirectory("mobilevlm-rescue-").FullName;
            foreach (var part in files)
            {
                // Not File.Copy, which would copy the permissions too: a file that may not be written stays so.
                using var from = File.OpenRead(path + part);
                using var to = File.Create(Path.Combine(folder, $"copy{part}"));
                from.CopyTo(to);
            }

            using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "copy")};Pooling=False");
            connection.Open();
            return new RescuedEvents(
                Rows(connection),
                Totals(connection, "SELECT topic, COUNT(*) FROM outbox INDEXED BY outbox_topic GROUP BY topic"),
                Totals(connection, "SELECT topic, events FROM lost"));
        }
        catch (Exception fault)
        {
            _ = fault;
            return RescuedEvents.None;
        }
        finally
        {
            Remove(folder);
        }
    }

    // From both ends, up to the damage between.
    private static List<OutboxRow> Rows(SqliteConnection connection)
    {
        var oldest = new List<OutboxRow>();
        var columns = Read(connection, $"{InOrder} LIMIT 0", oldest.Add) ? InOrder : InOrderWithoutChecksum;
        if (Read(connection, columns, oldest.Add))
        {
            return oldest;
        }

        var newest = new List<OutboxRow>();
        Read(connection, $"{columns} DESC", newest.Add);
        newest.Reverse();
        var until = oldest.Count == 0 ? long.MinValue : oldest[^1].Seq;
        return [.. oldest, .. newest.Where(row => row.Seq > until)];
    }

    /// <returns>Whether the end was reached.</returns>
    private static bool Read(SqliteConnection connection, string text, Action<OutboxRow> take)
    {
        try
        {
            using var select = connection.CreateCommand();
            select.CommandText = text;
            using var rows = select.ExecuteReader();
            while (rows.Read())
            {
                if (TryRow(rows, out var row) && row is { Event: { Id.Length: > 0, Topic.Length: > 0 } })
                {
                    take(row);
                }
            }

            return true;
        }
        catch (SqliteException fault)
        {
            _ = fault;
            return false;
        }
    }

    private static bool TryRow(SqliteDataReader rows, out OutboxRow row)
    {
        try
        {
            row = OutboxDatabase.Row(rows);
            return true;
        }
        catch (Exception fault) when (fault is not SqliteException)
        {
            row = null!;
            return false;
        }
    }

    private static Dictionary<string, long> Totals(SqliteConnection connection, string text)
    {
        var totals = new Dictionary<string, long>(StringComparer.Ordinal);
        try
        {
            using var select = connection.CreateCommand();
            select.CommandText = text;
            using var rows = select.ExecuteReader();
            while (rows.Read())
            {
                totals[rows.GetString(0)] = Math.Max(0, rows.GetInt64(1));
            }
        }
        catch (Exception fault)
        {
            // What came before the damage counts.
            _ = fault;
        }

        return totals;
    }

    private static void Remove(string? folder)
    {
        try
        {
            if (folder is not null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _ = fault;
        }
    }
}
