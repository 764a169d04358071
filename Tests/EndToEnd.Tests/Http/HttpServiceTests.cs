using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>The HTTP server of a running service, with the demo's model.</summary>
public sealed partial class HttpServiceTests : IDisposable
{
    private const string Question = "Describe the scene.";

    private static readonly string Scene = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene000.jpg");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_camera_can_be_seen_and_asked_and_every_api_gives_the_answer_of_ask()
    {
        var config = ServiceConfiguration.Write(
            _folder.Path, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip }, new Dictionary<string, object> { ["Port"] = 0 });
        File.WriteAllText(config, File.ReadAllText(config)
            .Replace("\"Node\":", "\"Http\": { \"Listen\": \"127.0.0.1:0\" }, \"Node\":", StringComparison.Ordinal)
            .Replace("\"StallTimeout\"", "\"Loop\": true, \"StallTimeout\"", StringComparison.Ordinal));
        await using var service = EdgeProcess.Start("run", "--config", config);
        using var client = await ClientAsync(service);

        // The state comes with the first answers.
        JsonElement camera = default;
        await Eventually.TrueAsync(
            async () =>
            {
                camera = (await GetAsync(client, "api/v1/cameras"))[0];
                return camera.GetProperty("questions")[0].GetProperty("state").GetString() is "yes" or "no";
            },
            "the camera has a state");
        Assert.Equal("gate", camera.GetProperty("id").GetString());
        Assert.Equal([0xFF, 0xD8], (await client.GetByteArrayAsync(new Uri("api/v1/cameras/gate/snapshot.jpg", UriKind.Relative)))[..2]);
        var about = await PostAsync(client, "api/v1/cameras/gate/ask", """{"questions":[{"ask":"Is there a person?","answer":"YesNo"}]}""");
        Assert.Contains(about.GetProperty("answers")[0].GetProperty("value").GetString(), (string[])["yes", "no"]);
        Assert.True(about.GetProperty("answers")[0].GetProperty("ageMs").GetDouble() >= 0);

        var expected = await AskAsync();
        Assert.Equal(expected, await OwnAsync(client));
        Assert.Equal(expected, await OpenAiAsync(client));
        Assert.Equal(expected, await OllamaAsync(client));

        var metrics = await client.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Contains("service_name=\"mobilevlm\"", metrics, StringComparison.Ordinal);
        Assert.Matches("mobilevlm_question_answered_total{[^}]*question=\"person\"[^}]*} [1-9]", metrics);
        await FollowedAsync(client);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    [Fact]
    public async Task A_service_without_cameras_and_broker_answers_and_stops_in_order()
    {
        var config = WriteAlone(DemoModel.Folder.FolderPath);
        await using var service = EdgeProcess.Start("run", "--config", config);
        using var client = await ClientAsync(service);

        var expected = await AskAsync();
        Assert.Equal(expected, await OwnAsync(client));
        Assert.Equal(expected, await OpenAiAsync(client));
        Assert.Empty((await GetAsync(client, "api/v1/cameras")).EnumerateArray());

        // An open stream does not hold up the stop.
        using var stream = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    [Fact]
    public async Task A_text_only_model_completes_texts_and_refuses_pictures()
    {
        var model = Path.Combine(_folder.Path, "model");
        var (code, _, errors) = await EdgeProcess.RunAsync(
            "model", "import", Path.Combine(DemoModel.Repository, "Tests", "Golden", "mobilellama"), model, "--precision", "fp32");
        Assert.True(code == 0, errors);
        await using var service = EdgeProcess.Start("run", "--config", WriteAlone(model));
        using var client = await ClientAsync(service);

        var tokens = await PostAsync(client, "tokenize", """{"prompt":"The gate is open","add_special_tokens":false}""");
        int[] ids = [1, .. tokens.GetProperty("tokens").EnumerateArray().Select(id => id.GetInt32())];
        var scored = await PostAsync(client, "v1/completions", JsonSerializer.Serialize(new { prompt = new[] { ids }, max_tokens = 1, logprobs = 1, echo = true, temperature = 0 }));
        var logprobs = scored.GetProperty("choices")[0].GetProperty("logprobs");
        Assert.Equal(ids.Length + 1, logprobs.GetProperty("token_logprobs").GetArrayLength());
        Assert.All(logprobs.GetProperty("token_logprobs").EnumerateArray().Skip(1), value => Assert.True(value.GetDouble() < 0));

        var chat = await PostAsync(client, "v1/chat/completions", """{"max_tokens":4,"messages":[{"role":"user","content":"Hi"}]}""");
        Assert.Equal(JsonValueKind.String, chat.GetProperty("choices")[0].GetProperty("message").GetProperty("content").ValueKind);
        using var refused = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), new StringContent(Chat(await File.ReadAllBytesAsync(Scene))));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    [Fact]
    public async Task Without_the_section_only_the_brokers_port_listens()
    {
        var config = ServiceConfiguration.Write(
            _folder.Path, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip }, new Dictionary<string, object> { ["Port"] = 0 });
        await using var service = EdgeProcess.Start("run", "--config", config);
        await service.LogsAsync("watches 1 camera");
        Assert.Single(ListeningPorts(service.Id));
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_refused_with_exit_code_2()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var config = WriteAlone(DemoModel.Folder.FolderPath, $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");
        var (code, _, errors) = await EdgeProcess.RunAsync("run", "--config", config);
        Assert.Equal(2, code);
        Assert.Contains("Http:Listen", errors, StringComparison.Ordinal);
    }

    /// <summary>A client of a service that is ready. Lists are answered while the model loads; the rest once it is ready.</summary>
    private static async Task<HttpClient> ClientAsync(EdgeProcess service)
    {
        var client = new HttpClient { BaseAddress = await service.HttpAddressAsync() };
        Assert.Equal("mobilevlm", (await GetAsync(client, "v1/models")).GetProperty("data")[0].GetProperty("owned_by").GetString());
        await service.ReadyAsync();
        return client;
    }

    private static async Task<JsonElement> GetAsync(HttpClient client, string path) =>
        JsonDocument.Parse(await client.GetStringAsync(new Uri(path, UriKind.Relative))).RootElement;

    private static async Task<JsonElement> PostAsync(HttpClient client, string path, string body)
    {
        using var response = await client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private static async Task<string> AskAsync()
    {
        var (code, output, errors) = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--image", Scene, "--max-tokens", "128", "--json", Question);
        Assert.True(code == 0, errors);
        var answer = JsonDocument.Parse(output).RootElement.GetProperty("answers")[0];
        Assert.Equal((answer.GetProperty("text").GetString(), JsonValueKind.Null), (answer.GetProperty("value").GetString(), answer.GetProperty("reason").ValueKind));
        return answer.GetProperty("text").GetString()!;
    }

    private static async Task<string> OwnAsync(HttpClient client)
    {
        using var response = await client.PostAsync(
            new Uri($"api/v1/ask?answer=Text&question={Uri.EscapeDataString(Question)}", UriKind.Relative), new ByteArrayContent(await File.ReadAllBytesAsync(Scene)));
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("answers")[0].GetProperty("text").GetString()!;
    }

    private static async Task<string> OpenAiAsync(HttpClient client)
    {
        var answer = await PostAsync(client, "v1/chat/completions", Chat(await File.ReadAllBytesAsync(Scene)));
        return answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static async Task<string> OllamaAsync(HttpClient client)
    {
        var answer = await PostAsync(client, "api/chat", JsonSerializer.Serialize(new
        {
            stream = false,
            messages = new[] { new { role = "user", content = Question, images = new[] { Convert.ToBase64String(await File.ReadAllBytesAsync(Scene)) } } },
        }));
        return answer.GetProperty("message").GetProperty("content").GetString()!;
    }

    private static string Chat(byte[] picture) => JsonSerializer.Serialize(new
    {
        messages = new[]
        {
            new
            {
                role = "user",
                content = new object[]
                {
                    new { type = "text", text = Question },
                    new { type = "image_url", image_url = new { url = $"data:image/jpeg;base64,{Convert.ToBase64String(picture)}" } },
                },
            },
        },
    });

    private static async Task FollowedAsync(HttpClient client)
    {
        using var response = await client.GetAsync(new Uri("api/v1/events/stream", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        for (var line = ""; line != "event: answer";)
        {
            line = await reader.ReadLineAsync().WaitAsync(Eventually.Patience) ?? throw new EndOfStreamException();
        }

        var answer = JsonDocument.Parse((await reader.ReadLineAsync())!["data: ".Length..]).RootElement;
        Assert.Equal("gate", answer.GetProperty("camera").GetString());
    }

    private string WriteAlone(string model, string listen = "127.0.0.1:0")
    {
        var file = Path.Combine(_folder.Path, "alone.json");
        File.WriteAllText(file, JsonSerializer.Serialize(new { MobileVlm = new { Node = "t", Model = new { Path = model }, Http = new { Listen = listen } } }));
        return file;
    }

    /// <summary>The TCP ports at which a process listens.</summary>
    private static IReadOnlyList<int> ListeningPorts(int process)
    {
        var sockets = Directory.EnumerateFileSystemEntries($"/proc/{process}/fd")
            .Select(entry => new FileInfo(entry).LinkTarget).OfType<string>()
            .Select(target => Socket().Match(target)).Where(match => match.Success).Select(match => match.Groups[1].Value).ToHashSet();
        return
        [
            .. from table in (string[])[$"/proc/{process}/net/tcp", $"/proc/{process}/net/tcp6"]
               where File.Exists(table)
               from line in File.ReadLines(table).Skip(1)
               let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
               where fields[3] == "0A" && sockets.Contains(fields[9])
               select Convert.ToInt32(fields[1].Split(':')[1], 16),
        ];
    }

    [GeneratedRegex(@"^socket:\[(\d+)\]$")]
    private static partial Regex Socket();
}
