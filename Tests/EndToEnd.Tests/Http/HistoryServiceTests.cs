using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>The history of a running service, with the demo's model and clip.</summary>
public sealed class HistoryServiceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Events_are_found_with_their_pictures_after_a_kill_until_they_are_deleted()
    {
        var config = Write("appsettings.json", "state");
        string id;
        string signed;
        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            using var client = await ClientAsync(service);
            var happened = await EventAsync(client);
            id = happened.GetProperty("historyId").GetString()!;
            var picture = happened.GetProperty("snapshot").GetString()!;
            Assert.Equal([0xFF, 0xD8], (await client.GetByteArrayAsync(Relative(picture)))[..2]);

            // The address of an event as it was published needs no token.
            signed = await PublishedAddressAsync(client);
            using var stranger = new HttpClient { BaseAddress = client.BaseAddress };
            Assert.Equal([0xFF, 0xD8], (await stranger.GetByteArrayAsync(Relative(signed)))[..2]);
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(Relative(picture))).StatusCode);

            // A second service on the same history does not start.
            var twin = await EdgeProcess.RunAsync("run", "--config", Write("twin.json", "other"));
            Assert.Equal(1, twin.ExitCode);
            Assert.Contains("History:Folder: '", twin.Errors, StringComparison.Ordinal);
            var doctor = await EdgeProcess.RunAsync("doctor", "--config", config);
            Assert.Contains("(History:MaxMegabytes)", doctor.Output, StringComparison.Ordinal);

            // Batched commits: what is older than that survives a kill.
            await Eventually.TrueAsync(
                async () => (await JsonAsync(client, "api/v1/stats")).GetProperty("history") is var history
                    && history.GetProperty("storage").GetString() == "disk" && history.GetProperty("events").GetInt64() > 0,
                "the event is committed");
            service.Kill();
            await service.ExitAsync();
        }

        await using var again = EdgeProcess.Start("run", "--config", config);
        using var after = await ClientAsync(again);
        using var another = new HttpClient { BaseAddress = after.BaseAddress };
        Assert.Equal(id, (await JsonAsync(after, $"api/v1/events/{id}")).GetProperty("id").GetString());
        Assert.Equal(HttpStatusCode.OK, (await another.GetAsync(Relative(signed))).StatusCode);
        var timeline = await JsonAsync(after, "api/v1/history?camera=gate&question=person");
        Assert.NotEmpty(timeline.GetProperty("points").EnumerateArray());
        Assert.NotEmpty(timeline.GetProperty("states").EnumerateArray());
        Assert.Equal(HttpStatusCode.NoContent, (await after.DeleteAsync(Relative($"api/v1/events/{id}"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await after.GetAsync(Relative($"api/v1/events/{id}/snapshot.jpg"))).StatusCode);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());
    }

    private static async Task<JsonElement> EventAsync(HttpClient client)
    {
        JsonElement found = default;
        await Eventually.TrueAsync(
            async () =>
            {
                found = (await JsonAsync(client, "api/v1/events")).GetProperty("events").EnumerateArray().FirstOrDefault();
                return found.ValueKind == JsonValueKind.Object && found.GetProperty("snapshot").ValueKind == JsonValueKind.String;
            },
            "an event is stored with its picture");
        return found;
    }

    /// <summary>The path and query of the next event's picture as it is published.</summary>
    private static async Task<string> PublishedAddressAsync(HttpClient client)
    {
        using var patience = new CancellationTokenSource(Eventually.Patience);
        using var response = await client.GetAsync(Relative("api/v1/events/stream"), HttpCompletionOption.ResponseHeadersRead, patience.Token);
        using var stream = new StreamReader(await response.Content.ReadAsStreamAsync(patience.Token));
        while (await stream.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal)
                && JsonDocument.Parse(line[6..]).RootElement.TryGetProperty("snapshotUrl", out var address))
            {
                const string Public = "https://cameras.example/edge/";
                Assert.StartsWith(Public, address.GetString(), StringComparison.Ordinal);
                return address.GetString()![Public.Length..];
            }
        }

        throw new InvalidOperationException("The stream of events ended.");
    }

    private static Uri Relative(string path) => new(path.TrimStart('/'), UriKind.Relative);

    private static async Task<JsonElement> JsonAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(Relative(path));
        return response.IsSuccessStatusCode ? JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement
            : JsonDocument.Parse("""{"events":[],"history":{"storage":"","events":0}}""").RootElement;
    }

    private async Task<HttpClient> ClientAsync(EdgeProcess service)
    {
        var client = new HttpClient { BaseAddress = await service.ReadyAsync() };
        var token = (await File.ReadAllTextAsync(_folder["state/tokens"])).Split(' ')[1].Trim();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private string Write(string name, string state)
    {
        var file = Path.Combine(_folder.Path, name);
        File.WriteAllText(file, $$"""
            { "MobileVlm": {
              "Node": "t",
              "StateFolder": "{{state}}",
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Http": { "Listen": "127.0.0.1:0", "TokenFile": "{{state}}/tokens", "PublicUrl": "https://cameras.example/edge/" },
              "History": { "Folder": "history", "MinFreeMegabytes": 0 },
              "Cameras": { "gate": { "Source": {{JsonSerializer.Serialize(DemoModel.Clip)}}, "Speed": 4, "Snapshot": false, "Questions": {
                "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.1" } } } } } }
            """);
        return file;
    }
}
