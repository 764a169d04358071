using System.Net;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>The routes that change questions and try out configurations and sources.</summary>
public sealed class QuestionRoutesTests
{
    private const string Question = "/api/v1/cameras/gate/questions/person";

    private const string Definition = """{"Ask":"Is the gate open?","Answer":"YesNo"}""";

    /// <summary>Every route that changes something or reaches beyond the service.</summary>
    public static TheoryData<string, string> Changes => new()
    {
        { "PUT", Question },
        { "DELETE", Question },
        { "POST", $"{Question}/reset" },
        { "POST", "/api/v1/config/check" },
        { "POST", "/api/v1/sources/test" },
        { "POST", "/api/v1/questions/check" },
    };

    [Fact]
    public async Task Questions_are_listed_set_deleted_and_reset()
    {
        await using var rig = await HttpRig.StartAsync();

        var list = await rig.GetAsync("/api/v1/cameras/gate/questions");
        var replaced = await rig.SendAsync(HttpMethod.Put, Question, Definition);
        var created = await rig.SendAsync(HttpMethod.Put, "/api/v1/cameras/gate/questions/open", Definition);
        var deleted = await rig.SendAsync(HttpMethod.Delete, Question);
        var reset = await rig.PostAsync($"{Question}/reset", "");

        Assert.Equal("person", list.Json[0].GetProperty("id").GetString());
        Assert.Equal((HttpStatusCode.OK, true), (replaced.Status, replaced.Json.GetProperty("overrides").GetBoolean()));
        Assert.Equal((HttpStatusCode.Created, "open"), (created.Status, created.Json.GetProperty("id").GetString()));
        Assert.True(deleted.Json.GetProperty("deleted").GetBoolean());
        Assert.Equal("file", reset.Json.GetProperty("source").GetString());
        Assert.Equal([$"set gate/person {Definition}", $"set gate/open {Definition}", "delete gate/person", "reset gate/person"], rig.Questions.Done);
    }

    [Fact]
    public async Task An_unknown_camera_is_404_in_the_form_of_the_own_api()
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.GetAsync("/api/v1/cameras/yard/questions");
        Assert.Equal((HttpStatusCode.NotFound, "the camera 'yard' is not configured"), (answer.Status, answer.ErrorMessage));
    }

    [Fact]
    public async Task An_export_names_deleted_questions_in_a_header()
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.GetAsync("/api/v1/questions/export");
        Assert.True(answer.Json.TryGetProperty("MobileVlm", out _));
        Assert.Equal("gate/car, yard/dog", answer.Headers["X-MobileVLM-Deleted"]);
    }

    [Fact]
    public async Task A_definition_that_is_far_too_long_is_refused_before_it_is_read()
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.SendAsync(HttpMethod.Put, Question, new byte[300 * 1024]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.Status);
        Assert.Empty(rig.Questions.Done);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_token_that_may_read_changes_and_tries_nothing(string method, string path)
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        const string Body = """{"source":"pattern:","ask":"Is it night?"}""";

        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.SendAsync(new HttpMethod(method), path, Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await rig.SendAsync(new HttpMethod(method), path, Body, HttpRig.ReadToken)).Status);
        Assert.Empty(rig.Questions.Done.Concat(rig.Setup.Done));
        Assert.Equal(HttpStatusCode.OK, (await rig.SendAsync(new HttpMethod(method), path, Body, HttpRig.FullToken)).Status);
        Assert.Single(rig.Questions.Done.Concat(rig.Setup.Done));
    }

    [Fact]
    public async Task A_token_that_may_read_sees_questions_and_the_export()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/cameras/gate/questions", HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/v1/questions/export", HttpRig.ReadToken)).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.GetAsync("/api/v1/questions/export")).Status);
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_page_of_another_host_changes_and_tries_nothing(string method, string path)
    {
        await using var rig = await HttpRig.StartAsync();

        // A page can send such a body without asking first.
        var answer = await rig.SendAsync(
            new HttpMethod(method), path, """{"source":"pattern:"}""", change: request => request.Headers.Add("Origin", "http://evil.example"));

        Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
        Assert.Empty(rig.Questions.Done.Concat(rig.Setup.Done));
    }

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task While_the_service_starts_changes_are_refused_with_the_reason(string method, string path)
    {
        await using var rig = await HttpRig.StartAsync();
        rig.NotReady = "the model is being loaded";

        var answer = await rig.SendAsync(new HttpMethod(method), path, """{"source":"pattern:"}""");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the model is being loaded"), (answer.Status, answer.ErrorMessage));
        Assert.Equal("5", answer.Headers["Retry-After"]);
    }

    [Fact]
    public async Task A_tested_source_gives_its_first_frame_or_the_reason()
    {
        await using var rig = await HttpRig.StartAsync();

        var shown = (await rig.PostAsync("/api/v1/sources/test", """{"source":"rtsp://camera/1"}""")).Json;
        var dead = (await rig.PostAsync("/api/v1/sources/test", """{"source":"rtsp://dead"}""")).Json;
        var missing = await rig.PostAsync("/api/v1/sources/test", "{}");

        Assert.True(shown.GetProperty("ok").GetBoolean());
        Assert.Equal((640, 480, 500), (shown.GetProperty("width").GetInt32(), shown.GetProperty("height").GetInt32(), shown.GetProperty("elapsedMs").GetInt32()));
        Assert.Equal($"data:image/jpeg;base64,{Convert.ToBase64String(FakeCameras.Jpeg)}", shown.GetProperty("image").GetString());
        Assert.False(shown.TryGetProperty("reason", out _));
        Assert.Equal((false, "rtsp://dead (ffmpeg): refused"), (dead.GetProperty("ok").GetBoolean(), dead.GetProperty("reason").GetString()));
        Assert.False(dead.TryGetProperty("image", out _));
        Assert.Equal((HttpStatusCode.BadRequest, "source"), (missing.Status, missing.Json.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task The_words_of_a_question_are_checked()
    {
        await using var rig = await HttpRig.StartAsync();

        var warned = (await rig.PostAsync("/api/v1/questions/check", """{"ask":"Is nobody there?"}""")).Json.GetProperty("warnings");
        var plain = (await rig.PostAsync("/api/v1/questions/check", """{"ask":"Is there a person?"}""")).Json.GetProperty("warnings");
        var missing = await rig.PostAsync("/api/v1/questions/check", "{}");

        Assert.Equal(("negation", "about 'Is nobody there?'"), (warned[0].GetProperty("kind").GetString(), warned[0].GetProperty("message").GetString()));
        Assert.Equal((1, 0), (warned.GetArrayLength(), plain.GetArrayLength()));
        Assert.Equal((HttpStatusCode.BadRequest, "ask"), (missing.Status, missing.Json.GetProperty("error").GetProperty("param").GetString()));
    }

    [Fact]
    public async Task A_configuration_is_checked_as_it_was_sent()
    {
        await using var rig = await HttpRig.StartAsync();
        var answer = await rig.PostAsync("/api/v1/config/check", "{ \"MobileVlm\": {} } // mine");
        Assert.True(answer.Json.GetProperty("ok").GetBoolean());
        await rig.PostAsync("/api/v1/config/check", "");
        Assert.Equal(["check { \"MobileVlm\": {} } // mine", "check "], rig.Setup.Done);
    }
}
