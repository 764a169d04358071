using System.Text;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

public sealed class HistoryStoreTests : IDisposable
{
    private readonly HistoryRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void An_answer_comes_back_with_all_that_was_stored()
    {
        _rig.Open();
        var frame = _rig.Frame(score: 0.71234);
        _rig.Store.Write(frame);
        _rig.OpenAgain();
        var stored = Assert.Single(_rig.Store.Read(database => database.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10)));
        Assert.Equal((frame.At, frame.Frame), (stored.At, stored.Frame));
        Assert.Equal(frame.Answers[0] with { Score = 0.7123 }, stored.Answer);
    }

    [Fact]
    public void A_free_text_comes_back_as_it_was()
    {
        _rig.Open();
        var frame = _rig.Frame() with { Answers = [new HistoryAnswer(HistoryRig.Question, "12")] };
        _rig.Store.Write(frame);
        var stored = Assert.Single(_rig.Store.Read(database => database.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10)));
        Assert.Equal(frame.Answers[0], stored.Answer);
    }

    [Fact]
    public void Answers_of_a_bucket_are_one_point()
    {
        _rig.Open();
        foreach (var score in (double[])[0.2, 0.9, 0.4])
        {
            _rig.Store.Write(_rig.Frame(score, score > 0.6 ? "yes" : "no"));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        _rig.Store.Write(_rig.Frame(score: null, value: null));
        var point = Assert.Single(_rig.Timeline(TimeSpan.FromDays(50)).Points);
        Assert.Equal((4, 1, 0), (point.Answers, point.Unclear, point.Reused));
        Assert.Equal((0.5, 0.2, 0.9), (point.Score!.Value, point.Low!.Value, point.High!.Value), Close);
        Assert.Equal(("unclear", new HistoryThresholds(0.6, 0.4, null), "head"), (point.Reason, point.Thresholds, point.ScoredBy));
    }

    [Fact]
    public void What_scored_the_answers_of_a_minute_is_kept_when_they_are_thinned()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame());
        _rig.OpenAgain();
        _rig.Close();
        using (var database = HistoryDatabase.Open(_rig.DatabaseFile))
        {
            Assert.NotNull(database.Thin(long.MaxValue / 60_000 * 60_000));
        }

        _rig.Open();
        Assert.Empty(_rig.Store.Read(database => database.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10)));
        Assert.Equal("head", Assert.Single(_rig.Timeline(TimeSpan.FromDays(50)).Points).ScoredBy);
    }

    [Fact]
    public void A_file_of_an_earlier_version_gets_the_columns_that_it_lacks_and_keeps_its_answers()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame(score: 0.2));
        _rig.Close();
        Run("ALTER TABLE answer DROP COLUMN scorer", "ALTER TABLE minute DROP COLUMN scorer");
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        _rig.Open();
        _rig.Store.Write(_rig.Frame(score: 0.9));
        _rig.OpenAgain();
        var stored = _rig.Store.Read(database => database.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10));
        Assert.Equal([(0.2, null), (0.9, "head")], stored.Select(it => (it.Answer.Score!.Value, it.Answer.ScoredBy)));
        _rig.Close();

        // The earlier version, which does not know the column, goes on with the file.
        Run("INSERT INTO answer (question, at, frame, value, score, threshold, reused, reason, age, encode, prefill, decode) VALUES (1, 1, 1, NULL, 1000, NULL, 0, NULL, 1, 1, 1, 1)");
        _rig.Open();
        Assert.Equal(3, _rig.Store.Read(database => database.Answers(HistoryRig.Camera, HistoryRig.Question, 0, long.MaxValue, 10)).Count);
    }

    [Fact]
    public void The_first_state_of_a_part_may_have_begun_before_it()
    {
        _rig.Open();
        _rig.Store.Write(new HistoryFrame(HistoryRig.Camera, _rig.Time.GetUtcNow(), 1) { States = [new HistoryState(HistoryRig.Question, "no", null)] });
        _rig.Time.Advance(TimeSpan.FromHours(1));
        var from = _rig.Time.GetUtcNow();
        _rig.Time.Advance(TimeSpan.FromHours(1));
        _rig.Store.Write(new HistoryFrame(HistoryRig.Camera, _rig.Time.GetUtcNow(), 2) { States = [new HistoryState(HistoryRig.Question, "unknown", "offline")] });
        var states = _rig.Store.Timeline(new TimelineQuery(
            HistoryRig.Camera, HistoryRig.Question, from, from + TimeSpan.FromHours(2), TimeSpan.FromMinutes(1))).States;
        Assert.Equal(
            [new TimelineState(from - TimeSpan.FromHours(1), "no", null), new TimelineState(from + TimeSpan.FromHours(1), "unknown", "offline")], states);
    }

    [Fact]
    public void A_time_in_which_the_service_did_not_run_is_a_gap()
    {
        _rig.Open();
        var from = _rig.Time.GetUtcNow();
        _rig.Store.Write(_rig.Frame());
        _rig.Close();
        _rig.Time.Advance(TimeSpan.FromHours(3));
        _rig.Open();
        _rig.Store.Write(_rig.Frame());
        _rig.Store.Tick(isLast: true);
        var gaps = _rig.Store.Timeline(new TimelineQuery(
            HistoryRig.Camera, HistoryRig.Question, from, from + TimeSpan.FromHours(5), TimeSpan.FromMinutes(1))).Gaps;
        Assert.Equal([new TimelineGap(from, from + TimeSpan.FromHours(3), GapReasons.Stopped)], gaps);
    }

    [Fact]
    public void A_time_without_cameras_is_no_gap()
    {
        _rig.Open();
        var from = _rig.Time.GetUtcNow();
        _rig.Store.Write(_rig.Frame());
        for (var minute = 0; minute < 120; minute++)
        {
            _rig.Time.Advance(TimeSpan.FromMinutes(1));
            _rig.Store.Tick();
        }

        Assert.Empty(_rig.Store.Timeline(new TimelineQuery(
            HistoryRig.Camera, HistoryRig.Question, from, _rig.Time.GetUtcNow(), TimeSpan.FromMinutes(1))).Gaps);
    }

    [Fact]
    public void A_frame_that_is_recorded_twice_is_stored_once()
    {
        _rig.Open();
        var frame = _rig.Frame(snapshotBytes: 5000, eventText: "twice");
        _rig.Store.Write(frame);
        _rig.Store.Write(frame);
        _rig.Store.Tick(isLast: true);
        Assert.Equal((1, 1, 1, 1), (_rig.Store.Stats.Rows, _rig.Store.Stats.Events, _rig.Store.Stats.Snapshots, _rig.Store.Stats.Stored));
        Assert.Single(_rig.Events());
        Assert.Single(_rig.SnapshotFiles);
    }

    [Fact]
    public void Rows_are_committed_together_and_an_event_within_a_second()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame());
        _rig.Time.Advance(TimeSpan.FromSeconds(9));
        _rig.Store.Tick();
        Assert.Equal(0, _rig.Store.Stats.Stored);
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        _rig.Store.Tick();
        Assert.Equal(1, _rig.Store.Stats.Stored);
        _rig.Store.Write(_rig.Frame(eventText: "now"));
        _rig.Time.Advance(TimeSpan.FromSeconds(1));
        _rig.Store.Tick();
        Assert.Equal(2, _rig.Store.Stats.Stored);
    }

    [Fact]
    public void A_frame_without_a_date_is_left_out_and_counted()
    {
        _rig.Open();
        _rig.Time.JumpWallClock(new DateTimeOffset(1970, 1, 1, 0, 5, 0, TimeSpan.Zero) - _rig.Time.GetUtcNow());
        _rig.Store.Write(_rig.Frame(snapshotBytes: 1000));
        Assert.Equal((1, 0), (_rig.Store.Stats.Undated, _rig.Store.Stats.Rows));
        Assert.Empty(_rig.SnapshotFiles);
    }

    [Fact]
    public void Events_are_listed_page_by_page_newest_first()
    {
        _rig.Open();
        for (var i = 0; i < 25; i++)
        {
            _rig.Store.Write(_rig.Frame(eventText: $"event {i}", camera: i % 5 == 0 ? "yard" : HistoryRig.Camera));

            // Some at the same moment.
            _rig.Time.Advance(TimeSpan.FromSeconds(i % 3));
        }

        var all = new List<string>();
        EventCursor? after = null;
        do
        {
            var page = _rig.Store.Read(database => database.FindEvents(new EventQuery { Limit = 4, After = after }));
            all.AddRange(page.Events.Select(it => it.Event.Text));
            after = page.Next;
        }
        while (after is not null);

        Assert.Equal(25, all.Distinct().Count());
        Assert.Equal("event 24", all[0]);
        Assert.Equal(5, _rig.Store.Read(database => database.FindEvents(new EventQuery { Camera = "yard" })).Events.Count);
        Assert.Empty(_rig.Store.Read(database => database.FindEvents(new EventQuery { Question = "other" })).Events);
        Assert.Empty(_rig.Store.Read(database => database.FindEvents(new EventQuery { To = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero) })).Events);
    }

    [Fact]
    public void Nothing_of_a_deleted_event_is_left_in_any_file()
    {
        const string Secret = "a man with a red umbrella";
        _rig.Open();
        for (var i = 0; i < 50; i++)
        {
            _rig.Store.Write(_rig.Frame(snapshotBytes: 3000, eventText: "other"));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        var frame = _rig.Frame(snapshotBytes: 3000, eventText: Secret);
        _rig.Store.Write(frame with { Answers = [new HistoryAnswer(HistoryRig.Question, Secret)] });
        _rig.Store.Tick(isLast: true);
        Assert.True(Contains(Secret));
        Assert.True(_rig.Store.Delete(frame.Events[0].Id));
        Assert.False(Contains(Secret));
        Assert.Equal(50, _rig.SnapshotFiles.Length);
        Assert.Equal((50, 50, 50), (_rig.Store.Stats.Rows, _rig.Store.Stats.Events, _rig.Events().Count));
        Assert.False(_rig.Store.Delete(frame.Events[0].Id));

        bool Contains(string text) => Directory.GetFiles(_rig.Settings.Folder).Any(
            file => File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
    }

    [Fact]
    public void A_time_of_a_camera_is_deleted_with_its_kept_events_and_nothing_else()
    {
        _rig.Open();
        var begin = _rig.Time.GetUtcNow();
        for (var i = 0; i < 10; i++)
        {
            foreach (var camera in (string[])[HistoryRig.Camera, "yard"])
            {
                var frame = _rig.Frame(snapshotBytes: 1000, eventText: $"{camera} {i}", camera: camera);
                _rig.Store.Write(frame);
                _rig.Store.Keep(frame.Events[0].Id, true);
            }

            _rig.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal((3, 3, 3), _rig.Store.Delete(HistoryRig.Camera, begin.AddMinutes(4), begin.AddMinutes(7)));
        Assert.Equal((0, 0, 0), _rig.Store.Delete(HistoryRig.Camera, begin.AddMinutes(4), begin.AddMinutes(7)));
        Assert.Equal(
            Enumerable.Range(0, 10).Where(i => i is < 4 or > 6).Select(i => $"gate {i}").Concat(Enumerable.Range(0, 10).Select(i => $"yard {i}")).Order(StringComparer.Ordinal),
            _rig.Events().Select(it => it.Event.Text).Order(StringComparer.Ordinal));
        _rig.Store.Tick();
        Assert.Equal((17, 17, 17), (_rig.Store.Stats.Rows, _rig.Store.Stats.Snapshots, _rig.SnapshotFiles.Length));
    }

    [Fact]
    public void A_snapshot_that_two_events_show_stays_until_both_are_deleted()
    {
        _rig.Open();
        var frame = _rig.Frame(snapshotBytes: 3000, eventText: "one");
        frame = frame with { Events = [frame.Events[0], HistoryRig.Event(frame, "two")] };
        _rig.Store.Write(frame);
        Assert.True(_rig.Store.Delete(frame.Events[0].Id));
        Assert.Equal(frame.Snapshot!.Value.ToArray(), _rig.Store.Snapshot(Assert.Single(_rig.Events()).Snapshot!.Value));
        Assert.True(_rig.Store.Delete(frame.Events[1].Id));
        Assert.Empty(_rig.SnapshotFiles);
    }

    [Fact]
    public void Old_answers_become_one_row_per_minute()
    {
        _rig.Open();
        for (var i = 0; i < 240; i++)
        {
            _rig.Store.Write(_rig.Frame(i % 2 == 0 ? 0.2 : 0.8, i % 2 == 0 ? "no" : "yes"));
            _rig.Time.Advance(TimeSpan.FromSeconds(1));
        }

        _rig.Store.Tick(isLast: true);
        var before = _rig.Timeline(TimeSpan.FromMinutes(1)).Points;
        Assert.Equal(4, before.Count);
        _rig.Time.Advance(TimeSpan.FromDays(7.1));
        _rig.Store.Tick();
        Assert.Equal(4, _rig.Store.Stats.Rows);
        var after = _rig.Store.Timeline(new TimelineQuery(
            HistoryRig.Camera, HistoryRig.Question, before[0].At, before[0].At + TimeSpan.FromHours(1), TimeSpan.FromMinutes(1))).Points;
        Assert.Equal(before, after);
        _rig.OpenAgain();
        Assert.Equal(4, _rig.Store.Stats.Rows);
    }

    [Fact]
    public void The_history_of_a_newer_version_is_left_alone()
    {
        _rig.Open();
        _rig.Store.Write(_rig.Frame());
        _rig.Close();
        Run("PRAGMA user_version = 99");
        var content = File.ReadAllBytes(_rig.DatabaseFile);
        _rig.Open();
        _rig.Store.Write(_rig.Frame());
        _rig.Close();
        Assert.Equal(content, File.ReadAllBytes(_rig.DatabaseFile));
        Assert.Equal(StorageKind.Paused, _rig.Store.Stats.Storage.Kind);
        Assert.Contains("newer version", _rig.Store.Stats.Storage.Reason, StringComparison.Ordinal);
        Assert.Throws<HistoryUnavailableException>(() => _rig.Events());
    }

    private void Run(params string[] statements)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_rig.DatabaseFile};Pooling=False");
        connection.Open();
        foreach (var statement in statements)
        {
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }
    }

    private static bool Close((double A, double B, double C) one, (double A, double B, double C) other) =>
        Math.Abs(one.A - other.A) + Math.Abs(one.B - other.B) + Math.Abs(one.C - other.C) < 1e-9;
}
