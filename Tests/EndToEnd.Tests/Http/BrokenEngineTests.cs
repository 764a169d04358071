using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Hosting;
using MobileVlm.Edge.Deploy.Http;

namespace MobileVlm.Edge.EndToEnd.Tests.Http;

/// <summary>A service that answers over HTTP alone opens the model again when a session fails, although no frame finds that out.</summary>
public sealed class BrokenEngineTests : IDisposable
{
    private const string Chat = """{"max_tokens":8,"messages":[{"role":"user","content":"Describe the gate."}]}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a session was disposed")]
    [InlineData("a session throws")]
    public async Task A_chat_that_finds_the_model_broken_fails_and_the_next_one_is_answered(string fault)
    {
        var configuration = EdgeConfiguration.FromJson(
            JsonSerializer.Serialize(new { MobileVlm = new { Model = new { Path = DemoModel.Folder.FolderPath }, Http = new { Listen = "127.0.0.1:0" } } }),
            new ConfigurationSources(_folder.Path, _folder.Path, "host", new Dictionary<string, string>()));
        await using var http = (await HttpFrontEnd.StartAsync(configuration, TimeProvider.System, NullLoggerFactory.Instance, CancellationToken.None))!;
        await using var runtime = await EdgeRuntime.StartAsync(configuration, TimeProvider.System, NullLoggerFactory.Instance, http.Events);
        http.Ready(runtime.System, new LiveConfiguration(configuration, runtime.Apply, NullLoggerFactory.Instance), metrics: null);
        using var client = new HttpClient { BaseAddress = http.Address };
        var expected = await ChatAsync(client);
        Assert.Equal(HttpStatusCode.OK, expected.Status);

        if (fault == "a session was disposed")
        {
            await runtime.System.Engine.AnswerAsync(
                answerer =>
                {
                    answerer.Dispose();
                    return true;
                },
                CancellationToken.None);
            var failed = await ChatAsync(client);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, failed.Status);
            Assert.Contains("opened again", failed.Text, StringComparison.Ordinal);
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => runtime.System.Engine.AnswerAsync<bool>(
                answerer =>
                {
                    answerer.Dispose();
                    throw new InvalidOperationException("the native session failed");
                },
                CancellationToken.None));
        }

        var again = await ChatAsync(client);
        Assert.Equal(expected, again);
        Assert.Equal(1, runtime.System.Stats().Pipeline.Restarts);
    }

    private static async Task<(HttpStatusCode Status, string? Text)> ChatAsync(HttpClient client)
    {
        using var response = await client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), new StringContent(Chat, Encoding.UTF8, "application/json"));
        var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        return (response.StatusCode, response.IsSuccessStatusCode
            ? json.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()
            : json.GetProperty("error").GetProperty("message").GetString());
    }
}
