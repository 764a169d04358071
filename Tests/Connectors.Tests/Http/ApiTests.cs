using System.Globalization;
using System.Net;
using System.Text.Json;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Mcp;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class ApiTests
{
    [Fact]
    public async Task Cameras_have_the_state_of_their_questions()
    {
        await using var rig = await HttpRig.StartAsync();

        var camera = Assert.Single((await rig.GetAsync("/api/v1/cameras")).Json.EnumerateArray());

        Assert.Equal(["id", "online", "lastFrameAt", "ageMs", "questions"], camera.EnumerateObject().Select(member => member.Name));
        var question = camera.GetProperty("questions")[0];
        Assert.Equal(
            ["id", "ask", "answer", "enabled", "state", "value", "score", "mass", "since", "ageMs", "waitsFor", "snoozedUntil"],
            question.EnumerateObject().Select(member => member.Name));
        Assert.Equal("yes", question.GetProperty("state").GetString());
    }

    [Fact]
    public async Task An_unknown_camera_is_refused_with_the_known_ones()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.GetAsync("/api/v1/cameras/yard/snapshot.jpg");
        Assert.Equal(HttpStatusCode.NotFound, response.Status);
        Assert.Contains("gate", response.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snapshot_is_a_jpeg_without_parameters()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.GetAsync("/api/v1/cameras/gate/snapshot.jpg");
        Assert.Equal("image/jpeg", response.Headers["Content-Type"]);
        Assert.NotEmpty(response.Headers["ETag"]);
    }

    [Theory]
    [InlineData("{0}")]
    [InlineData("W/{0}")]
    [InlineData("\"other\", {0}")]
    [InlineData("*")]
    public async Task A_snapshot_that_the_client_has_is_not_sent_again_and_another_one_with_the_same_number_is(string form)
    {
        await using var rig = await HttpRig.StartAsync();
        var tag = (await rig.GetAsync("/api/v1/cameras/gate/snapshot.jpg")).Headers["ETag"];
        var known = string.Format(CultureInfo.InvariantCulture, form, tag);

        var same = await SnapshotAsync();
        rig.Cameras.Picture = [0xFF, 0xD8, 1, 0xFF, 0xD9];
        var other = await SnapshotAsync();

        Assert.Equal((HttpStatusCode.NotModified, "", tag), (same.Status, same.Body, same.Headers["ETag"]));
        Assert.Equal(form == "*" ? HttpStatusCode.NotModified : HttpStatusCode.OK, other.Status);
        Assert.NotEqual(tag, other.Headers["ETag"]);

        Task<Response> SnapshotAsync() => rig.SendAsync(
            HttpMethod.Get, "/api/v1/cameras/gate/snapshot.jpg", change: request => request.Headers.TryAddWithoutValidation("If-None-Match", known));
    }

    [Fact]
    public async Task Questions_about_a_camera_are_answered_with_the_members_of_ask_and_those_of_the_frame()
    {
        await using var rig = await HttpRig.StartAsync();

        var answers = (await rig.PostAsync("/api/v1/cameras/gate/ask", """{"questions":[{"ask":"A?","answer":"YesNo"},{"ask":"B?","answer":"choice","choices":["x","y"]}]}""")).Json.GetProperty("answers");

        Assert.Equal(["yes", "x"], answers.EnumerateArray().Select(answer => answer.GetProperty("value").GetString()));
        Assert.Equal(
            ["question", "value", "reason", "text", "score", "mass", "tokenIds", "promptTokenIds", "finish", "timings", "camera", "frame", "capturedAt", "ageMs"],
            answers[0].EnumerateObject().Select(member => member.Name));
        Assert.Equal("gate", Assert.Single(rig.Cameras.Asked).Camera);
    }

    [Fact]
    public async Task Questions_about_a_picture_are_in_the_address_and_the_picture_is_the_body()
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.SendAsync(HttpMethod.Post, "/api/v1/ask?question=A%3F&question=B%3F&answer=Choice&choices=red&choices=blue", FakeCameras.Jpeg);

        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.DoesNotContain("camera", response.Json.GetProperty("answers")[0].EnumerateObject().Select(member => member.Name));
        var (camera, picture, questions) = Assert.Single(rig.Cameras.Asked);
        Assert.Equal((null, true), (camera, picture!.Value.Span.SequenceEqual(FakeCameras.Jpeg)));
        Assert.Equal(["A?", "B?"], questions.Select(question => question.Ask));
        Assert.All(questions, question => Assert.Equal((AnswerType.Choice, "red"), (question.Type, question.Choices[0])));
    }

    [Theory]
    [InlineData("question=A&answer=YesNo&answer=Text")]
    [InlineData("question=A&answer=Maybe")]
    [InlineData("question=A&answer=0")]
    [InlineData("question=A&answer=Choice&choices=x")]
    [InlineData("question=A&answer=Choice&choices=x&choices=X")]
    [InlineData("question=%20")]
    [InlineData("")]
    public async Task A_question_that_cannot_be_asked_is_refused(string query)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Post, $"/api/v1/ask?{query}", FakeCameras.Jpeg);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.Empty(rig.Cameras.Asked);
    }

    [Fact]
    public async Task A_question_can_be_switched()
    {
        await using var rig = await HttpRig.StartAsync();

        var done = await rig.SendAsync(HttpMethod.Put, "/api/v1/cameras/gate/questions/person/enabled", """{"enabled":false}""");
        Assert.Equal(HttpStatusCode.OK, done.Status);
        Assert.Equal(("gate", "person", false), Assert.Single(rig.Cameras.Switched));
        Assert.Equal(HttpStatusCode.NotFound, (await rig.SendAsync(HttpMethod.Put, "/api/v1/cameras/gate/questions/dog/enabled", """{"enabled":false}""")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await rig.SendAsync(HttpMethod.Put, "/api/v1/cameras/gate/questions/person/enabled", """{"enabled":1}""")).Status);
    }

    [Fact]
    public async Task Statistics_are_those_of_the_topic()
    {
        await using var rig = await HttpRig.StartAsync();
        Assert.Equal("edge-1", (await rig.GetAsync("/api/v1/stats")).Json.GetProperty("node").GetString());
    }

    [Fact]
    public async Task Events_are_streamed_with_ids_and_a_ping_while_nothing_happens()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { PingEvery = TimeSpan.FromMilliseconds(20) });
        using var stream = await FollowAsync(rig, null);

        await stream.UntilAsync("event: ping");
        rig.Events.Publish("answer", """{"camera":"gate"}"""u8.ToArray());

        await stream.UntilAsync("event: answer");
        Assert.Equal("""data: {"camera":"gate"}""", await stream.Reader.ReadLineAsync());
        Assert.Contains(stream.Seen, line => line.StartsWith("id: ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_comes_back_gets_what_it_missed()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.Events.Publish("state", "1"u8.ToArray());
        string id;
        using (var follower = rig.Events.Follow(null)!)
        {
            rig.Events.Publish("state", "2"u8.ToArray());
            Assert.True(follower.Unread.TryRead(out var seen));
            id = seen!.Id;
        }

        rig.Events.Publish("state", "3"u8.ToArray());
        using var stream = await FollowAsync(rig, id);

        await stream.UntilAsync("data: ");
        Assert.Equal("data: 3", stream.Seen[^1]);
    }

    [Theory]
    [InlineData("another-1")]
    [InlineData("0")]
    public async Task A_client_that_was_away_for_too_long_loads_everything_again(string lastId)
    {
        await using var rig = await HttpRig.StartAsync();
        using var stream = await FollowAsync(rig, lastId);
        await stream.UntilAsync("event: resync");
    }

    [Fact]
    public void A_client_that_reads_too_slowly_loads_everything_again()
    {
        var events = new LiveEvents(TimeProvider.System);
        using var follower = events.Follow(null)!;
        for (var i = 0; i < 2000; i++)
        {
            events.Publish("answer", "{}"u8.ToArray());
        }

        Assert.True(follower.MustResync);
    }

    [Fact]
    public void The_number_of_followers_is_bounded()
    {
        var events = new LiveEvents(TimeProvider.System);
        var followers = Enumerable.Range(0, LiveEvents.MaxFollowers).Select(_ => events.Follow(null)!).ToList();
        Assert.Null(events.Follow(null));
        followers[0].Dispose();
        Assert.NotNull(events.Follow(null));
    }

    [Fact]
    public async Task A_stop_ends_event_streams_at_once()
    {
        var rig = await HttpRig.StartAsync();
        using var stream = await FollowAsync(rig, null);

        await rig.Server.StopAsync().WaitAsync(Eventually.Patience);

        await Assert.ThrowsAnyAsync<Exception>(() => stream.UntilAsync("never"));
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task The_document_describes_each_route_of_the_own_api_and_no_other()
    {
        await using var rig = await HttpRig.StartAsync();
        var document = (await rig.GetAsync("/api/v1/openapi.json")).Json;
        var described = from path in document.GetProperty("paths").EnumerateObject()
                        from method in path.Value.EnumerateObject()
                        select $"{method.Name.ToUpperInvariant()} {path.Name}";
        var settings = new HttpServerSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        var services = new HttpServices { Completion = rig.Completion, Cameras = () => null, NotReady = () => null };
        var queue = new RequestQueue(settings.MaxWaiting, settings.AskWithin, TimeProvider.System);
        var routes = HttpRoutes.Create(
            settings,
            services,
            new RequestGuard(settings, tokens: null, TimeProvider.System),
            queue,
            new McpEndpoint(new McpTools(services, new AdmittedAsks(settings, services, queue)), "1.2.3")).All;
        Assert.Equal(
            routes.Where(route => route.Pattern.StartsWith("/api/v1/", StringComparison.Ordinal)).Select(route => $"{route.Method} {route.Pattern}").Order(StringComparer.Ordinal),
            described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_document_describes_each_member_of_cameras_and_answers()
    {
        await using var rig = await HttpRig.StartAsync();
        var schemas = (await rig.GetAsync("/api/v1/openapi.json")).Json.GetProperty("components").GetProperty("schemas");
        var camera = (await rig.GetAsync("/api/v1/cameras/gate")).Json;
        var answer = (await rig.PostAsync("/api/v1/cameras/gate/ask", """{"questions":[{"ask":"A?"}]}""")).Json.GetProperty("answers")[0];

        Assert.Empty(Names(camera).Except(Described("Camera")));
        Assert.Empty(Names(camera.GetProperty("questions")[0]).Except(Described("Question")));
        Assert.Empty(Names(answer).Except(Described("Answer")));

        IEnumerable<string> Described(string schema) => Names(schemas.GetProperty(schema).GetProperty("properties"));
        static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(member => member.Name);
    }

    private static async Task<EventReader> FollowAsync(HttpRig rig, string? lastId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events/stream");
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        var response = await rig.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        return new EventReader(new StreamReader(await response.Content.ReadAsStreamAsync()));
    }

    private sealed class EventReader(StreamReader reader) : IDisposable
    {
        public StreamReader Reader => reader;

        public List<string> Seen { get; } = [];

        public async Task UntilAsync(string start)
        {
            do
            {
                Seen.Add(await reader.ReadLineAsync().WaitAsync(Eventually.Patience) ?? throw new EndOfStreamException());
            }
            while (!Seen[^1].StartsWith(start, StringComparison.Ordinal));
        }

        public void Dispose() => reader.Dispose();
    }
}
