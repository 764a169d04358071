using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Mqtt;

/// <summary>Ad-hoc questions, switches and Home Assistant discovery, with mosquitto and mosquitto's own clients.</summary>
public sealed class AskOverMqttTests(ITestOutputHelper output) : IDisposable
{
    private const string Root = "mobilevlm/edge-1";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-ask-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Mosquitto_rr_asks_and_is_answered_while_the_standing_questions_continue()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = Start(broker);
        await subscriber.WaitForAsync($"{Root}/gate/person/answer", within: TimeSpan.FromSeconds(60));

        var watch = Stopwatch.StartNew();
        var before = StandingAnswers(subscriber);
        var asked = 0;
        while (watch.Elapsed < TimeSpan.FromSeconds(6))
        {
            var reply = Request(broker, "gate/ask", """{"question": "Is there a person?", "answer": "YesNo"}""");
            Assert.Equal("answered", reply["status"]!.ToString());
            Assert.Matches("^(yes|no)$", reply["value"]!.ToString());
            Assert.InRange(reply["score"]!.GetValue<double>(), 0, 1);
            asked++;
        }

        var during = StandingAnswers(subscriber) - before;
        output.WriteLine($"{asked} questions asked one after the other in {watch.Elapsed.TotalSeconds:0.0} s; {during} answers to standing questions meanwhile (one each 0.5 s).");
        Assert.True(during > 0, "no answer to a standing question during the ad-hoc questions");

        var text = Request(broker, "gate/ask", "Describe the scene.");
        Assert.Contains("gate", text["value"]!.ToString(), StringComparison.Ordinal);
        var wrong = Request(broker, "gate/ask", """{"question": "Who?", "answer": "Maybe"}""");
        Assert.Equal(("invalid", "answer"), (wrong["status"]!.ToString(), wrong["error"]!["field"]!.ToString()));
        await AssertSchemasAsync(subscriber);
    }

    [Fact]
    public async Task An_image_in_the_payload_is_encoded_and_answered()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = Start(broker);
        var snapshot = await subscriber.WaitForAsync($"{Root}/gate/snapshot", within: TimeSpan.FromSeconds(60));

        var file = Path.Combine(_folder, "ask.json");
        File.WriteAllText(
            file, $$"""{"question": "Describe the scene.", "picture": "{{Convert.ToBase64String(snapshot.Payload)}}", "replyTo": "replies/picture"}""");
        MosquittoTool.Run("mosquitto_pub", broker.Address, ["-V", "311", "-t", $"{Root}/ask", "-f", file]);
        var reply = JsonNode.Parse((await subscriber.WaitForAsync("replies/picture")).Payload)!;

        Assert.Equal("answered", reply["status"]!.ToString());
        Assert.Contains("gate", reply["text"]!.ToString(), StringComparison.Ordinal);
        Assert.Null(reply["camera"]);
        await AssertSchemasAsync(subscriber);
    }

    [Fact]
    public async Task Each_of_two_hundred_questions_at_once_gets_one_reply()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = Start(broker);
        await subscriber.WaitForAsync($"{Root}/gate/person/answer", within: TimeSpan.FromSeconds(60));

        var lines = string.Join('\n', Enumerable.Range(0, 200).Select(i => $$"""{"id": "{{i}}", "question": "Is there a dog?", "answer": "YesNo"}"""));
        using (var publisher = Mosquitto.Run(
            "bash", "bash", ["-c", $"mosquitto_pub -p {broker.Port} -q 1 -t {Root}/gate/ask -l <<'END'\n{lines}\nEND"]))
        {
            await publisher.WaitForExitAsync();
        }

        IReadOnlyList<JsonNode> Replies() =>
            [.. subscriber.Messages.Where(m => m.Topic == $"{Root}/gate/reply").Select(m => JsonNode.Parse(m.Payload)!)];
        await Eventually.TrueAsync(() => Replies().Count >= 200, "200 replies", state: () => $"{Replies().Count} arrived.");

        var replies = Replies();
        Assert.Equal(
            Enumerable.Range(0, 200),
            replies.Select(r => int.Parse(r["id"]!.ToString(), CultureInfo.InvariantCulture)).Order());
        var words = replies.GroupBy(r => r["status"]!.ToString()).ToDictionary(g => g.Key, g => g.Count());
        output.WriteLine(string.Join(", ", words.Select(w => $"{w.Value} {w.Key}")));
        Assert.Equal(["answered", "busy"], words.Keys.Order(StringComparer.Ordinal));
        Assert.True(words["answered"] >= 16, $"{words["answered"]} answered");
        await AssertSchemasAsync(subscriber);
    }

    [Fact]
    public async Task A_question_is_switched_off_and_on_and_keeps_its_switch_over_a_restart()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        const string Enabled = $"{Root}/gate/person/enabled";
        await using (var service = Start(broker))
        {
            await subscriber.WaitForAsync(Enabled, m => m.Text == "ON", TimeSpan.FromSeconds(60));
            MosquittoTool.Run("mosquitto_pub", broker.Address, ["-t", $"{Enabled}/set", "-m", "OFF"]);
            await subscriber.WaitForAsync(Enabled, m => m.Text == "OFF");
            service.Terminate();
            Assert.Equal(0, await service.ExitAsync());
        }

        await using var late = await MosquittoSub.StartAsync(broker.Address);
        await using var again = Start(broker);
        await late.WaitForAsync($"{Root}/availability", m => m.Text == "online", TimeSpan.FromSeconds(60));
        Assert.Equal("OFF", (await late.WaitForAsync(Enabled, m => !m.Retained)).Text);
        MosquittoTool.Run("mosquitto_pub", broker.Address, ["-t", $"{Enabled}/set", "-m", "ON"]);
        await late.WaitForAsync(Enabled, m => m.Text == "ON");
    }

    [Fact]
    public async Task Home_Assistant_discovery_is_valid_and_repeated_at_its_birth_message()
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        const string Config = "homeassistant/device/mobilevlm-edge-1/gate/config";
        const string Stale = "homeassistant/device/mobilevlm-edge-1/attic/config";
        MosquittoTool.Run("mosquitto_pub", broker.Address, ["-r", "-t", Stale, "-m", """{"components": {}}"""]);
        await using var service = Start(broker, new Dictionary<string, object>
        {
            ["HomeAssistant"] = new { Enabled = true, AfterBirthWithin = "00:00:00.1" },
        });

        var device = await subscriber.WaitForAsync(Config, within: TimeSpan.FromSeconds(60));
        Assert.Empty(new SchemaCheck(Path.Combine(AppContext.BaseDirectory, "schemas", "device-discovery.schema.json")).Faults(device.Payload));
        await subscriber.WaitForAsync(Stale, m => m.Payload.Length == 0);

        MosquittoTool.Run("mosquitto_pub", broker.Address, ["-t", "homeassistant/status", "-m", "online"]);
        await Eventually.TrueAsync(() => subscriber.Messages.Count(m => m.Topic == Config) >= 2, "the device is announced again");
    }

    [Fact]
    public async Task Where_access_rules_forbid_commands_answers_are_still_published_and_the_log_holds_no_password()
    {
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions
        {
            User = "edge",
            Password = "very-secret",
            Acl = $"user edge\ntopic write {Root}/#\ntopic read {Root}/gate/person/state",
        });
        var secret = Path.Combine(_folder, "password");
        File.WriteAllText(secret, "very-secret\n");
        File.SetUnixFileMode(secret, UnixFileMode.UserRead);
        await using var service = Start(broker, new Dictionary<string, object> { ["User"] = "edge", ["PasswordFile"] = secret });
        await service.LogsAsync("Connected to");
        await using var subscriber = await MosquittoSub.StartAsync(
            broker.Address, $"{Root}/gate/person/state", "-u", "edge", "-P", "very-secret");
        await subscriber.WaitForAsync($"{Root}/gate/person/state", m => m.Text is "yes" or "no", TimeSpan.FromSeconds(60));

        Assert.DoesNotContain("very-secret", service.Errors, StringComparison.Ordinal);
    }

    private EdgeProcess Start(Mosquitto broker, IReadOnlyDictionary<string, object>? more = null) => EdgeProcess.Start(
        "run",
        "--config",
        ServiceConfiguration.Write(
            _folder, broker.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip }, more));

    private static JsonNode Request(Mosquitto broker, string topic, string payload)
    {
        var reply = MosquittoTool.Run(
            "mosquitto_rr", broker.Address, ["-V", "5", "-t", $"{Root}/{topic}", "-e", $"replies/rr-{Guid.NewGuid():N}", "-m", payload, "-W", "20"]);
        return JsonNode.Parse(reply)!;
    }

    private static int StandingAnswers(MosquittoSub subscriber) => subscriber.Messages.Count(m => m.Topic == $"{Root}/gate/person/answer");

    /// <summary>Validates every JSON message so far against the documented schemas.</summary>
    private static async Task AssertSchemasAsync(MosquittoSub subscriber)
    {
        await subscriber.WaitForAsync($"{Root}/stats");
        foreach (var schema in (string[])["answer", "event", "stats", "reply"])
        {
            var check = new SchemaCheck(Path.Combine(AppContext.BaseDirectory, "schemas", $"{schema}.schema.json"));
            var messages = subscriber.Messages.Where(m =>
                m.Topic.EndsWith($"/{schema}", StringComparison.Ordinal) || (schema == "reply" && m.Topic.StartsWith("replies/", StringComparison.Ordinal)));
            foreach (var message in messages)
            {
                Assert.True(check.Faults(message.Payload).Count == 0, $"{message.Topic}: {message.Text}\n{string.Join('\n', check.Faults(message.Payload))}");
            }
        }
    }
}
