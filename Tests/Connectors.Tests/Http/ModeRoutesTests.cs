using System.Net;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class ModeRoutesTests
{
    private const string Snooze = "/api/v1/cameras/gate/questions/person/snooze";

    [Fact]
    public async Task The_mode_is_shown_and_switched()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal("""{"current":"home","modes":["home","away"]}""", (await rig.GetAsync("/api/v1/modes")).Body);
        var switched = await rig.SendAsync(HttpMethod.Put, "/api/v1/mode", """{"mode":"away"}""");
        Assert.Equal((HttpStatusCode.OK, """{"current":"away","modes":["home","away"]}"""), (switched.Status, switched.Body));
    }

    [Fact]
    public async Task Without_modes_the_list_is_empty_and_a_switch_names_the_setting()
    {
        await using var rig = await HttpRig.StartAsync();
        (rig.Cameras.All, rig.Cameras.Current) = ([], null);
        Assert.Equal("""{"current":null,"modes":[]}""", (await rig.GetAsync("/api/v1/modes")).Body);
        var refused = await rig.SendAsync(HttpMethod.Put, "/api/v1/mode", """{"mode":"away"}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("MobileVlm:Modes", refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"mode":"holiday"}""", "home, away")]
    [InlineData("""{"mode":1}""", "'mode' is not a text")]
    [InlineData("{}", "'mode' is not a text")]
    public async Task A_mode_that_does_not_exist_is_refused_with_those_that_do(string body, string expected)
    {
        await using var rig = await HttpRig.StartAsync();
        var refused = await rig.SendAsync(HttpMethod.Put, "/api/v1/mode", body);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains(expected, refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_is_snoozed_for_hours_and_zero_ends_it()
    {
        await using var rig = await HttpRig.StartAsync();
        var snoozed = await rig.SendAsync(HttpMethod.Put, Snooze, """{"hours":2.5}""");
        Assert.Equal(new DateTimeOffset(2026, 3, 1, 14, 30, 0, TimeSpan.Zero), snoozed.Json.GetProperty("snoozedUntil").GetDateTimeOffset());
        var ended = await rig.SendAsync(HttpMethod.Put, Snooze, """{"hours":0}""");
        Assert.Equal("""{"camera":"gate","question":"person","snoozedUntil":null}""", ended.Body);
        Assert.Equal([TimeSpan.FromHours(2.5), TimeSpan.Zero], rig.Cameras.Snoozed.Select(it => it.Length));
    }

    [Theory]
    [InlineData("""{"hours":-1}""")]
    [InlineData("""{"hours":169}""")]
    [InlineData("""{"hours":"2"}""")]
    [InlineData("{}")]
    public async Task Hours_out_of_the_range_are_refused_with_the_range(string body)
    {
        await using var rig = await HttpRig.StartAsync();
        var refused = await rig.SendAsync(HttpMethod.Put, Snooze, body);
        Assert.Equal(HttpStatusCode.BadRequest, refused.Status);
        Assert.Contains("from 0 to 168", refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/cameras/gate/questions/dog/snooze", "person")]
    [InlineData("/api/v1/cameras/yard/questions/person/snooze", "gate")]
    public async Task An_unknown_question_is_404_with_the_known_ones(string path, string known)
    {
        await using var rig = await HttpRig.StartAsync();
        var refused = await rig.SendAsync(HttpMethod.Put, path, """{"hours":1}""");
        Assert.Equal(HttpStatusCode.NotFound, refused.Status);
        Assert.Contains(known, refused.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_may_read_sees_modes_and_changes_nothing()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/modes", HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/modes")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(HttpMethod.Put, "/api/v1/mode", """{"mode":"away"}""", HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(HttpMethod.Put, Snooze, """{"hours":1}""", HttpRig.ReadToken)).Status);
        Assert.Empty(rig.Cameras.Snoozed);
    }
}
