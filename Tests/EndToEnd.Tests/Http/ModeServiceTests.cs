using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Modes, snoozes and the Model Context Protocol of a running service, with the demo's model.</summary>
public sealed class ModeServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Mode_and_snooze_survive_a_kill_and_the_tools_of_chat_programs_show_their_effect()
    {
        var config = Write();
        DateTimeOffset until;
        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            using var client = await ClientAsync(service);
            Assert.Equal("""{"current":"away","modes":["away","home"]}""", await client.GetStringAsync(new Uri("api/v1/modes", UriKind.Relative)));
            until = (await PutAsync(client, "api/v1/cameras/gate/questions/person/snooze", """{"hours":2}""")).GetProperty("snoozedUntil").GetDateTimeOffset();
            Assert.Equal("home", (await PutAsync(client, "api/v1/mode", """{"mode":"Home"}""")).GetProperty("current").GetString());
            await Eventually.TrueAsync(
                () => File.Exists(StateFile) && File.ReadAllText(StateFile) is var text
                    && text.Contains("\"mode\": \"home\"", StringComparison.Ordinal) && text.Contains("\"until\"", StringComparison.Ordinal),
                "the state file has both");
            service.Kill();
            Assert.Equal(137, await service.ExitAsync());
        }

        await using var again = EdgeProcess.Start("run", "--config", config);
        using var later = await ClientAsync(again);
        JsonElement question = default;
        await Eventually.TrueAsync(
            async () =>
            {
                var cameras = await ToolAsync(later, "list_cameras");
                question = cameras.GetProperty("cameras")[0].GetProperty("questions")[0];
                return question.GetProperty("waitsFor").GetString() == "notInMode";
            },
            "the question waits for another mode");
        Assert.Equal(until, question.GetProperty("snoozedUntil").GetDateTimeOffset());
        Assert.True(question.GetProperty("enabled").GetBoolean());
        Assert.Contains("The mode is 'home', as in the last run.", again.Errors, StringComparison.Ordinal);

        await PutAsync(later, "api/v1/mode", """{"mode":"away"}""");
        await Eventually.TrueAsync(
            async () => (await ToolAsync(later, "latest_answers")).GetProperty("questions")[0].GetProperty("state").GetString() is "yes" or "no",
            "the question is answered again");
        Assert.Contains((await ToolAsync(later, "ask_camera")).GetProperty("value").GetString(), (string[])["yes", "no"]);
        Assert.DoesNotContain("ModelContextProtocol", again.Errors, StringComparison.Ordinal);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());
    }

    private string StateFile => Path.Combine(_folder.Path, "state", "questions.json");

    private string Write()
    {
        var file = ServiceConfiguration.Write(_folder.Path, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        var document = JsonNode.Parse(File.ReadAllText(file))!;
        var section = document["MobileVlm"]!.AsObject();
        section.Remove("Mqtt");
        section["Http"] = new JsonObject { ["Listen"] = "127.0.0.1:0" };
        section["Modes"] = new JsonObject { ["away"] = new JsonObject(), ["home"] = new JsonObject { ["Skip"] = new JsonArray("gate/*") } };
        section["Cameras"]!["gate"]!["Loop"] = true;
        File.WriteAllText(file, document.ToJsonString());
        return file;
    }

    private static async Task<HttpClient> ClientAsync(EdgeProcess service) => new() { BaseAddress = await service.ReadyAsync() };

    private static async Task<JsonElement> PutAsync(HttpClient client, string path, string body)
    {
        using var content = new StringContent(body);
        using var response = await client.PutAsync(new Uri(path, UriKind.Relative), content);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Calls a tool as a client of a released version of the protocol does.</summary>
    private static async Task<JsonElement> ToolAsync(HttpClient client, string tool)
    {
        var call = JsonSerializer.Serialize(new
        {
            jsonrpc = "2.0",
            id = 1,
            method = "tools/call",
            @params = new { name = tool, arguments = new { camera = "gate", question = "Is there a person?", answer = "YesNo" } },
        });
        using var request = new HttpRequestMessage(HttpMethod.Post, "mcp") { Content = new StringContent(call, Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        request.Headers.Add("MCP-Protocol-Version", "2025-06-18");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        var message = text.Split('\n').FirstOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?[6..] ?? text;
        return JsonDocument.Parse(message).RootElement.GetProperty("result").GetProperty("structuredContent");
    }
}
