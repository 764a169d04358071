using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>The events that a subscriber received, compared with those that were produced.</summary>
/// <param name="Produced">Events that the service took into its outbox.</param>
/// <param name="Received">Different events that arrived.</param>
/// <param name="Duplicates">Messages with an id that had already arrived.</param>
/// <param name="Missing">Events that were produced and never arrived.</param>
/// <param name="OutOfOrder">Events that arrived before an earlier event of the same question.</param>
/// <param name="ReportedLost">Dropped events that later events report (<c>lostBefore</c>).</param>
internal sealed record EventCount(int Produced, int Received, int Duplicates, int Missing, int OutOfOrder, long ReportedLost);

/// <summary>Counts the produced events, from the service's own log and, after a kill, from the rows in its outbox: the log of a
/// killed process may lack its last lines, and a row in the outbox must be delivered as well.</summary>
internal sealed partial class EventLedger
{
    /// <summary>The run of the service that produced each event, by the event's id.</summary>
    private readonly Dictionary<string, int> _runs = [];
    private int _run;

    /// <summary>The number of events that a run of the service logged as kept.</summary>
    public static int Count(string log) => Kept().Count(log);

    /// <summary>Reads the events from the log of the current run.</summary>
    /// <param name="log">The standard error of the run so far; a longer version of it may be read again.</param>
    public void ReadLog(string log)
    {
        foreach (Match kept in Kept().Matches(log))
        {
            _runs.TryAdd(kept.Groups[1].Value, _run);
        }
    }

    /// <summary>Starts the next run: events that are read from now on were produced by another run of the service.</summary>
    public void NextRun() => _run++;

    /// <summary>Reads the events in an outbox. It reads a copy, so that the file stays as the killed process left it.</summary>
    /// <returns>The number of rows.</returns>
    public int ReadOutbox(string path)
    {
        if (!File.Exists(path))
        {
            return 0;
        }

        var folder = Directory.CreateTempSubdirectory("outbox-copy-").FullName;
        try
        {
            foreach (var suffix in (string[])["", "-wal"])
            {
                if (File.Exists(path + suffix))
                {
                    File.Copy(path + suffix, Path.Combine(folder, "copy.db" + suffix));
                }
            }

            return ReadCopy(Path.Combine(folder, "copy.db"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public EventCount Compare(IEnumerable<ReceivedMessage> received)
    {
        var (seen, all, lost, wrong) = (new HashSet<string>(), 0, 0L, 0);
        var latest = new Dictionary<string, (int Run, long Frame)>();
        foreach (var message in received.Where(IsEvent))
        {
            all++;
            var (id, frame, before) = Read(message);
            if (!seen.Add(id))
            {
                continue;
            }

            lost += before;

            // Frames are numbered in capture order from the start of each run.
            var position = (Run: _runs.GetValueOrDefault(id, _run), frame);
            var last = latest.GetValueOrDefault(message.Topic);
            wrong += position.CompareTo(last) < 0 ? 1 : 0;
            latest[message.Topic] = position.CompareTo(last) < 0 ? last : position;
        }

        // An event that only the subscriber has was sent, acknowledged and removed immediately before a kill.
        return new EventCount(_runs.Keys.Union(seen).Count(), seen.Count, all - seen.Count, _runs.Keys.Except(seen).Count(), wrong, lost);
    }

    public static bool IsEvent(ReceivedMessage message) => message.Topic.EndsWith("/event", StringComparison.Ordinal);

    private static (string Id, long Frame, long Lost) Read(ReceivedMessage message)
    {
        using var body = JsonDocument.Parse(message.Text);
        var root = body.RootElement;
        return (
            root.GetProperty("id").GetString()!,
            root.GetProperty("frame").GetInt64(),
            root.TryGetProperty("lostBefore", out var lost) ? lost.GetInt64() : 0);
    }

    private int ReadCopy(string path)
    {
        using var connection = new SqliteConnection(string.Create(CultureInfo.InvariantCulture, $"Data Source={path};Pooling=False"));
        connection.Open();
        using var select = connection.CreateCommand();
        select.CommandText = "SELECT id FROM outbox";
        using var rows = select.ExecuteReader();
        var count = 0;
        for (; rows.Read(); count++)
        {
            _runs.TryAdd(rows.GetString(0), _run);
        }

        return count;
    }

    // An event that was dropped at once is logged in the same way without these words, and need not arrive.
    [GeneratedRegex(@"PublisherActor\[73\] Event (\S+) of (\S+): (?:stored on disk|kept in memory)")]
    private static partial Regex Kept();
}
