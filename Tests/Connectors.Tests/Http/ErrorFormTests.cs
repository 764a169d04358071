using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace MobileVlm.Edge.Connectors.Tests.Http;

public sealed class ErrorFormTests
{
    [Theory]
    [InlineData("GET", "/v1/nothing", 404)]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("GET", "/api/v1/nothing", 404)]
    [InlineData("POST", "/api/v1/cameras", 405)]
    [InlineData("DELETE", "/v1/chat/completions", 405)]
    [InlineData("GET", "/api/chat/completions", 405)]
    [InlineData("POST", "/", 404)]
    public async Task Errors_are_objects_on_the_own_and_the_openai_routes(string method, string path, int status)
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.SendAsync(new HttpMethod(method), path);

        Assert.Equal(status, (int)response.Status);
        var error = response.Json.GetProperty("error");
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
        Assert.Equal("application/json", response.Type);
    }

    [Theory]
    [InlineData("GET", "/api/nothing", 404)]
    [InlineData("POST", "/api/embed", 404)]
    [InlineData("DELETE", "/api/delete", 404)]
    [InlineData("GET", "/api/chat", 405)]
    public async Task Errors_are_texts_on_the_routes_of_ollama_and_unknown_ones_beside_them(string method, string path, int status)
    {
        await using var rig = await HttpRig.StartAsync();

        var response = await rig.SendAsync(new HttpMethod(method), path);

        Assert.Equal(status, (int)response.Status);
        Assert.NotEmpty(response.ErrorText);
    }

    [Theory]
    [InlineData("/v1/responses", "/v1/chat/completions")]
    [InlineData("/", "/v1/chat/completions")]
    public async Task An_address_of_another_kind_of_server_names_the_right_one(string path, string named)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync(path, "{}");
        Assert.Equal(HttpStatusCode.NotFound, response.Status);
        Assert.Contains(named, response.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_a_route_has_not_is_refused_with_those_that_it_has()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Delete, "/v1/models");
        Assert.Equal("GET, HEAD", response.Headers["Allow"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}")]
    [InlineData("{\"messages\":5}")]
    [InlineData("{\"messages\":[{\"content\":7}]}")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}],\"temperature\":-1}")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}],\"top_p\":0}")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}],\"n\":2}")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}],\"logprobs\":true,\"top_logprobs\":21}")]
    [InlineData("{\"messages\":[{\"content\":\"x\"}],\"stop\":[1]}")]
    [InlineData("{\"messages\":[{\"content\":[{\"type\":\"input_audio\"}]}]}")]
    public async Task A_body_that_cannot_be_used_is_refused_with_a_reason(string body)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.PostAsync("/v1/chat/completions", body);
        Assert.Equal(HttpStatusCode.BadRequest, response.Status);
        Assert.NotEmpty(response.ErrorMessage);
        Assert.Empty(rig.Completion.Chats);
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_in_the_form_of_its_route()
    {
        await using var rig = await HttpRig.StartAsync(settings => settings with { MaxBodyBytes = 1000 });

        var openAi = await rig.PostAsync("/v1/chat/completions", new string('x', 1001));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, true), (openAi.Status, openAi.ErrorMessage.Length > 0));
        var ollama = await rig.PostAsync("/api/chat", new string('x', 1001));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, true), (ollama.Status, ollama.ErrorText.Length > 0));
    }

    [Fact]
    public async Task A_compressed_body_is_refused()
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(
            HttpMethod.Post, "/v1/chat/completions", "{}", change: request => request.Content!.Headers.ContentEncoding.Add("gzip"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.Status);
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/api/chat")]
    public async Task An_exception_is_a_status_500_without_its_details(string path)
    {
        await using var rig = await HttpRig.StartAsync(new FakeCompletion { Fault = new InvalidOperationException("secret"), Pieces = [] });

        var response = await rig.PostAsync(path, """{"stream":false,"messages":[{"role":"user","content":"x"}]}""");

        Assert.Equal(HttpStatusCode.InternalServerError, response.Status);
        Assert.DoesNotContain("secret", response.Body, StringComparison.Ordinal);
        Assert.NotEqual(JsonValueKind.Undefined, response.Json.GetProperty("error").ValueKind);
    }

    [Theory]
    [InlineData("//v1/models")]
    [InlineData("/v1//models")]
    [InlineData("/v1/models/")]
    [InlineData("/models")]
    public async Task A_mistyped_base_address_answers_without_a_redirect(string path)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Get, "http://placeholder" + path, change: request =>
            request.RequestUri = new Uri(rig.Server.Address.GetLeftPart(UriPartial.Authority) + path));
        Assert.Equal(HttpStatusCode.OK, response.Status);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/tags")]
    [InlineData("/v1/models")]
    public async Task Head_is_answered_like_get_without_a_body(string path)
    {
        await using var rig = await HttpRig.StartAsync();
        var response = await rig.SendAsync(HttpMethod.Head, path);
        Assert.Equal((HttpStatusCode.OK, ""), (response.Status, response.Body));
    }

    [Fact]
    public async Task A_service_that_is_not_ready_gives_the_reason()
    {
        await using var rig = await HttpRig.StartAsync();
        rig.NotReady = "the model is being loaded";

        var ready = await rig.GetAsync("/readyz");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "the model is being loaded"), (ready.Status, ready.ErrorMessage));
        Assert.Contains("Retry-After", ready.Headers.Keys);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/healthz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/api/tags")).Status);
    }

    [Theory]
    [InlineData("zz")]
    [InlineData("-1")]
    [InlineData("ffffffffffffffff")]
    public async Task A_chunk_without_a_possible_size_is_the_fault_of_the_client(string size)
    {
        await using var rig = await HttpRig.StartAsync();
        using var socket = new TcpClient("127.0.0.1", rig.Server.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n{{}}\r\n0\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream());
        Assert.Equal("HTTP/1.1 400 Bad Request", await reader.ReadLineAsync());
    }

    [Fact]
    public async Task Garbage_on_the_socket_does_not_harm_other_clients()
    {
        await using var rig = await HttpRig.StartAsync();
        var random = new Random(5);
        for (var i = 0; i < 50; i++)
        {
            using var socket = new TcpClient("127.0.0.1", rig.Server.Address.Port);
            var bytes = new byte[random.Next(1, 2000)];
            random.NextBytes(bytes);
            await socket.GetStream().WriteAsync(i % 2 == 0 ? bytes : Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {random.Next()}\r\n\r\n{{")));
        }

        Assert.Equal(HttpStatusCode.OK, (await rig.GetAsync("/v1/models")).Status);
    }
}
