using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Tools.Faults;

/// <summary>What a subscriber got of what was produced.</summary>
/// <param name="Produced">Events that the service took into its outbox.</param>
/// <param name="Received">Different ones that arrived.</param>
/// <param name="Duplicates">Messages beyond the first of an id.</param>
/// <param name="Missing">Produced, and never arrived.</param>
/// <param name="OutOfOrder">Arrived before one of the same question that was produced earlier.</param>
/// <param name="ReportedLost">What the events themselves say was given up before them.</param>
internal sealed record EventCount(int Produced, int Received, int Duplicates, int Missing, int OutOfOrder, long ReportedLost);

/// <summary>Keeps count of what was produced, from the service's own log and, after a kill, from what lies in its outbox:
/// the log of a killed process may lack its last lines, and a row of the outbox is a promise as well.</summary>
internal sealed partial class EventLedger
{
    /// <summary>Which run of the service produced an event, by id.</summary>
    private readonly Dictionary<string, int> _runs = [];
    private int _run;

    /// <summary>How many events a run of the service says it has kept.</summary>
    public static int Count(string log) => Kept().Count(log);

    /// <param name="log">All that a run of the service wrote to standard error; may be read again when it has grown.</param>
    public void ReadLog(string log)
    {
        foreach (Match kept in Kept().Matches(log))
        {
            _runs.TryAdd(kept.Groups[1].Value, _run);
        }
    }

    /// <summary>What is read from now on was produced by another run of the service.</summary>
    public void NextRun() => _run++;

    /// <summary>Reads a copy, so that the file is as the killed process left it.</summary>
    /// <returns>Rows in it.</returns>
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

            // Frames are numbered in the order in which they were taken, from the start of each run.
            var place = (Run: _runs.GetValueOrDefault(id, _run), frame);
            var last = latest.GetValueOrDefault(message.Topic);
            wrong += place.CompareTo(last) < 0 ? 1 : 0;
            latest[message.Topic] = place.CompareTo(last) < 0 ? last : place;
        }

        // What only the subscriber knows was sent, acknowledged and removed in the moment of a kill.
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

    // An event that was dropped at once was never promised; the log says so in the same line.
    [GeneratedRegex(@"PublisherActor\[73\] Event (\S+) of (\S+): (?:stored on disk|kept in memory)")]
    private static partial Regex Kept();
}
