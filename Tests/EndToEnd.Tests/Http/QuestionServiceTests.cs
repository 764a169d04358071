using System.Net;
using System.Text;
using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Questions, sources and configurations over HTTP, with the service as a process and the demo's model.</summary>
public sealed class QuestionServiceTests : IDisposable
{
    private static readonly string Scene = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", "scene002.jpg");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_question_is_created_over_HTTP_asked_at_once_and_there_after_a_kill()
    {
        var config = Write(hasState: true);
        var before = await File.ReadAllBytesAsync(config);
        string? since;
        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            using var client = await ClientAsync(service);
            since = (await StateAsync(client, "person")).GetProperty("since").GetString();

            var created = await SendAsync(client, HttpMethod.Put, "api/v1/cameras/gate/questions/dog", """{"Ask":"Is there a dog?","Answer":"YesNo","Every":"00:00:00.5"}""");
            Assert.Equal((HttpStatusCode.Created, "overlay"), (created.Status, created.Json.GetProperty("source").GetString()));

            // Asked at once, and the other question keeps its state.
            await StateAsync(client, "dog");
            var person = await StateAsync(client, "person");
            Assert.Equal(since, person.GetProperty("since").GetString());

            var wrong = await SendAsync(client, HttpMethod.Put, "api/v1/cameras/gate/questions/dog", """{"Ask":"Is there a dog?","Answer":"Perhaps"}""");
            Assert.Equal((HttpStatusCode.BadRequest, "Answer"), (wrong.Status, wrong.Json.GetProperty("error").GetProperty("param").GetString()));

            await SetupAsync(client, config);
            service.Kill();
            await service.ExitAsync();
        }

        var check = await EdgeProcess.RunAsync("config", "check", config);
        Assert.Equal((0, "OK: 1 camera, 2 questions.\ngate/dog was added over HTTP.\n"), (check.ExitCode, check.Output));
        var export = await EdgeProcess.RunAsync("config", "export-questions", config);
        Assert.Equal("Is there a dog?", JsonDocument.Parse(export.Output).RootElement
            .GetProperty("MobileVlm").GetProperty("Cameras").GetProperty("gate").GetProperty("Questions").GetProperty("dog").GetProperty("Ask").GetString());
        var doctor = await EdgeProcess.RunAsync("doctor", "--config", config);
        Assert.Contains("gate/dog was added over HTTP", doctor.Output, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(config));

        await using var again = EdgeProcess.Start("run", "--config", config);
        using var other = await ClientAsync(again);
        await StateAsync(other, "dog");

        // The file changes; what was deleted over HTTP stays deleted.
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(other, HttpMethod.Delete, "api/v1/cameras/gate/questions/dog")).Status);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(other, HttpMethod.Put, "api/v1/cameras/gate/questions/cars", """{"Ask":"How many cars?","Answer":"Number"}""")).Status);
        await File.WriteAllTextAsync(config, Encoding.UTF8.GetString(before).Replace("Is there a person?", "Is there a man?", StringComparison.Ordinal));
        again.Hangup();
        await Eventually.TrueAsync(
            async () => (await QuestionsAsync(other)).SequenceEqual(["person: Is there a man?", "cars: How many cars?"]),
            "the changed file counts, and the question that was set too",
            state: () => again.Errors);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());
    }

    [Fact]
    public async Task Without_a_state_folder_a_change_is_refused_and_a_camera_may_begin_without_questions()
    {
        await using var service = EdgeProcess.Start("run", "--config", Write(hasState: false, hasQuestion: false));
        using var client = await ClientAsync(service);
        var refused = await SendAsync(client, HttpMethod.Put, "api/v1/cameras/gate/questions/dog", """{"Ask":"Is there a dog?","Answer":"YesNo"}""");
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("StateFolder", refused.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty((await SendAsync(client, HttpMethod.Get, "api/v1/cameras/gate/questions")).Json.EnumerateArray());

        // A part of the picture: without its lower half nobody stands at the gate.
        var asked = await SendAsync(
            client, HttpMethod.Post, "api/v1/cameras/gate/ask", """{"questions":[{"ask":"Is there a person?","answer":"YesNo","region":"0,0 1,0 1,0.2 0,0.2"},{"ask":"Is there a person?","answer":"YesNo"}]}""");
        var answers = asked.Json.GetProperty("answers");
        Assert.Equal("yes", answers[1].GetProperty("value").GetString());
        Assert.NotEqual(answers[0].GetProperty("score").GetDouble(), answers[1].GetProperty("score").GetDouble());
    }

    /// <summary>Tests of sources and configurations.</summary>
    private static async Task SetupAsync(HttpClient client, string config)
    {
        var pattern = (await SendAsync(client, HttpMethod.Post, "api/v1/sources/test", """{"source":"pattern:320x240@5"}""")).Json;
        Assert.True(pattern.GetProperty("ok").GetBoolean(), pattern.ToString());
        Assert.Equal((320, 240), (pattern.GetProperty("width").GetInt32(), pattern.GetProperty("height").GetInt32()));
        Assert.StartsWith("data:image/jpeg;base64,/9j/", pattern.GetProperty("image").GetString(), StringComparison.Ordinal);

        var dead = (await SendAsync(client, HttpMethod.Post, "api/v1/sources/test", """{"source":"http://user:topsecret@127.0.0.1:1/x.jpg"}""")).Json;
        Assert.False(dead.GetProperty("ok").GetBoolean());
        Assert.Contains("user:***@127.0.0.1", dead.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", dead.ToString(), StringComparison.Ordinal);

        // A file only if a camera has it.
        var own = (await SendAsync(client, HttpMethod.Post, "api/v1/sources/test", JsonSerializer.Serialize(new { source = Scene }))).Json;
        Assert.True(own.GetProperty("ok").GetBoolean(), own.ToString());
        foreach (var source in (string[])["/etc/passwd", "file:///etc/passwd", "/dev/video0", "gst:videotestsrc", ""])
        {
            var refused = await SendAsync(client, HttpMethod.Post, "api/v1/sources/test", JsonSerializer.Serialize(new { source }));
            Assert.Equal((HttpStatusCode.BadRequest, "source"), (refused.Status, refused.Json.GetProperty("error").GetProperty("param").GetString()));
        }

        var running = (await SendAsync(client, HttpMethod.Post, "api/v1/config/check")).Json;
        Assert.True(running.GetProperty("ok").GetBoolean(), running.ToString());
        var changed = (await File.ReadAllTextAsync(config)).Replace("\"Every\"", "\"Evry\"", StringComparison.Ordinal);
        var wrong = (await SendAsync(client, HttpMethod.Post, "api/v1/config/check", changed)).Json;
        Assert.False(wrong.GetProperty("ok").GetBoolean());
        var error = Assert.Single(wrong.GetProperty("errors").EnumerateArray());
        Assert.Equal("MobileVlm:Cameras:gate:Questions:person:Evry", error.GetProperty("key").GetString());
        Assert.Contains("did you mean 'Every'?", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.True(error.GetProperty("line").GetInt32() > 0);
    }

    private static async Task<IEnumerable<string>> QuestionsAsync(HttpClient client) =>
        (await SendAsync(client, HttpMethod.Get, "api/v1/cameras/gate/questions")).Json.EnumerateArray()
            .Select(question => $"{question.GetProperty("id").GetString()}: {question.GetProperty("Ask").GetString()}");

    /// <summary>Waits until a question of the camera has a state.</summary>
    private static async Task<JsonElement> StateAsync(HttpClient client, string question)
    {
        JsonElement found = default;
        await Eventually.TrueAsync(
            async () =>
            {
                var response = await SendAsync(client, HttpMethod.Get, "api/v1/cameras/gate");
                found = response.Status == HttpStatusCode.OK
                    ? response.Json.GetProperty("questions").EnumerateArray().FirstOrDefault(it => it.GetProperty("id").GetString() == question)
                    : default;
                return found.ValueKind == JsonValueKind.Object && found.GetProperty("state").GetString() is "yes" or "no";
            },
            $"the question '{question}' has a state");
        return found;
    }

    private static async Task<HttpClient> ClientAsync(EdgeProcess service) => new() { BaseAddress = await service.ReadyAsync() };

    private static async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(HttpClient client, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body) };
        using var response = await client.SendAsync(request);
        return (response.StatusCode, JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement);
    }

    private string Write(bool hasState, bool hasQuestion = true)
    {
        var file = Path.Combine(_folder.Path, "appsettings.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": {
              "Node": "t",
              {{(hasState ? "\"StateFolder\": \"state\"," : "")}}
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Http": { "Listen": "127.0.0.1:0" },
              "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(Scene)}}, "Questions": {
                {{(hasQuestion ? "\"person\": { \"Ask\": \"Is there a person?\", \"Answer\": \"YesNo\", \"Every\": \"00:00:00.5\" }" : "")}} } } } } }
            """);
        return file;
    }
}
