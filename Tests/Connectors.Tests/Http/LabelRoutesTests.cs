using System.Net;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class LabelRoutesTests
{
    private const string Question = "/api/v1/cameras/gate/questions/person";
    private const string Labels = $"{Question}/labels";

    [Fact]
    public async Task Labels_are_listed_with_their_counts_and_pictures()
    {
        await using var rig = await HttpRig.StartAsync();
        var list = (await rig.GetAsync(Labels)).Json;
        Assert.Equal("""{"yes":1,"no":1}""", list.GetProperty("counts").GetRawText());
        var label = list.GetProperty("labels")[0];
        Assert.Equal(("yes", 7, 0.4, "commandLine"), (label.GetProperty("value").GetString(), label.GetProperty("frame").GetInt32(), label.GetProperty("score").GetDouble(), label.GetProperty("source").GetString()));
        Assert.Equal("image/jpeg", (await rig.GetAsync(label.GetProperty("picture").GetString()!)).Type);
        Assert.Equal("null", list.GetProperty("labels")[1].GetProperty("at").GetRawText());
    }

    [Theory]
    [InlineData("""{"frame":7,"label":"yes"}""", 7, null, null)]
    [InlineData("""{"snapshot":3,"label":"yes","event":null}""", null, 3, null)]
    [InlineData("""{"labelId":"IMG_1","label":"yes"}""", null, null, "IMG_1")]
    public async Task A_frame_is_labelled_by_any_of_its_names(string body, int? frame, int? snapshot, string? id)
    {
        await using var rig = await HttpRig.StartAsync();
        var changed = await rig.SendAsync(HttpMethod.Put, Labels, body);
        Assert.Equal("""{"labelId":"20261130-030000000-7","value":"yes","before":"no","counts":{"yes":1,"no":0}}""", changed.Body);
        Assert.Equal(
            new LabelRequest("gate", "person", new LabelFrame { Frame = frame, Snapshot = snapshot, Id = id }, "yes", LabelSource.Http), Assert.Single(rig.Labels.Requests));
    }

    [Theory]
    [InlineData("""{"label":"yes"}""", "no frame is named")]
    [InlineData("""{"frame":1,"snapshot":2,"label":"yes"}""", "'frame' and 'snapshot' are both given")]
    [InlineData("""{"frame":-1,"label":"yes"}""", "'frame' is not a whole number")]
    [InlineData("""{"frame":1.5,"label":"yes"}""", "'frame' is not a whole number")]
    [InlineData("""{"frame":1,"at":"noon","label":"yes"}""", "'at' is not a time")]
    [InlineData("""{"event":"x","label":"yes"}""", "'event' is neither the id of an event nor 'last'")]
    [InlineData("""{"labelId":"../a","label":"yes"}""", "'labelId' is not the id of a label")]
    [InlineData("""{"frame":1}""", "'label' is missing")]
    [InlineData("[]", "is not a JSON object")]
    public async Task A_wrong_body_is_refused_with_what_would_be_accepted(string body, string expected)
    {
        await using var rig = await HttpRig.StartAsync();
        var refused = await rig.SendAsync(HttpMethod.Put, Labels, body);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains(expected, refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Empty(rig.Labels.Requests);
    }

    [Fact]
    public async Task A_label_is_removed_and_a_full_disk_is_reported()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal("null", (await rig.SendAsync(HttpMethod.Delete, $"{Labels}/20261130-030000000-7")).Json.GetProperty("value").GetRawText());
        Assert.Equal("clear", Assert.Single(rig.Labels.Requests).Label);
        Assert.Equal((HttpStatusCode)507, (await rig.SendAsync(HttpMethod.Put, Labels, """{"frame":1,"label":"full"}""")).Status);
    }

    [Fact]
    public async Task Proposals_name_the_snapshot_its_score_and_why()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal(
            """{"proposals":[{"snapshot":3,"at":"2026-11-30T03:00:00+00:00","frame":7,"score":0.5,"why":"unsure","path":"/api/v1/history/snapshots/3.jpg"}]}""",
            (await rig.GetAsync($"{Labels}/proposals?limit=5")).Body.Replace("\\u002B", "+", StringComparison.Ordinal));
        Assert.Equal(5, rig.Labels.Limit);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.GetAsync($"{Labels}/proposals?limit=25")).Status);
    }

    [Fact]
    public async Task Teaching_is_begun_followed_and_cancelled()
    {
        await using var rig = await HttpRig.StartAsync();
        var begun = await rig.SendAsync(HttpMethod.Post, $"{Question}/teach");
        Assert.Equal((HttpStatusCode.Accepted, "waiting"), (begun.Status, begun.Json.GetProperty("status").GetString()));
        var state = (await rig.GetAsync($"{Question}/teach")).Json;
        Assert.Equal(("reading", 3, 9), (state.GetProperty("status").GetString(), state.GetProperty("done").GetInt32(), state.GetProperty("total").GetInt32()));
        Assert.Equal("""{"accuracy":0.9,"low":0.7,"high":0.97}""", state.GetProperty("result").GetProperty("estimate").GetRawText());
        Assert.Equal("cancelled", (await rig.SendAsync(HttpMethod.Delete, $"{Question}/teach")).Json.GetProperty("status").GetString());
        Assert.Equal(["teach gate/person", "cancel gate/person"], rig.Labels.Calls);
        Assert.Equal([2, 1], (await rig.GetAsync($"{Question}/taught")).Json.GetProperty("versions").EnumerateArray().Select(it => it.GetProperty("version").GetInt32()));
    }

    [Fact]
    public async Task A_version_scores_the_question_until_another_or_none_does()
    {
        await using var rig = await HttpRig.StartAsync();
        var used = await rig.SendAsync(HttpMethod.Put, $"{Question}/taught", """{"version":1}""");
        Assert.Equal(1, used.Json.GetProperty("used").GetInt32());
        var none = await rig.SendAsync(HttpMethod.Put, $"{Question}/taught", """{"version":null}""");
        Assert.Equal(("null", "null"), (none.Json.GetProperty("used").GetRawText(), none.Json.GetProperty("file").GetRawText()));
        Assert.Equal(["use gate/person /state/taught/gate/person/1.json", "use gate/person nothing"], rig.Questions.Done);

        var missing = await rig.SendAsync(HttpMethod.Put, $"{Question}/taught", """{"version":9}""");
        Assert.Equal(HttpStatusCode.NotFound, missing.Status);
        Assert.Contains("there is no version 9; there are 2, 1", missing.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("'version' is missing", (await rig.SendAsync(HttpMethod.Put, $"{Question}/taught", "{}")).ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_may_read_sees_labels_and_changes_nothing()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        foreach (var path in (string[])[Labels, $"{Labels}/proposals", $"{Labels}/IMG_1/picture.jpg", $"{Question}/teach", $"{Question}/taught"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync(path)).Status);
            Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync(path, HttpRig.ReadToken)).Status);
        }

        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Put, Labels), (HttpMethod.Delete, $"{Labels}/IMG_1"), (HttpMethod.Post, $"{Question}/teach"), (HttpMethod.Delete, $"{Question}/teach"), (HttpMethod.Put, $"{Question}/taught")])
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(method, path, """{"frame":1,"label":"yes"}""", HttpRig.ReadToken)).Status);
        }

        Assert.Empty(rig.Labels.Requests);
    }
}
