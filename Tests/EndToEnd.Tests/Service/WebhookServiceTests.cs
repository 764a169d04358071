using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using MobileVlm.Edge.Tests.Shared.Webhooks;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Webhooks of the service as a process: a receiver that fails, a kill, a restart, without a broker.</summary>
public sealed class WebhookServiceTests : IDisposable
{
    private const string Secret = "a secret of the file";

    // Events come at the pace of the demo clip.
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-webhooks-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Events_of_a_service_that_was_killed_arrive_once_and_in_order_and_a_dead_receiver_delays_no_other()
    {
        await using var late = await WebhookReceiver.StartAsync();
        await using var dead = await WebhookReceiver.StartAsync();
        await dead.StopAsync();
        late.Respond = http =>
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };
        await using var alive = await WebhookReceiver.StartAsync();
        var config = Write(("late", late.Url), ("dead", dead.Url), ("alive", alive.Url));
        await using (var service = EdgeProcess.Start("run", "--config", config))
        {
            await Eventually.TrueAsync(() => alive.Taken.Count >= 3 && !late.Received.IsEmpty, "three events", Long);
            Assert.Empty(late.Taken);
            service.Kill();
            Assert.Equal(137, await service.ExitAsync());
        }

        late.Respond = _ => Task.CompletedTask;

        // The third one may have been killed on its way into the other outbox; it is then raised again, under another id.
        var before = alive.Taken.Select(it => it.Id).Distinct().Take(2).ToList();
        await using var again = EdgeProcess.Start("run", "--config", config);
        await Eventually.TrueAsync(() => late.Taken.Count > before.Count, "the events of both runs", Long);
        again.Terminate();
        Assert.Equal(0, await again.ExitAsync());

        // Each has everything, in the order in which it happened, the events of the first run first.
        Assert.Equal(before, late.Taken.Select(it => it.Id).Take(before.Count));
        Assert.Equal(late.Taken.Count, late.Taken.Select(it => it.Id).Distinct().Count());
        Assert.True(late.Taken.First().Json.GetProperty("historical").GetBoolean());
        Assert.All(late.Taken, taken =>
        {
            Assert.Equal(taken.Json.GetProperty("id").GetString(), taken.Id);
            Assert.Equal(taken.SignatureWith(System.Text.Encoding.UTF8.GetBytes(Secret)), taken.Headers["webhook-signature"]);
        });
        Assert.Contains("Webhook 'dead': http://127.0.0.1", again.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-of-the-address", again.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_connects_to_each_receiver_and_sends_nothing()
    {
        await using var alive = await WebhookReceiver.StartAsync();
        await using var dead = await WebhookReceiver.StartAsync();
        await dead.StopAsync();
        var doctor = await EdgeProcess.RunAsync("doctor", "--config", Write(("alive", alive.Url), ("dead", dead.Url)));
        Assert.Equal(1, doctor.ExitCode);
        Assert.Matches("ok +webhook alive +http://127.0.0.1:[0-9]+ accepts connections; nothing was sent; events are signed", doctor.Output);
        Assert.Matches("bad +webhook dead +http://127.0.0.1:[0-9]+: no connection", doctor.Output);
        Assert.DoesNotContain("secret-of-the-address", doctor.Output, StringComparison.Ordinal);
        Assert.Empty(alive.Received);
    }

    private string Write(params (string Name, Uri Url)[] webhooks)
    {
        File.WriteAllText(Path.Combine(_folder, "secret"), Secret + "\n");
        var file = ServiceConfiguration.Write(_folder, "embedded", new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        var document = JsonNode.Parse(File.ReadAllText(file))!;
        var section = document["MobileVlm"]!.AsObject();
        section.Remove("Mqtt");
        section["Webhooks"] = new JsonObject(webhooks.Select(webhook => KeyValuePair.Create(
            webhook.Name, (JsonNode?)new JsonObject { ["Url"] = webhook.Url.ToString(), ["SecretFile"] = "secret" })));
        section["Cameras"]!["gate"]!["Loop"] = true;
        section["Cameras"]!["gate"]!["Speed"] = 2;
        File.WriteAllText(file, document.ToJsonString());
        return file;
    }
}
