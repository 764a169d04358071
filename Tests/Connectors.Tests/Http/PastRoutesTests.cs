using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Http.Past;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>What requests about the past are turned into.</summary>
public sealed class PastRoutesTests : IAsyncLifetime, IDisposable
{
    private const string WhatIf = "/api/v1/history/whatif?camera=gate&question=person";

    private readonly TemporaryFolder _folder = new();
    private HttpRig _rig = null!;
    private SqliteHistory _history = null!;

    public async Task InitializeAsync()
    {
        _rig = await HttpRig.StartAsync();
        _history = SqliteHistory.Open(
            new HistorySettings { Folder = _folder["history"], MinFreeBytes = 0 }, TimeProvider.System, NullLogger<SqliteHistory>.Instance);
        _rig.History = _history;
    }

    public async Task DisposeAsync()
    {
        await _rig.DisposeAsync();
        await _history.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Other_thresholds_are_tried_on_stored_answers()
    {
        var found = (await _rig.GetAsync($"{WhatIf}&from=2026-11-30T02:00:00Z&to=2026-11-30T04:00:00Z&yesAbove=0.8")).Json;
        var query = Assert.Single(_rig.Past.Queries);
        Assert.Equal(("gate", "person", 0.8, null), (query.Camera, query.Question, query.Thresholds.YesAbove, query.Thresholds.NoBelow));
        Assert.Equal(TimeSpan.FromHours(2), query.To - query.From);
        Assert.Equal((3, 1), (found.GetProperty("answers").GetInt32(), found.GetProperty("answersLeftOut").GetInt32()));
        Assert.Equal((0.6, 0.8), (found.GetProperty("now").GetProperty("yesAbove").GetDouble(), found.GetProperty("whatIf").GetProperty("yesAbove").GetDouble()));
        Assert.Equal("disabled", found.GetProperty("whatIf").GetProperty("states")[1].GetProperty("reason").GetString());
        Assert.Equal(1, found.GetProperty("whatIf").GetProperty("eventTimes").GetArrayLength());
        var expected = found.GetProperty("whatIf").GetProperty("expected");
        Assert.Equal((1.235, 3.0), (expected.GetProperty("falsePerDay").GetDouble(), expected.GetProperty("realPerDay").GetDouble()));
        Assert.False(found.GetProperty("now").TryGetProperty("expected", out _));
        Assert.Equal("of a reason", found.GetProperty("falseAlarmsUnknown").GetString());
    }

    [Fact]
    public async Task A_try_out_is_started_shown_and_ended()
    {
        var started = await _rig.PostAsync("/api/v1/tryouts", """
            {"camera":"gate","from":"2026-11-30T02:00:00Z","to":"2026-11-30T04:00:00Z","frames":50,"wordings":[
              {"question":"person"},
              {"question":"person","ask":"Is a person at the gate?","yesAbove":0.7,"agree":2,"outOf":3,"holdForS":4.5,"region":""},
              {"ask":"What is it?","answer":"Choice","choices":["a dog","a cat"],"region":"0,0 1,0 1,1","suffix":"Answer with one word.","minMass":0.2}]}
            """);
        Assert.Equal((HttpStatusCode.Accepted, "running"), (started.Status, started.Json.GetProperty("state").GetString()));
        var request = Assert.Single(_rig.Past.Started);
        Assert.Equal((50, TimeSpan.FromHours(2), 3), (request.Frames, request.To - request.From, request.Wordings.Count));
        var (standing, reworded, own) = (request.Wordings[0], request.Wordings[1], request.Wordings[2]);
        Assert.Equal(("person", null, null, false), (standing.Question, standing.Ask, standing.Type, standing.HasRegion));
        Assert.Equal(("Is a person at the gate?", null, true, null), (reworded.Ask, reworded.Type, reworded.HasRegion, reworded.Region));
        Assert.Equal((0.7, 2, 3, TimeSpan.FromSeconds(4.5)), (reworded.Rules.Thresholds.YesAbove, reworded.Rules.Agree, reworded.Rules.OutOf, reworded.Rules.HoldFor));
        Assert.Equal((AnswerType.Choice, 2, "0,0 1,0 1,1", 0.2), (own.Type, own.Choices.Count, own.Region, own.MinMass));

        var result = (await _rig.GetAsync("/api/v1/tryouts/one?wording=2&yesAbove=0.9")).Json;
        Assert.Equal(("one", 2, new PastThresholds(0.9)), Assert.Single(_rig.Past.Results));
        Assert.Equal((4, 2, 9, 2000), (
            result.GetProperty("frames").GetInt32(), result.GetProperty("done").GetInt32(), result.GetProperty("storedFrames").GetInt32(), result.GetProperty("remainingMs").GetInt32()));
        var frame = result.GetProperty("wording").GetProperty("frames")[0];
        Assert.Equal("/api/v1/history/snapshots/21.jpg", frame.GetProperty("snapshot").GetString());
        Assert.Equal(1, (await _rig.GetAsync("/api/v1/tryouts")).Json.GetProperty("tryouts").GetArrayLength());
        Assert.Equal("cancelled", (await _rig.SendAsync(HttpMethod.Delete, "/api/v1/tryouts/one")).Json.GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync("/api/v1/tryouts/two")).Status);
    }

    [Fact]
    public async Task The_parts_that_carry_an_answer_are_shown_with_their_picture()
    {
        var started = await _rig.PostAsync("/api/v1/why", """{"camera":"gate","question":"person","snapshot":21,"grid":2}""");
        Assert.Equal(HttpStatusCode.Accepted, started.Status);
        Assert.Equal(new ExplanationRequest("gate", "person", 21, 2), Assert.Single(_rig.Past.Explanations));
        var why = (await _rig.GetAsync("/api/v1/why/two")).Json;
        Assert.Equal((5, 2, 0.25, -0.5), (
            why.GetProperty("passes").GetInt32(), why.GetProperty("done").GetInt32(), why.GetProperty("grid")[0][0].GetDouble(), why.GetProperty("area").GetProperty("top").GetDouble()));
        Assert.Equal("image/jpeg", (await _rig.GetAsync("/api/v1/why/two/picture.jpg")).Type);
        Assert.Equal(HttpStatusCode.OK, (await _rig.SendAsync(HttpMethod.Delete, "/api/v1/why/two")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync("/api/v1/why/three")).Status);

        // The newest frame needs no history.
        _rig.History = null;
        Assert.Equal(HttpStatusCode.Accepted, (await _rig.PostAsync("/api/v1/why", """{"camera":"gate","question":"person"}""")).Status);
        Assert.Equal(new ExplanationRequest("gate", "person", null, ExplanationLimits.UsualGrid), _rig.Past.Explanations[1]);
        Assert.Equal("grid", (await _rig.PostAsync("/api/v1/why", """{"camera":"gate","question":"person","grid":9}""")).Json.GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("""{"wordings":[{"question":"person"}]}""", "camera")]
    [InlineData("""{"camera":"gate"}""", "wordings")]
    [InlineData("""{"camera":"gate","wordings":[]}""", "wordings")]
    [InlineData("""{"camera":"gate","wordings":[{}]}""", "ask")]
    [InlineData("""{"camera":"gate","wordings":[{"ask":"A?"}],"frames":501}""", "frames")]
    [InlineData("""{"camera":"gate","wordings":[{"ask":"A?"}],"from":"soon"}""", "from")]
    [InlineData("""{"camera":"gate","wordings":[{"ask":"A?","answer":"Choice"}]}""", "choices")]
    [InlineData("""{"camera":"gate","wordings":[{"ask":"A?","yesAbove":0.2,"noBelow":0.4}]}""", "noBelow")]
    [InlineData("""{"camera":"gate","wordings":[{"ask":"A?","agree":1,"outOf":3}]}""", "agree")]
    public async Task A_wrong_try_out_is_refused_with_the_reason(string body, string parameter)
    {
        var refused = await _rig.PostAsync("/api/v1/tryouts", body);
        Assert.Equal((HttpStatusCode.BadRequest, parameter), (refused.Status, refused.Json.GetProperty("error").GetProperty("param").GetString()));
        Assert.Empty(_rig.Past.Started);
    }

    [Theory]
    [InlineData("/api/v1/history/whatif?question=person", "camera")]
    [InlineData($"{WhatIf}&yesAbove=1.5", "yesAbove")]
    [InlineData($"{WhatIf}&noBelow=low", "noBelow")]
    [InlineData($"{WhatIf}&yesAbove=0.3&noBelow=0.5", "noBelow")]
    [InlineData($"{WhatIf}&from=2026-11-30&to=2026-11-30", "from")]
    public async Task A_wrong_request_is_refused_with_the_reason(string path, string parameter)
    {
        var refused = await _rig.GetAsync(path);
        Assert.Equal((HttpStatusCode.BadRequest, parameter), (refused.Status, refused.Json.GetProperty("error").GetProperty("param").GetString()));
        Assert.Empty(_rig.Past.Queries);
    }

    [Fact]
    public async Task Without_a_history_the_reason_names_the_setting()
    {
        _rig.History = null;
        var refused = await _rig.GetAsync(WhatIf);
        Assert.Equal(HttpStatusCode.NotFound, refused.Status);
        Assert.Contains("History:Folder", refused.ErrorMessage, StringComparison.Ordinal);
    }
}
