using Microsoft.Data.Sqlite;

namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Reading single answers.</content>
internal sealed partial class HistoryDatabase
{
    private const string AnswerColumns =
        "answer.at, answer.frame, answer.value, answer.score, answer.threshold, answer.reused, answer.reason, age, encode, prefill, decode, answer.scorer";

    /// <summary>Single answers of one question.</summary>
    public IReadOnlyList<StoredAnswer> Answers(string camera, string question, long fromMs, long toMs, int limit) => Guard(() =>
    {
        if (FindQuestion(camera, question) is not { } id)
        {
            return [];
        }

        var (words, thresholds) = (Words(), Thresholds());
        return Rows(
            $"SELECT {AnswerColumns} FROM answer WHERE question = $a AND at >= $b AND at < $c ORDER BY at LIMIT $d",
            row => new StoredAnswer(At(row.GetInt64(0)), row.GetInt64(1), Answer(row, question, words, thresholds)),
            id,
            fromMs,
            toMs,
            limit);
    });

    /// <summary>Snapshots of a camera with the answer and the state of one question at each.</summary>
    public IReadOnlyList<StoredFrame> Frames(string camera, string question, long fromMs, long toMs, int limit) => Guard(() =>
    {
        // A question of which nothing is stored has no number.
        var (id, words, thresholds) = (FindQuestion(camera, question) ?? -1, Words(), Thresholds());
        return Rows(
            $"""
            SELECT {AnswerColumns}, snapshot.id, snapshot.at, snapshot.frame,
                (SELECT state FROM state WHERE state.question = $b AND state.at <= snapshot.at ORDER BY state.at DESC LIMIT 1)
            FROM snapshot LEFT JOIN answer ON answer.question = $b AND answer.at = snapshot.at AND answer.frame = snapshot.frame
            WHERE snapshot.camera = (SELECT id FROM word WHERE text = $a) AND snapshot.at >= $c AND snapshot.at < $d ORDER BY snapshot.at LIMIT $e
            """,
            row => new StoredFrame(
                new StoredSnapshot(row.GetInt64(12), At(row.GetInt64(13)), row.GetInt64(14)),
                row.IsDBNull(0) ? null : Answer(row, question, words, thresholds),
                Text(words, Whole(row, 15))),
            camera,
            id,
            fromMs,
            toMs,
            limit);
    });

    private static HistoryAnswer Answer(
        SqliteDataReader row, string question, Dictionary<long, string> words, Dictionary<long, HistoryThresholds> thresholds) =>
        new(question, Value(words, row.IsDBNull(2) ? null : row.GetValue(2)))
        {
            IsWord = row.GetFieldType(2) == typeof(long),
            Score = FromScore(Whole(row, 3)),
            Thresholds = Whole(row, 4) is { } threshold ? thresholds.GetValueOrDefault(threshold) : null,
            Reused = row.GetInt64(5) != 0,
            Reason = Text(words, Whole(row, 6)),
            Age = FromTenths(row.GetInt64(7)),
            Encode = FromTenths(row.GetInt64(8)),
            Prefill = FromTenths(row.GetInt64(9)),
            Decode = FromTenths(row.GetInt64(10)),
            ScoredBy = Text(words, Whole(row, 11)),
        };
}
