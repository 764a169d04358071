using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Mcp;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Tests.Shared;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace MobileVlm.Edge.Connectors.Tests.Http;

/// <summary>The Model Context Protocol, called by the official client of the same SDK.</summary>
public sealed class McpTests
{
    private const string Initialize =
        """{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}""";

    [Fact]
    public async Task A_client_finds_the_tools_and_lists_the_cameras()
    {
        await using var rig = await HttpRig.StartAsync();
        await using var client = await ConnectAsync(rig);
        Assert.Equal(("mobilevlm", "1.2.3"), (client.ServerInfo!.Name, client.ServerInfo.Version));
        Assert.Equal(["list_cameras", "latest_answers", "ask_camera"], (await client.ListToolsAsync()).Select(tool => tool.Name));

        var cameras = Json(await client.CallToolAsync("list_cameras")).GetProperty("cameras");
        Assert.Equal("gate", cameras[0].GetProperty("id").GetString());
        Assert.Equal("yes", cameras[0].GetProperty("questions")[0].GetProperty("state").GetString());
    }

    [Fact]
    public async Task The_latest_answers_of_a_camera_are_those_of_the_own_api()
    {
        await using var rig = await HttpRig.StartAsync();
        await using var client = await ConnectAsync(rig);
        var answers = await client.CallToolAsync("latest_answers", new Dictionary<string, object?> { ["camera"] = "gate" });
        Assert.Equal((await rig.GetAsync("/api/v1/cameras/gate")).Body, Text(answers));
        Assert.True(JsonElement.DeepEquals(Json(answers), answers.StructuredContent!.Value));
    }

    [Fact]
    public async Task A_question_is_asked_about_a_camera_and_its_picture_comes_with_the_answer_if_asked_for()
    {
        await using var rig = await HttpRig.StartAsync();
        await using var client = await ConnectAsync(rig);
        var arguments = new Dictionary<string, object?> { ["camera"] = "gate", ["question"] = "Which?", ["answer"] = "Choice", ["choices"] = (string[])["red", "blue"] };

        var answer = await client.CallToolAsync("ask_camera", arguments);
        Assert.Equal("red", Json(answer).GetProperty("value").GetString());
        Assert.DoesNotContain(answer.Content, block => block is ImageContentBlock);
        var (camera, picture, questions) = Assert.Single(rig.Cameras.Asked);
        Assert.Equal(("gate", null, "Which?", AnswerType.Choice), (camera, picture, questions[0].Ask, questions[0].Type));
        Assert.Equal(["red", "blue"], questions[0].Choices);

        arguments["snapshot"] = true;
        var image = Assert.Single((await client.CallToolAsync("ask_camera", arguments)).Content.OfType<ImageContentBlock>());
        Assert.Equal("image/jpeg", image.MimeType);
        Assert.Equal(FakeCameras.Jpeg, image.DecodedData.ToArray());
    }

    [Theory]
    [InlineData("latest_answers", """{"camera":"yard"}""", "configured are gate")]
    [InlineData("latest_answers", "{}", "configured are gate")]
    [InlineData("ask_camera", """{"camera":"gate"}""", "a question is empty")]
    [InlineData("ask_camera", """{"camera":"gate","question":"A?","answer":"Perhaps"}""", "'answer' is not one of")]
    [InlineData("ask_camera", """{"camera":"gate","question":"A?","answer":"Choice","choices":["x"]}""", "'choices' is not a list of 2 to")]
    [InlineData("ask_camera", """{"camera":7,"question":"A?"}""", "configured are gate")]
    public async Task What_is_wrong_is_a_result_that_a_model_can_read(string tool, string arguments, string expected)
    {
        await using var rig = await HttpRig.StartAsync();
        await using var client = await ConnectAsync(rig);
        var result = await client.CallToolAsync(new CallToolRequestParams
        {
            Name = tool,
            Arguments = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(arguments),
        });
        Assert.True(result.IsError);
        Assert.Contains(expected, Text(result), StringComparison.Ordinal);
        Assert.Empty(rig.Cameras.Asked);
    }

    [Fact]
    public async Task A_tool_that_does_not_exist_is_an_error_of_the_protocol()
    {
        await using var rig = await HttpRig.StartAsync();
        await using var client = await ConnectAsync(rig);
        var error = await Assert.ThrowsAnyAsync<McpException>(async () => await client.CallToolAsync("switch_off"));
        Assert.Contains("list_cameras", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAnyAsync<McpException>(async () => await client.CallToolAsync(new string('x', 5000)));
        Assert.Contains($"'{new string('x', 80)}' is not known", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_may_read_reads_and_does_not_ask()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        await using var viewer = await ConnectAsync(rig, HttpRig.ReadToken);
        Assert.NotNull(Json(await viewer.CallToolAsync("list_cameras")).GetProperty("cameras")[0].GetProperty("id").GetString());
        var ask = new Dictionary<string, object?> { ["camera"] = "gate", ["question"] = "A?" };
        var refused = await viewer.CallToolAsync("ask_camera", ask);
        Assert.True(refused.IsError);
        Assert.Contains("may read only", Text(refused), StringComparison.Ordinal);
        Assert.Empty(rig.Cameras.Asked);

        await using var owner = await ConnectAsync(rig, HttpRig.FullToken);
        Assert.Equal("yes", Json(await owner.CallToolAsync("ask_camera", ask)).GetProperty("value").GetString());
    }

    [Fact]
    public async Task Without_a_token_from_another_host_or_from_another_page_nothing_is_answered()
    {
        await using var rig = await HttpRig.StartAsync(hasTokens: true);
        Assert.Equal(HttpStatusCode.Unauthorized, (await rig.PostAsync("/mcp", Initialize)).Status);
        await using var open = await HttpRig.StartAsync();
        Assert.Equal(
            HttpStatusCode.MisdirectedRequest, (await open.SendAsync(HttpMethod.Post, "/mcp", Initialize, change: request => request.Headers.Host = "evil.example")).Status);
        Assert.Equal(
            HttpStatusCode.Forbidden, (await open.SendAsync(HttpMethod.Post, "/mcp", Initialize, change: request => request.Headers.Add("Origin", "https://evil.example"))).Status);
    }

    [Fact]
    public async Task There_are_no_sessions_and_no_streams_of_their_own()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Post, "/mcp/", Initialize, change: request =>
        {
            request.Content!.Headers.ContentType = new("application/json");
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        });
        Assert.Equal(HttpStatusCode.OK, response.Status);
        Assert.False(response.Headers.ContainsKey("Mcp-Session-Id"));
        Assert.Contains("\"serverInfo\"", response.Body, StringComparison.Ordinal);
        var get = await rig.GetAsync("/mcp");
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "POST"), (get.Status, get.Headers["Allow"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_cameras","arguments":7}}""")]
    public async Task A_body_that_is_not_a_request_is_refused_and_does_no_harm(string body)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Post, "/mcp", body, change: request =>
        {
            request.Content!.Headers.ContentType = new("application/json");
            request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        });
        Assert.NotEqual(HttpStatusCode.InternalServerError, response.Status);
        Assert.DoesNotContain("\"result\"", response.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_model_is_loaded_a_tool_reports_that()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.NotReady = "the model is being loaded and tested";
        rig.HasCameras = false;
        await using var client = await ConnectAsync(rig);
        var result = await client.CallToolAsync("list_cameras");
        Assert.True(result.IsError);
        Assert.Equal("the model is being loaded and tested", Text(result));
    }

    [Fact]
    public async Task Its_questions_wait_in_the_queue_of_all_requests()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { MaxWaiting = 1 });
        rig.Cameras.OnAsk = cancel => Task.Delay(Timeout.Infinite, cancel);
        using var leaves = new CancellationTokenSource();
        var waiting = rig.Client.PostAsync(
            new Uri("api/v1/cameras/gate/ask", UriKind.Relative), new StringContent("""{"questions":[{"ask":"A?"}]}"""), leaves.Token);
        await Eventually.TrueAsync(() => rig.Cameras.Asked.Count == 1, "the question is asked");
        await using var client = await ConnectAsync(rig);

        var refused = await client.CallToolAsync("ask_camera", new Dictionary<string, object?> { ["camera"] = "gate", ["question"] = "A?" });

        Assert.True(refused.IsError);
        Assert.Contains("1 requests wait already", Text(refused), StringComparison.Ordinal);
        Assert.Equal((1, 1), (rig.Cameras.Busy, rig.Cameras.Asked.Count));
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_request_is_not_taken_for_cancelled_after_its_call()
    {
        await using var rig = await HttpRig.StartAsync();
        var settings = new HttpServerSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        var services = new HttpServices { Completion = rig.Completion, Cameras = () => rig.Cameras, NotReady = () => null };
        var queue = new RequestQueue(settings.MaxWaiting, settings.AskWithin, TimeProvider.System);
        var endpoint = new McpEndpoint(new McpTools(services, new AdmittedAsks(settings, services, queue)), "1.2.3");
        var builder = Host.CreateEmptyApplicationBuilder(null);
        endpoint.AddTo(builder.Services, _ => { });
        using var host = builder.Build();
        endpoint.Map(host.Services);
        using var leaves = new CancellationTokenSource();
        using var stopping = new CancellationTokenSource();
        var http = new DefaultHttpContext { RequestServices = host.Services, RequestAborted = leaves.Token };
        (http.Request.Method, http.Request.ContentType, http.Request.Headers.Accept) = ("POST", "application/json", "application/json, text/event-stream");
        http.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(Initialize));
        http.Response.Body = new MemoryStream();

        await Assert.Single(endpoint.Create()).Handler(new RouteContext(http, [], stopping.Token));

        Assert.Equal(leaves.Token, http.RequestAborted);
    }

    [Fact]
    public async Task A_server_that_stops_does_not_wait_for_a_call()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.Cameras.OnAsk = cancel => Task.Delay(Timeout.Infinite, cancel);
        await using var client = await ConnectAsync(rig);
        var asking = client.CallToolAsync("ask_camera", new Dictionary<string, object?> { ["camera"] = "gate", ["question"] = "A?" }).AsTask();
        await Eventually.TrueAsync(() => rig.Cameras.Asked.Count == 1, "the question is asked");
        await rig.Server.StopAsync().WaitAsync(Eventually.Patience);
        await Assert.ThrowsAnyAsync<Exception>(() => asking.WaitAsync(Eventually.Patience));
    }

    private static async Task<McpClient> ConnectAsync(HttpRig rig, string? token = null)
    {
        var options = new HttpClientTransportOptions
        {
            Endpoint = new Uri(rig.Server.Address, "mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = token is null ? null : new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
        };
        return await McpClient.CreateAsync(new HttpClientTransport(options));
    }

    private static string Text(CallToolResult result) => result.Content.OfType<TextContentBlock>().Single().Text;

    private static JsonElement Json(CallToolResult result)
    {
        Assert.NotEqual(true, result.IsError);
        return JsonDocument.Parse(Text(result)).RootElement;
    }
}
