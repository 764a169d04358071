using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Reading.</content>
internal sealed partial class HistoryDatabase
{
    private const string EventColumns =
        "event.id, question.camera, question.name, event.at, since, before, after, score, event.frame, event.text, document, snapshot, keep";

    /// <summary>No question has this id.</summary>
    private const long NoQuestion = -1;

    private const string HasClip = """
        EXISTS (SELECT 1 FROM clip JOIN word ON word.id = clip.camera WHERE word.text = question.camera AND clip.at = event.at AND clip.frame = event.frame)
        """;

    private const string Events = $"SELECT {EventColumns}, {HasClip} FROM event JOIN question ON question.id = event.question";

    /// <summary>The timeline of one question, without gaps.</summary>
    public HistoryTimeline Timeline(TimelineQuery query) => Guard(() =>
    {
        var (from, to) = (query.From.ToUnixTimeMilliseconds(), query.To.ToUnixTimeMilliseconds());
        var snapshots = Rows(
            """
            SELECT snapshot.id, at, frame FROM snapshot JOIN word ON word.id = camera
            WHERE word.text = $a AND at >= $b AND at < $c ORDER BY at
            """,
            row => new StoredSnapshot(row.GetInt64(0), At(row.GetInt64(1)), row.GetInt64(2)),
            query.Camera,
            from,
            to);
        if (FindQuestion(query.Camera, query.Question) is not { } question)
        {
            return new HistoryTimeline([], [], [], snapshots);
        }

        var points = new PointBuilder(from, Math.Max(1, (long)query.Bucket.TotalMilliseconds));
        using (var minutes = Command("""
            SELECT at, answers, unclear, reused, scored, low, high, total, value, threshold, reason, scorer FROM minute
            WHERE question = $a AND at >= $b AND at < $c ORDER BY at
            """))
        {
            Bind(minutes, question, from, to);
            using var row = minutes.ExecuteReader();
            while (row.Read())
            {
                var point = points.At(row.GetInt64(0));
                point.Add(row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
                point.AddScores(row.GetInt64(4), Whole(row, 5), Whole(row, 6), row.GetInt64(7));
                point.Last(row.IsDBNull(8) ? null : row.GetValue(8), Whole(row, 9), Whole(row, 10), Whole(row, 11));
            }
        }

        using (var answers = Command(
            "SELECT at, value, score, threshold, reused, reason, scorer FROM answer WHERE question = $a AND at >= $b AND at < $c ORDER BY at"))
        {
            Bind(answers, question, from, to);
            using var row = answers.ExecuteReader();
            while (row.Read())
            {
                var point = points.At(row.GetInt64(0));
                point.Add(1, row.IsDBNull(1) ? 1 : 0, row.GetInt64(4));
                if (Whole(row, 2) is { } score)
                {
                    point.AddScores(1, score, score, score);
                }

                point.Last(row.IsDBNull(1) ? null : row.GetValue(1), Whole(row, 3), Whole(row, 5), Whole(row, 6));
            }
        }

        var (words, thresholds) = (Words(), Thresholds());
        var states = Rows(
            """
            SELECT at, state, reason FROM state WHERE question = $a AND at < $c
            AND at >= COALESCE((SELECT MAX(at) FROM state WHERE question = $a AND at <= $b), $b) ORDER BY at
            """,
            row => new TimelineState(At(row.GetInt64(0)), words.GetValueOrDefault(row.GetInt64(1), ""), Text(words, Whole(row, 2))),
            question,
            from,
            to);
        return new HistoryTimeline([.. points.Build(words, thresholds)], states, [], snapshots);
    });

    /// <summary>The times in which answers were stored, in their order.</summary>
    public IReadOnlyList<(long FromMs, long ToMs)> Runs(long fromMs, long toMs) => Guard(() => Rows(
        "SELECT began, last FROM run WHERE last >= $a AND began < $b ORDER BY began", row => (row.GetInt64(0), row.GetInt64(1)), fromMs, toMs));

    /// <summary>Some events, newest first.</summary>
    public EventPage FindEvents(EventQuery query) => Guard(() =>
    {
        // A text that is always true keeps the number of parameters the same.
        var found = Rows(
            $"""
            {Events} WHERE ($a IS NULL OR question.camera = $a) AND ($b IS NULL OR question.name = $b)
            AND at >= $c AND at < $d AND (at < $e OR (at = $e AND event.id < $f)) ORDER BY at DESC, event.id DESC LIMIT $g
            """,
            Event,
            query.Camera,
            query.Question,
            query.From?.ToUnixTimeMilliseconds() ?? long.MinValue,
            query.To?.ToUnixTimeMilliseconds() ?? long.MaxValue,
            query.After?.AtMs ?? long.MaxValue,
            query.After is { } after ? IdOf(after.Id) : Array.Empty<byte>(),
            query.Limit + 1);
        var events = found.Take(query.Limit).ToList();
        return new EventPage(
            events,
            found.Count > events.Count && events is [.., var last] ? new EventCursor(last.Event.At.ToUnixTimeMilliseconds(), last.Event.Id) : null);
    });

    /// <summary>One event; null for an unknown one.</summary>
    public StoredEvent? FindEvent(Guid id) => Guard(() => Rows($"{Events} WHERE event.id = $a", Event, IdOf(id)).FirstOrDefault());

    /// <summary>Snapshots of a camera with the answers to one question, newest first.</summary>
    public IReadOnlyList<ScoredSnapshot> Snapshots(SnapshotQuery query) => Guard(() =>
    {
        var thresholds = Thresholds();
        return Rows(
            """
            SELECT snapshot.id, snapshot.at, snapshot.frame, COALESCE(answer.score, minute.total / NULLIF(minute.scored, 0)), COALESCE(answer.threshold, minute.threshold)
            FROM snapshot JOIN word ON word.id = snapshot.camera
            LEFT JOIN answer ON answer.question = $b AND answer.at = snapshot.at
            LEFT JOIN minute ON minute.question = $b AND minute.at = snapshot.at - snapshot.at % 60000
            WHERE word.text = $a AND ($c IS NULL OR snapshot.id = $c) AND ($d IS NULL OR snapshot.frame = $d)
            AND snapshot.at >= $e AND snapshot.at < $f ORDER BY snapshot.at DESC LIMIT $g
            """,
            row => new ScoredSnapshot(
                new StoredSnapshot(row.GetInt64(0), At(row.GetInt64(1)), row.GetInt64(2)),
                FromScore(Whole(row, 3)),
                Whole(row, 4) is { } threshold ? thresholds.GetValueOrDefault(threshold) : null),
            query.Camera,
            FindQuestion(query.Camera, query.Question) ?? NoQuestion,
            query.Id,
            query.Frame,
            query.From?.ToUnixTimeMilliseconds() ?? long.MinValue,
            query.To?.ToUnixTimeMilliseconds() ?? long.MaxValue,
            query.Limit);
    });

    /// <summary>One snapshot; null for an unknown one.</summary>
    public SnapshotName? FindSnapshot(long id) => Guard(() => Rows(
        "SELECT word.text, at, frame FROM snapshot JOIN word ON word.id = camera WHERE snapshot.id = $a",
        row => (SnapshotName?)new SnapshotName(row.GetString(0), row.GetInt64(1), row.GetInt64(2)),
        id).FirstOrDefault());

    private static StoredEvent Event(SqliteDataReader row) => new(
        row.GetString(1),
        new HistoryEvent(new Guid(row.GetFieldValue<byte[]>(0), bigEndian: true), row.GetString(2), row.GetString(5), row.GetString(6))
        {
            At = At(row.GetInt64(3)),
            Since = At(row.GetInt64(4)),
            Score = FromScore(Whole(row, 7)),
            Frame = row.GetInt64(8),
            Text = row.GetString(9),
            Document = row.GetString(10),
        },
        Whole(row, 11),
        row.GetInt64(12) != 0)
    {
        HasClip = row.GetInt64(13) != 0,
    };

    private Dictionary<long, string> Words() =>
        Rows("SELECT id, text FROM word", row => (row.GetInt64(0), row.GetString(1))).ToDictionary();

    private Dictionary<long, HistoryThresholds> Thresholds() => Rows(
        "SELECT id, yes_above, no_below, min_score FROM threshold",
        row => (row.GetInt64(0), new HistoryThresholds(FromScore(Whole(row, 1)), FromScore(Whole(row, 2)), FromScore(Whole(row, 3))))).ToDictionary();

    private static string? Text(Dictionary<long, string> words, long? word) => word is { } id ? words.GetValueOrDefault(id) : null;

    private static string? Value(Dictionary<long, string> words, object? value) => value is long word ? Text(words, word) : value as string;

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(
        Math.Clamp(milliseconds, DateTimeOffset.MinValue.ToUnixTimeMilliseconds(), DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));

    /// <summary>Adds answers up to points, in the order of their time from two tables.</summary>
    private sealed class PointBuilder(long from, long bucket)
    {
        private readonly SortedDictionary<long, Point> _points = [];
        private Point? _last;

        public Point At(long at)
        {
            var number = (at - from) / bucket;
            if (_last?.Number != number && !_points.TryGetValue(number, out _last))
            {
                _points.Add(number, _last = new Point(number));
            }

            return _last!;
        }

        public IEnumerable<TimelinePoint> Build(Dictionary<long, string> words, Dictionary<long, HistoryThresholds> thresholds) =>
            _points.Values.Select(point => point.Build(from + (point.Number * bucket), words, thresholds));
    }

    private sealed class Point(long number)
    {
        private long _answers;
        private long _unclear;
        private long _reused;
        private long _scored;
        private long _total;
        private long? _low;
        private long? _high;
        private long? _threshold;
        private long? _reason;
        private long? _scorer;
        private object? _value;

        public long Number => number;

        public void Add(long answers, long unclear, long reused)
        {
            _answers += answers;
            _unclear += unclear;
            _reused += reused;
        }

        public void AddScores(long scored, long? low, long? high, long total)
        {
            if (scored == 0)
            {
                return;
            }

            _scored += scored;
            _total += total;
            _low = Math.Min(_low ?? long.MaxValue, low ?? long.MaxValue);
            _high = Math.Max(_high ?? long.MinValue, high ?? long.MinValue);
        }

        public void Last(object? value, long? threshold, long? reason, long? scorer)
        {
            _value = value;
            _threshold = threshold ?? _threshold;
            _reason = reason ?? _reason;
            _scorer = scorer ?? _scorer;
        }

        public TimelinePoint Build(long at, Dictionary<long, string> words, Dictionary<long, HistoryThresholds> thresholds) => new(
            HistoryDatabase.At(at),
            _answers,
            _unclear,
            _reused,
            _scored == 0 ? null : _total / (double)_scored / ScoreScale,
            FromScore(_low),
            FromScore(_high),
            HistoryDatabase.Value(words, _value),
            Text(words, _reason),
            _threshold is { } threshold ? thresholds.GetValueOrDefault(threshold) : null)
        {
            ScoredBy = Text(words, _scorer),
        };
    }
}
