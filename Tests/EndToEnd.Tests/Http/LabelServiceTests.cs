using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MobileVlm.Edge.Tools.Documents;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>Labels of a running service, with the demo's model and clip.</summary>
public sealed class LabelServiceTests : IDisposable
{
    private const string Labels = "api/v1/cameras/gate/questions/person/labels";
    private const string Taught = "api/v1/cameras/gate/questions/people";

    private static readonly string Scenes = Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout");

    private readonly TemporaryFolder _folder = new();
    private string _broker = "";

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_frame_is_labelled_over_http_and_by_the_command_and_a_question_is_taught()
    {
        var scenes = HeldOutScene.Load().ToLookup(scene => TeachTable.Cases[0].IsYes(scene.Questions[^1].Answer), scene => Path.Combine(Scenes, scene.Image));
        CopyLabels("yes", scenes[true].Take(8));
        CopyLabels("no", scenes[false].Take(8));
        string label;
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        _broker = broker.Address.ToString();
        await using (var service = EdgeProcess.Start("run", "--config", Write("first.json", "127.0.0.1:0")))
        {
            var address = await service.ReadyAsync();
            using var client = new HttpClient { BaseAddress = address };
            var token = (await File.ReadAllTextAsync(_folder["state/tokens"])).Split(' ')[1].Trim();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var teaching = await SendAsync(client, HttpMethod.Post, $"{Taught}/teach", null);
            Assert.Equal("waiting", teaching.GetProperty("status").GetString());

            string? happened = null;
            await Eventually.TrueAsync(
                async () => (happened = (await SendAsync(client, HttpMethod.Get, "api/v1/events", null)).GetProperty("events").EnumerateArray()
                    .Where(it => it.GetProperty("snapshot").ValueKind == JsonValueKind.String && it.GetProperty("question").GetString() == "person")
                    .Select(it => it.GetProperty("historyId").GetString()).FirstOrDefault()) is not null,
                "an event is stored with its picture");
            label = (await SendAsync(client, HttpMethod.Put, Labels, $$"""{"event":"{{happened}}","label":"no"}""")).GetProperty("labelId").GetString()!;

            // The command asks the running service at its address.
            var running = Write("running.json", address.Authority);
            var changed = await EdgeProcess.RunAsync("label", "--config", running, "gate", "person", $"event:{happened}", "yes", "--json");
            Assert.True(changed.ExitCode == 0, changed.Errors);
            using (var document = JsonDocument.Parse(changed.Output))
            {
                Assert.Equal((label, "no"), (document.RootElement.GetProperty("labelId").GetString(), document.RootElement.GetProperty("before").GetString()));
            }

            await PressWrongAsync(client, broker, subscriber, label);
            var missing = await EdgeProcess.RunAsync("label", "--config", running, "gate", "person", "99999999", "yes");
            Assert.Equal(2, missing.ExitCode);
            Assert.Contains("No stored frame 99999999 of the camera 'gate'", missing.Errors, StringComparison.Ordinal);

            JsonElement state = default;
            await Eventually.TrueAsync(
                async () => (state = await SendAsync(client, HttpMethod.Get, $"{Taught}/teach", null)).GetProperty("status").GetString() is "done" or "failed", "learning ends");
            Assert.True(state.GetProperty("status").GetString() == "done", state.GetRawText());
            Assert.Equal(1, state.GetProperty("result").GetProperty("version").GetInt32());
            Assert.Equal(1, Assert.Single((await SendAsync(client, HttpMethod.Get, $"{Taught}/taught", null)).GetProperty("versions").EnumerateArray()).GetProperty("version").GetInt32());

            // The version scores the question from now on, and an undo brings the model's own score back.
            Assert.Equal(1, (await SendAsync(client, HttpMethod.Put, $"{Taught}/taught", """{"version":1}""")).GetProperty("used").GetInt32());
            await Eventually.TrueAsync(async () => await ScoredByAsync(client) is "head" or "threshold", "an answer is scored by what was taught");
            Assert.Equal("null", (await SendAsync(client, HttpMethod.Put, $"{Taught}/taught", """{"version":null}""")).GetProperty("used").GetRawText());
            await Eventually.TrueAsync(async () => await ScoredByAsync(client) is null or "model", "an answer is scored by the model");
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
        }

        // What was learned is what 'ask' uses, and labels of a stopped service are in its files.
        var asked = await EdgeProcess.RunAsync(
            "ask", "--model", DemoModel.Folder.FolderPath, "--image", scenes[true].Last(), "--taught", _folder["state/taught/gate/people/1.json"], TeachTable.Cases[0].Text);
        Assert.True(asked.ExitCode == 0, asked.Errors);
        Assert.True(File.Exists(_folder[$"state/labels/gate/person/yes/{label}.jpg"]));
        var cleared = await EdgeProcess.RunAsync("label", "--config", Write("stopped.json", "127.0.0.1:0"), "gate", "person", label, "clear");
        Assert.True(cleared.ExitCode == 0, cleared.Errors);
        Assert.Equal($"{label}: label 'yes' removed. The question has 0 yes, 0 no now.", cleared.Output.TrimEnd());
        var list = await EdgeProcess.RunAsync("label", "--config", Write("stopped.json", "127.0.0.1:0"), "gate", "people");
        Assert.EndsWith("gate/people: 8 yes, 8 no, at most 1000", list.Output.TrimEnd(), StringComparison.Ordinal);
    }

    /// <summary>Presses the button that Home Assistant shows for the question, and takes its label back.</summary>
    private static async Task PressWrongAsync(HttpClient client, Mosquitto broker, MosquittoSub subscriber, string label)
    {
        var device = JsonDocument.Parse((await subscriber.WaitForAsync("homeassistant/device/mobilevlm-t/gate/config")).Text).RootElement;
        var button = device.GetProperty("components").GetProperty("wrong_person");
        MosquittoTool.Run(
            "mosquitto_pub", broker.Address, ["-t", button.GetProperty("command_topic").GetString()!, "-m", button.GetProperty("payload_press").GetString()!]);
        var reply = JsonDocument.Parse((await subscriber.WaitForAsync("mobilevlm/t/gate/reply")).Text).RootElement;
        Assert.True(reply.GetProperty("status").GetString() == "done", reply.GetRawText());
        var frame = (await SendAsync(client, HttpMethod.Get, Labels, null)).GetProperty("labels").EnumerateArray()
            .Single(it => it.GetProperty("labelId").GetString() == reply.GetProperty("labelId").GetString()).GetProperty("frame").GetInt64();
        var happened = (await SendAsync(client, HttpMethod.Get, "api/v1/events?question=person", null)).GetProperty("events").EnumerateArray()
            .First(it => it.GetProperty("frame").GetInt64() == frame);
        Assert.Equal(happened.GetProperty("to").GetString() == "yes" ? "no" : "yes", reply.GetProperty("value").GetString());

        // The last event may be the one that is labelled already.
        var before = reply.GetProperty("labelId").GetString() == label ? "yes" : "clear";
        await SendAsync(client, HttpMethod.Put, Labels, $$"""{"event":{{happened.GetProperty("historyId").GetRawText()}},"label":"{{before}}"}""");
    }

    private static async Task<string?> ScoredByAsync(HttpClient client)
    {
        var camera = await SendAsync(client, HttpMethod.Get, "api/v1/cameras/gate", null);
        var question = camera.GetProperty("questions").EnumerateArray().Single(it => it.GetProperty("id").GetString() == "people");
        return question.TryGetProperty("scoredBy", out var source) ? source.GetString() : null;
    }

    private void CopyLabels(string value, IEnumerable<string> images)
    {
        var folder = Directory.CreateDirectory(_folder[$"state/labels/gate/people/{value}"]).FullName;
        foreach (var image in images)
        {
            File.Copy(image, Path.Combine(folder, Path.GetFileName(image)));
        }
    }

    private static async Task<JsonElement> SendAsync(HttpClient client, HttpMethod method, string path, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    private string Write(string name, string listen)
    {
        File.WriteAllText(_folder[name], $$"""
            { "MobileVlm": {
              "Node": "t",
              "StateFolder": "state",
              "Mqtt": { "Broker": "{{_broker}}", "HomeAssistant": { "Enabled": true } },
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Http": { "Listen": "{{listen}}", "TokenFile": "state/tokens" },
              "History": { "Folder": "history", "MinFreeMegabytes": 0 },
              "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(DemoModel.Clip)}}, "Speed": 4, "Snapshot": false, "Questions": {
                "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.1" },
                "people": { "Ask": {{JsonSerializer.Serialize(TeachTable.Cases[0].Text)}}, "Answer": "YesNo", "Every": "00:00:01" } } } } } }
            """);
        return _folder[name];
    }
}
