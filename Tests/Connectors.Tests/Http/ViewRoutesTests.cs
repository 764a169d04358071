using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>What the live page shows beside the states: recent scores, events, the log and the machine.</summary>
public sealed class ViewRoutesTests
{
    [Fact]
    public async Task Recent_scores_come_with_their_thresholds_and_latency()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.Events.Recent.Add(Answer(0.75));

        var history = (await rig.GetAsync("/api/v1/cameras/gate/history?minutes=5")).Json;

        Assert.Equal(5, history.GetProperty("minutes").GetInt32());
        var question = Assert.Single(history.GetProperty("questions").EnumerateArray());
        Assert.Equal((0.6, 0.4), (question.GetProperty("yesAbove").GetDouble(), question.GetProperty("noBelow").GetDouble()));
        var point = Assert.Single(question.GetProperty("points").EnumerateArray());
        Assert.Equal((0.75, 1, 2, 3), (point.GetProperty("score").GetDouble(), point.GetProperty("encodeMs").GetDouble(), point.GetProperty("prefillMs").GetDouble(), point.GetProperty("decodeMs").GetDouble()));
        Assert.InRange(point.GetProperty("ageMs").GetDouble(), 0, 60_000);
    }

    [Theory]
    [InlineData("/api/v1/cameras/gate/history?minutes=0")]
    [InlineData("/api/v1/cameras/gate/history?minutes=61")]
    [InlineData("/api/v1/cameras/gate/history?minutes=x")]
    [InlineData("/api/v1/events?limit=201")]
    [InlineData("/api/v1/log?after=-1")]
    [InlineData("/api/v1/log?limit=0")]
    public async Task A_number_out_of_its_limits_is_refused_with_them(string path)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.GetAsync(path);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.Contains(" to ", response.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_camera_has_no_history()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await rig.GetAsync("/api/v1/cameras/yard/history")).Status);
    }

    [Theory]
    [InlineData("/api/v1/cameras/gate/history")]
    [InlineData("/api/v1/events")]
    [InlineData("/api/v1/log")]
    [InlineData("/api/v1/device")]
    public async Task They_need_a_token_that_may_read(string path)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync(path)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync(path, HttpRig.ReadToken)).Status);
    }

    [Fact]
    public async Task The_newest_events_come_first_and_the_oldest_are_dropped()
    {
        await using var rig = await HttpRig.StartAsync();
        for (var i = 0; i < RecentAnswers.MaxEvents + 5; i++)
        {
            rig.Events.Recent.AddEvent(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{i}}}""")));
        }

        var some = (await rig.GetAsync("/api/v1/events?limit=2")).Json.GetProperty("events");
        Assert.Equal([204, 203], some.EnumerateArray().Select(it => it.GetProperty("id").GetInt32()));
        var all = (await rig.GetAsync("/api/v1/events")).Json.GetProperty("events");
        Assert.Equal((RecentAnswers.MaxEvents, 5), (all.GetArrayLength(), all[RecentAnswers.MaxEvents - 1].GetProperty("id").GetInt32()));
    }

    [Fact]
    public async Task The_log_is_read_in_pieces_and_shows_no_password()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.Log.Add(DateTimeOffset.UnixEpoch, "warning", "Camera.gate[3]", "rtsp://admin:hunter22@10.0.0.9/live is gone; token=abcdefgh123.");
        rig.Log.Add(DateTimeOffset.UnixEpoch, "information", "HttpServer[1]", "second");

        var lines = (await rig.GetAsync("/api/v1/log")).Json.GetProperty("lines");
        Assert.Equal(["id", "at", "level", "event", "text"], lines[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal("rtsp://admin:***@10.0.0.9/live is gone; token=***", lines[0].GetProperty("text").GetString()!.TrimEnd('.'));
        var last = lines[0].GetProperty("id").GetInt64();
        var more = (await rig.GetAsync($"/api/v1/log?after={last}")).Json.GetProperty("lines");
        Assert.Equal("second", Assert.Single(more.EnumerateArray()).GetProperty("text").GetString());
    }

    [Fact]
    public void The_log_keeps_its_newest_lines_and_a_viewer_from_before_a_restart_gets_all_of_them()
    {
        var log = new LogTail();
        for (var i = 0; i < LogTail.MaxLines + 10; i++)
        {
            log.Add(DateTimeOffset.UnixEpoch, "information", "x", $"{i}");
        }

        Assert.Equal(LogTail.MaxLines, log.After(0, LogTail.MaxLines).Count);
        Assert.Equal("509", log.After(0, 1)[0].Text);
        Assert.Empty(log.After(510, 5));
        Assert.Equal(5, log.After(1_000_000, 5).Count);
    }

    [Fact]
    public async Task The_state_of_the_machine_is_what_the_service_reads()
    {
        await using var rig = await HttpRig.StartAsync();
        var device = (await rig.GetAsync("/api/v1/device")).Json;
        Assert.Equal("1.2.3", device.GetProperty("version").GetString());
        Assert.Equal((0.5, "cpu", 47.5), (device.GetProperty("load")[0].GetDouble(), device.GetProperty("temperatures")[0].GetProperty("sensor").GetString(), device.GetProperty("temperatures")[0].GetProperty("celsius").GetDouble()));
    }

    [Fact]
    public void Answers_within_ten_seconds_are_one_point_with_their_range()
    {
        var time = new FakeTimeProvider();
        var recent = new RecentAnswers(time);
        foreach (var score in (double[])[0.5, 0.2, 0.9, 0.6])
        {
            recent.Add(Answer(score));
            time.Advance(TimeSpan.FromSeconds(2));
        }

        time.Advance(TimeSpan.FromSeconds(2));
        recent.Add(Answer(0.1));

        var points = recent.Of("gate", "person", RecentAnswers.KeptFor);
        Assert.Equal(2, points.Count);
        Assert.Equal((0.6, 0.2, 0.9), (points[0].Score, points[0].Low, points[0].High));
        Assert.Equal((0.1, TimeSpan.Zero), (points[1].Score, points[1].Age));
        Assert.Single(recent.Of("gate", "person", TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void Only_the_last_hour_is_kept_however_often_a_question_is_asked()
    {
        var time = new FakeTimeProvider();
        var recent = new RecentAnswers(time);
        for (var i = 0; i < 3 * 3600; i++)
        {
            recent.Add(Answer(0.5));
            time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.InRange(recent.Of("gate", "person", TimeSpan.FromDays(1)).Count, 350, 362);
    }

    [Fact]
    public void A_reused_answer_has_no_latency_of_its_own()
    {
        var recent = new RecentAnswers(new FakeTimeProvider());
        recent.Add(Answer(0.5) with { Reused = true });
        Assert.Null(Assert.Single(recent.Of("gate", "person", RecentAnswers.KeptFor)).Timings);
    }

    [Fact]
    public void Questions_that_are_no_longer_configured_are_forgotten()
    {
        var recent = new RecentAnswers(new FakeTimeProvider());
        recent.Add(Answer(0.5));
        recent.Add(Answer(0.5) with { Question = "dog" });
        recent.Keep(new HashSet<(string, string)> { ("gate", "person") });
        Assert.Single(recent.Of("gate", "person", RecentAnswers.KeptFor));
        Assert.Empty(recent.Of("gate", "dog", RecentAnswers.KeptFor));
    }

    private static AnswerPayload Answer(double score) => new()
    {
        Node = "edge-1",
        Camera = "gate",
        Question = "person",
        Ask = "Is there a person?",
        Value = "yes",
        Text = "Yes",
        Score = score,
        Frame = 1,
        CapturedAt = null,
        AnsweredAt = null,
        AgeMs = 10,
        Timings = new StageTimings(1, 2, 3),
        Model = "m",
        Seq = 1,
        State = "yes",
    };
}
