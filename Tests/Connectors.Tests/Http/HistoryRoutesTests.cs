using System.IO.Compression;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Storage.Labels;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>The routes on a real history with three answers, one event and one snapshot of <c>gate/person</c>.</summary>
public sealed class HistoryRoutesTests : IAsyncLifetime, IDisposable
{
    private static readonly DateTimeOffset At = new(2026, 11, 30, 3, 0, 0, TimeSpan.Zero);
    private static readonly Guid Id = Guid.CreateVersion7(At);
    private static readonly byte[] Picture = [0xFF, 0xD8, 1, 2, 3];

    private readonly TemporaryFolder _folder = new();
    private HttpRig _rig = null!;
    private SqliteHistory _history = null!;

    public async Task InitializeAsync()
    {
        _rig = await HttpRig.StartAsync(hasTokens: true);
        _history = SqliteHistory.Open(
            new HistorySettings { Folder = _folder["history"], MinFreeBytes = 0 }, TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        _rig.History = _history;
        _history.Record(Frame(1, 0.2, "no") with { States = [new HistoryState("person", "no", null)] });
        _history.Record(Frame(2, 0.5, null));
        _history.Record(Frame(3, 0.9, "yes") with
        {
            States = [new HistoryState("person", "yes", null)],
            Snapshot = Picture,
            Events =
            [
                new HistoryEvent(Id, "person", "no", "yes")
                {
                    At = At.AddSeconds(3),
                    Since = At.AddSeconds(3),
                    Frame = 3,
                    Score = 0.9,
                    Text = "=person, at the gate",
                    Document = $$"""{"v":1,"id":"{{Id}}","camera":"gate","question":"person","from":"no","to":"yes","scoredBy":"head","text":"=person, at the gate"}""",
                },
            ],
        });
    }

    public async Task DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _history.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_timeline_has_points_states_thresholds_and_snapshots()
    {
        var timeline = (await GetAsync("/api/v1/history?camera=gate&question=person&from=2026-11-30T02:59:00Z&to=2026-11-30T04:00:00%2B00:00&bucket=2")).Json;
        var points = timeline.GetProperty("points").EnumerateArray().ToList();
        Assert.Equal([1, 2], points.Select(point => point.GetProperty("answers").GetInt32()));
        Assert.Equal((1, 0.7, "unclear"), (points[1].GetProperty("unclear").GetInt32(), points[1].GetProperty("score").GetDouble(), points[1].GetProperty("reason").GetString()));
        Assert.Equal(["model", "head"], points.Select(point => point.GetProperty("scoredBy").GetString()));
        Assert.Equal(["no", "yes"], timeline.GetProperty("states").EnumerateArray().Select(state => state.GetProperty("state").GetString()));
        Assert.Equal(0.6, Assert.Single(timeline.GetProperty("thresholds").EnumerateArray()).GetProperty("yesAbove").GetDouble());
        var path = Assert.Single(timeline.GetProperty("snapshots").EnumerateArray()).GetProperty("path").GetString()!;
        Assert.Equal("image/jpeg", (await GetAsync(path)).Type);
    }

    [Fact]
    public async Task Csv_has_every_answer_and_no_formulas()
    {
        var answers = await GetAsync("/api/v1/history?camera=gate&question=person&from=2026-11-30&to=2026-12-01&format=csv");
        Assert.Equal("text/csv", answers.Type);
        Assert.Equal(
            "time,camera,question,value,score,yesAbove,noBelow,minScore,reused,reason,frame,ageMs,encodeMs,prefillMs,decodeMs,scoredBy\r\n"
            + "2026-11-30T03:00:01.000Z,gate,person,no,0.2,0.6,0.4,,false,,1,120,0,0,0,model\r\n"
            + "2026-11-30T03:00:02.000Z,gate,person,,0.5,0.6,0.4,,false,unclear,2,120,0,0,0,\r\n"
            + "2026-11-30T03:00:03.000Z,gate,person,yes,0.9,0.6,0.4,,false,,3,120,0,0,0,head\r\n",
            answers.Body);
        var events = await GetAsync("/api/v1/events?format=csv");
        Assert.Contains($"gate,person,no,yes,0.9,2026-11-30T03:00:03.000Z,3,\"'=person, at the gate\",false,{Id},head\r\n", events.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_is_listed_shown_kept_and_deleted()
    {
        var listed = Assert.Single((await GetAsync("/api/v1/events?camera=gate&question=person&from=2026-11-30T03:00:03Z&to=2026-11-30T03:00:04Z")).Json.GetProperty("events").EnumerateArray());
        Assert.Equal("head", listed.GetProperty("scoredBy").GetString());
        Assert.Equal((Id.ToString(), "yes", false), (listed.GetProperty("historyId").GetString(), listed.GetProperty("to").GetString(), listed.GetProperty("keep").GetBoolean()));
        Assert.Equal($"/api/v1/events/{Id}/snapshot.jpg", listed.GetProperty("snapshot").GetString());
        Assert.Empty((await GetAsync("/api/v1/events?camera=yard")).Json.GetProperty("events").EnumerateArray());
        Assert.True((await _rig.SendAsync(HttpMethod.Put, $"/api/v1/events/{Id}/keep", new { keep = true }, HttpRig.FullToken)).Json.GetProperty("keep").GetBoolean());
        Assert.True((await GetAsync($"/api/v1/events/{Id}")).Json.GetProperty("keep").GetBoolean());
        Assert.Equal(HttpStatusCode.Forbidden, (await _rig.SendAsync(HttpMethod.Delete, $"/api/v1/events/{Id}", token: HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await _rig.SendAsync(HttpMethod.Delete, $"/api/v1/events/{Id}", token: HttpRig.FullToken)).Status);
        foreach (var path in (string[])[$"/api/v1/events/{Id}", $"/api/v1/events/{Id}/snapshot.jpg"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(path)).Status);
        }
    }

    [Fact]
    public async Task A_time_is_deleted_with_all_that_is_stored_of_it()
    {
        const string Path = "/api/v1/history?camera=gate&from=2026-11-30T03:00:02Z&to=2026-11-30T04:00:00Z";
        Assert.Equal(HttpStatusCode.Forbidden, (await _rig.SendAsync(HttpMethod.Delete, Path, token: HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await _rig.SendAsync(HttpMethod.Delete, "/api/v1/history?camera=gate&from=2026-11-30", token: HttpRig.FullToken)).Status);
        var deleted = (await _rig.SendAsync(HttpMethod.Delete, Path, token: HttpRig.FullToken)).Json;
        Assert.Equal((2, 1, 1), (deleted.GetProperty("answers").GetInt32(), deleted.GetProperty("events").GetInt32(), deleted.GetProperty("snapshots").GetInt32()));
        var timeline = (await GetAsync("/api/v1/history?camera=gate&question=person&from=2026-11-30&to=2026-12-01&bucket=60")).Json;
        Assert.Equal(1, Assert.Single(timeline.GetProperty("points").EnumerateArray()).GetProperty("answers").GetInt32());
        Assert.Empty(timeline.GetProperty("snapshots").EnumerateArray());
        Assert.Empty((await GetAsync("/api/v1/events")).Json.GetProperty("events").EnumerateArray());
    }

    [Fact]
    public async Task Events_come_page_by_page()
    {
        for (var i = 0; i < 5; i++)
        {
            _history.Record(Frame(10 + i, 0.9, "yes") with
            {
                Events = [new HistoryEvent(Guid.CreateVersion7(), "person", "no", "yes") { At = At.AddMinutes(i), Since = At, Frame = 10 + i, Text = "" }],
            });
        }

        var (count, cursor) = (0, "");
        do
        {
            var page = (await GetAsync($"/api/v1/events?limit=4{cursor}")).Json;
            count += page.GetProperty("events").GetArrayLength();
            cursor = page.TryGetProperty("next", out var next) ? $"&cursor={next.GetString()}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(6, count);
    }

    [Fact]
    public async Task A_signed_address_needs_no_token_and_opens_nothing_else()
    {
        var signed = _rig.Addresses.Sign($"/api/v1/events/{Id}/snapshot.jpg")!;
        Assert.StartsWith($"https://cameras.example/edge/api/v1/events/{Id}/snapshot.jpg?expires=", signed, StringComparison.Ordinal);
        var path = signed["https://cameras.example/edge".Length..];
        var query = path[path.IndexOf('?', StringComparison.Ordinal)..];
        Assert.Equal((HttpStatusCode.OK, "image/jpeg"), (await _rig.GetAsync(path)) is var open ? (open.Status, open.Type) : default);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _rig.GetAsync($"/api/v1/events/{Id}/snapshot.jpg")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _rig.GetAsync($"/api/v1/events/{Id}{query}")).Status);
        Assert.Equal("signature_wrong", await CodeOfAsync($"/api/v1/events/{Guid.NewGuid()}/snapshot.jpg{query}"));
        Assert.Equal("signature_wrong", await CodeOfAsync(path.Replace("expires=1", "expires=2", StringComparison.Ordinal)));
        Assert.Equal("signature_wrong", await CodeOfAsync(path[..^1] + (path[^1] == 'A' ? 'B' : 'A')));
    }

    [Fact]
    public void A_signed_address_expires_after_a_week()
    {
        var time = new Storage.Outbox.SettableClock();
        var addresses = new SignedAddresses(new byte[32], new Uri("http://host/"), time);
        var signed = new Uri(addresses.Sign("/a.jpg")!);
        var query = new Microsoft.AspNetCore.Http.QueryCollection(Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(signed.Query));
        time.Advance(TimeSpan.FromDays(6.9));
        Assert.True(addresses.Allows("/a.jpg", query));
        time.Advance(TimeSpan.FromDays(0.2));
        Assert.Equal("address_expired", Assert.Throws<HttpFailureException>(() => addresses.Allows("/a.jpg", query)).Code);
        Assert.False(addresses.Allows("/a.jpg", Microsoft.AspNetCore.Http.QueryCollection.Empty));
    }

    [Fact]
    public void The_key_is_kept_in_a_file_that_only_its_owner_can_read()
    {
        var file = _folder["state/address.key"];
        var key = SignedAddresses.ReadOrCreateKey(file);
        Assert.Equal(key, SignedAddresses.ReadOrCreateKey(file));
        Assert.False(SecretFile.IsOpenToOthers(file));
        Assert.NotEqual(key, SignedAddresses.ReadOrCreateKey(null));
        File.WriteAllText(file, "short");
        Assert.NotEqual(key, SignedAddresses.ReadOrCreateKey(file));
    }

    [Theory]
    [InlineData("/api/v1/history?question=person", HttpStatusCode.BadRequest, "camera")]
    [InlineData("/api/v1/history?camera=gate&question=person&from=yesterday", HttpStatusCode.BadRequest, "from")]
    [InlineData("/api/v1/history?camera=gate&question=person&from=2026-11-30&to=2026-11-29", HttpStatusCode.BadRequest, "from")]
    [InlineData("/api/v1/history?camera=gate&question=person&from=2026-01-01&to=2026-12-01&bucket=1", HttpStatusCode.BadRequest, "bucket")]
    [InlineData("/api/v1/history?camera=gate&question=person&format=xml", HttpStatusCode.BadRequest, "format")]
    [InlineData("/api/v1/history?camera=nowhere&question=person", HttpStatusCode.NotFound, null)]
    [InlineData("/api/v1/history/export.zip?camera=gate", HttpStatusCode.BadRequest, "question")]
    [InlineData("/api/v1/history/export.zip?camera=gate&question=person&from=2026-11-30&to=2026-11-29", HttpStatusCode.BadRequest, "from")]
    [InlineData("/api/v1/history/export.zip?camera=gate&question=person&from=2025-11-30&to=2025-12-01", HttpStatusCode.NotFound, null)]
    [InlineData("/api/v1/history/snapshots/99.jpg", HttpStatusCode.NotFound, null)]
    [InlineData("/api/v1/history/snapshots/a.jpg", HttpStatusCode.NotFound, null)]
    [InlineData("/api/v1/events?cursor=!", HttpStatusCode.BadRequest, "cursor")]
    [InlineData("/api/v1/events?limit=201", HttpStatusCode.BadRequest, "limit")]
    [InlineData("/api/v1/events/none", HttpStatusCode.NotFound, null)]
    public async Task A_wrong_request_is_refused_with_the_reason(string path, HttpStatusCode status, string? parameter)
    {
        var refused = await GetAsync(path);
        Assert.Equal((status, parameter), (refused.Status, refused.Json.GetProperty("error").GetProperty("param").GetString()));
    }

    [Theory]
    [InlineData("/api/v1/history?camera=gate&question=person")]
    [InlineData("/api/v1/events/0195")]
    [InlineData("/api/v1/events?format=csv")]
    public async Task Without_a_history_the_reason_names_the_setting(string path)
    {
        _rig.History = null;
        var refused = await GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, refused.Status);
        Assert.Contains("History:Folder", refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_history_that_cannot_be_used_is_unavailable_and_not_lost()
    {
        await _history.DisposeAsync();
        var refused = await GetAsync("/api/v1/events");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Contains("the history cannot be used now", refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clip_is_sent_whole_or_in_parts()
    {
        var path = $"/api/v1/events/{Id}/clip.mp4";
        Assert.Equal("no_clip", (await GetAsync(path)).Json.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(JsonValueKind.Null, (await GetAsync($"/api/v1/events/{Id}")).Json.GetProperty("clip").ValueKind);
        var draft = (await _history.BeginClipAsync("gate", At.AddSeconds(3), 3, 10, default))!;
        await File.WriteAllTextAsync(draft, "0123456789");
        Assert.True(await _history.EndClipAsync("gate", At.AddSeconds(3), 3, isWritten: true, default));
        Assert.Equal(path, (await GetAsync($"/api/v1/events/{Id}")).Json.GetProperty("clip").GetString());

        var whole = await GetAsync(path);
        Assert.Equal((HttpStatusCode.OK, "video/mp4", "0123456789", "bytes"), (whole.Status, whole.Type, whole.Body, whole.Headers["Accept-Ranges"]));
        var head = await _rig.SendAsync(HttpMethod.Head, path, token: HttpRig.ReadToken);
        Assert.Equal((HttpStatusCode.OK, "", "10"), (head.Status, head.Body, head.Headers["Content-Length"]));
        var tag = whole.Headers["ETag"];
        Assert.Equal((HttpStatusCode.PartialContent, "234", "bytes 2-4/10"), await PartAsync("bytes=2-4"));
        Assert.Equal((HttpStatusCode.PartialContent, "789", "bytes 7-9/10"), await PartAsync("bytes=-3"));
        Assert.Equal((HttpStatusCode.PartialContent, "89", "bytes 8-9/10"), await PartAsync("bytes=8-", tag));
        Assert.Equal((HttpStatusCode.OK, "0123456789", null), await PartAsync("bytes=8-", "\"another\""));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "", "bytes */10"), await PartAsync("bytes=20-"));
        Assert.Equal(HttpStatusCode.NotModified, (await _rig.SendAsync(HttpMethod.Get, path, token: HttpRig.ReadToken, change: request => request.Headers.Add("If-None-Match", tag))).Status);

        // Its signed address needs no token.
        var signed = _rig.Addresses.Sign(path)!["https://cameras.example/edge".Length..];
        Assert.Equal(HttpStatusCode.OK, (await _rig.GetAsync(signed)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _rig.GetAsync(path)).Status);

        async Task<(HttpStatusCode, string, string?)> PartAsync(string range, string? ifRange = null)
        {
            var part = await _rig.SendAsync(HttpMethod.Get, path, token: HttpRig.ReadToken, change: request =>
            {
                request.Headers.Add("Range", range);
                if (ifRange is not null)
                {
                    request.Headers.Add("If-Range", ifRange);
                }
            });
            return (part.Status, part.Body, part.Headers.GetValueOrDefault("Content-Range"));
        }
    }

    [Fact]
    public async Task A_clip_that_is_being_recorded_is_asked_for_again_later()
    {
        var id = Guid.CreateVersion7(At);
        _history.Record(Frame(9, 0.1, "no") with
        {
            Events = [new HistoryEvent(id, "person", "yes", "no") { At = At.AddSeconds(9), Since = At, Frame = 9 }],
            ExpectsClip = true,
        });
        var early = await GetAsync($"/api/v1/events/{id}/clip.mp4");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (early.Status, early.Headers["Retry-After"]));
        Assert.False(await _history.EndClipAsync("gate", At.AddSeconds(9), 9, isWritten: false, default));
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync($"/api/v1/events/{id}/clip.mp4")).Status);
    }

    [Fact]
    public async Task An_archive_has_the_pictures_and_what_was_answered_about_them()
    {
        for (var i = 0; i < 450; i++)
        {
            _history.Record(Frame(10 + i, 0.3, "no") with { Snapshot = Picture });
        }

        _rig.Labels.Labels.Add(new StoredLabel("20261130-030003000-3", "no", null));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/history/export.zip?camera=gate&question=person&from=2026-11-30&to=2026-12-01");
        request.Headers.Authorization = new("Bearer", HttpRig.ReadToken);
        using var response = await _rig.Client.SendAsync(request);
        Assert.Equal(("application/zip", "gate-person-20261130T000000.zip"), (response.Content.Headers.ContentType!.MediaType, response.Content.Headers.ContentDisposition!.FileName!.Trim('"')));
        using var archive = new ZipArchive(await response.Content.ReadAsStreamAsync());
        Assert.Equal(452, archive.Entries.Count);
        using var table = new StreamReader(archive.GetEntry("index.csv")!.Open());
        var lines = (await table.ReadToEndAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(452, lines.Length);
        Assert.Equal("file,time,camera,question,value,score,state,reason,label,frame,scoredBy", lines[0]);
        Assert.Equal("20261130T030003000-3.jpg,2026-11-30T03:00:03.000Z,gate,person,yes,0.9,yes,,no,3,head", lines[1]);
        using var first = archive.GetEntry("20261130T030003000-3.jpg")!.Open();
        using var picture = new MemoryStream();
        await first.CopyToAsync(picture);
        Assert.Equal(Picture, picture.ToArray());
    }

    [Fact]
    public async Task Gaps_have_their_reasons()
    {
        _history.Record(new HistoryFrame("gate", At.AddMinutes(1), 0) { States = [new HistoryState("person", "unknown", "noPicture")] });
        _history.Record(new HistoryFrame("gate", At.AddMinutes(2), 0) { States = [new HistoryState("person", "no", null)] });

        // Until the first commit, nothing is known about when the service ran.
        await Eventually.TrueAsync(
            async () => (await GetAsync("/api/v1/history?camera=gate&question=person&from=2026-11-30T03:00:00Z&to=2026-11-30T03:10:00Z")).Json
                .GetProperty("gaps").EnumerateArray().Any(gap => gap.GetProperty("reason").GetString() == "noPicture"
                    && gap.GetProperty("to").GetDateTimeOffset() - gap.GetProperty("from").GetDateTimeOffset() == TimeSpan.FromMinutes(1)),
            "the gap is shown with its reason");
    }

    private static HistoryFrame Frame(int number, double score, string? value) => new("gate", At.AddSeconds(number), number)
    {
        Answers =
        [
            new HistoryAnswer("person", value)
            {
                IsWord = true,
                Score = score,
                Thresholds = new HistoryThresholds(0.6, 0.4, null),
                ScoredBy = value is null ? null : score > 0.5 ? "head" : "model",
                Reason = value is null ? "unclear" : null,
                Age = TimeSpan.FromMilliseconds(120),
            },
        ],
    };

    private Task<Response> GetAsync(string path) => _rig.GetAsync(path, HttpRig.ReadToken);

    private async Task<string?> CodeOfAsync(string path) =>
        (await _rig.GetAsync(path)).Json.GetProperty("error").GetProperty("code").GetString();
}
