using System.Text.Json;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Kinds of answers, rules, restarts and reloads of the service as a process, with the demo's model, observed through a real
/// broker. Its camera is one image file that the test replaces.</summary>
public sealed class RulesServiceTests : IDisposable
{
    // One person and a dog, no car, the gate closed, by day; and the same gate without a person.
    private const string WithPerson = "scene002.jpg";
    private const string WithoutPerson = "scene011.jpg";

    private const string Root = "mobilevlm/edge-1/gate";

    private const string Person = """
        "person": { "Ask": "Is there a person?", "Answer": "YesNo", "Every": "00:00:00.5",
          "Agree": 2, "OutOf": 3, "Alert": "Somebody is at the {camera}: {to} ({score})" }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-rules-").FullName;

    private string Image => Path.Combine(_folder, "gate.jpg");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_kind_of_answer_is_published_and_a_change_is_one_event()
    {
        Show(WithoutPerson);
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start("run", "--config", Write(broker.Address, $$"""
            {{Person}},
            "people": { "Ask": "How many people are there?", "Answer": "Number", "Every": "00:00:00.5", "Max": 20 },
            "light": { "Ask": "Is it day or night?", "Answer": "Choice", "Choices": ["It is day.", "It is night."] },
            "night_dog": { "Ask": "Is there a dog?", "Answer": "YesNo", "When": "light = It is night." },
            "scene": { "Ask": "What is at the gate", "Answer": "Json", "Fields": {
              "dog": { "Ask": "Is there a dog?", "Answer": "YesNo" },
              "cars": { "Ask": "How many cars are there?", "Answer": "Number" } } }
            """));

        await subscriber.WaitForAsync($"{Root}/person/state", m => m.Text == "no", TimeSpan.FromSeconds(60));
        await subscriber.WaitForAsync($"{Root}/people/state", m => m.Text == "0");
        await subscriber.WaitForAsync($"{Root}/light/state", m => m.Text == "It is day.");
        await subscriber.WaitForAsync($"{Root}/scene/state", m => m.Text == """{"dog":"no","cars":0}""");
        await subscriber.WaitForAsync($"{Root}/night_dog/state", m => m.Text == "unknown");
        var waiting = await subscriber.WaitForAsync($"{Root}/night_dog/answer");
        Assert.Equal("whenFalse", Property(waiting, "reason").GetString());

        Show(WithPerson);
        var happened = await subscriber.WaitForAsync($"{Root}/person/event");
        Assert.False(happened.Retained);
        Assert.Equal(("no", "yes", false), (Property(happened, "from").GetString(), Property(happened, "to").GetString(), Property(happened, "historical").GetBoolean()));
        Assert.Matches(@"^Somebody is at the gate: yes \([0-9]+ %\)$", Property(happened, "text").GetString());
        await subscriber.WaitForAsync($"{Root}/person/state", m => m.Text == "yes");
        await subscriber.WaitForAsync($"{Root}/people/state", m => m.Text == "1");

        // A late subscriber receives the state and no old event.
        await using var late = await MosquittoSub.StartAsync(broker.Address);
        Assert.True((await late.WaitForAsync($"{Root}/person/state")).Retained);
        Assert.DoesNotContain(late.Messages, m => m.Topic.EndsWith("/event", StringComparison.Ordinal));
        Assert.Single(subscriber.Messages, m => m.Topic == $"{Root}/person/event");

        var doctor = await EdgeProcess.RunAsync("doctor", "--config", Path.Combine(_folder, "appsettings.json"));
        Assert.Matches("gate/night_dog +its condition 'When' does not hold; last picture", doctor.Output);
        Assert.Matches("gate/person +last picture [0-9]+ s ago, last asked", doctor.Output);
    }

    [Fact]
    public async Task A_restart_keeps_the_state_and_publishes_what_changed_meanwhile()
    {
        Show(WithPerson);
        await using var broker = await Mosquitto.StartAsync();
        var config = Write(broker.Address, Person);
        string? since;
        await using (var subscriber = await MosquittoSub.StartAsync(broker.Address))
        {
            await using var first = EdgeProcess.Start("run", "--config", config);
            var answer = await subscriber.WaitForAsync($"{Root}/person/answer", m => Property(m, "state").GetString() == "yes", TimeSpan.FromSeconds(60));
            since = Property(answer, "since").GetString();
            first.Terminate();
            Assert.Equal(0, await first.ExitAsync());
        }

        await using var second = EdgeProcess.Start("run", "--config", config);
        await using var again = await MosquittoSub.StartAsync(broker.Address);
        var kept = await again.WaitForAsync(
            $"{Root}/person/answer", m => !m.Retained && Property(m, "state").GetString() == "yes", TimeSpan.FromSeconds(60));
        Assert.Equal(since, Property(kept, "since").GetString());
        second.Kill();
        await second.ExitAsync();

        // The service was killed, and the known state is in the file nevertheless.
        Show(WithoutPerson);
        await using var third = EdgeProcess.Start("run", "--config", config);
        var happened = await again.WaitForAsync($"{Root}/person/event", within: TimeSpan.FromSeconds(60));
        Assert.Equal(("yes", "no"), (Property(happened, "from").GetString(), Property(happened, "to").GetString()));
    }

    [Fact]
    public async Task A_changed_file_changes_questions_and_one_with_errors_changes_nothing()
    {
        Show(WithPerson);
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start("run", "--config", Write(broker.Address, Person));
        await subscriber.WaitForAsync($"{Root}/person/state", m => m.Text == "yes", TimeSpan.FromSeconds(60));

        Write(broker.Address, Person + """, "dog": { "Ask": "Is there a dog?", "Answer": "Maybe" }, "cat": { "Ask": "?", "Answer": "YesNo", "Evry": 1 } """);
        await service.LogsAsync("is refused because of 2 error(s)");
        Assert.Contains("Questions:dog:Answer = 'Maybe'", service.Errors, StringComparison.Ordinal);
        Assert.Contains("did you mean 'Every'?", service.Errors, StringComparison.Ordinal);

        Write(broker.Address, Person + """, "dog": { "Ask": "Is there a dog?", "Answer": "YesNo" } """);
        service.Hangup();
        await subscriber.WaitForAsync($"{Root}/dog/state", m => m.Text == "yes");
        Write(broker.Address, Person);
        await subscriber.WaitForAsync($"{Root}/dog/state", m => m.Text == "");

        // The camera was opened only once, and the unchanged question was never unknown.
        Assert.Single(service.Errors.Split('\n'), line => line.Contains("gate: online", StringComparison.Ordinal));
        Assert.DoesNotContain(subscriber.Messages, m => m.Topic == $"{Root}/person/state" && m.Text == "unknown");
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    private static JsonElement Property(ReceivedMessage message, string name)
    {
        using var document = JsonDocument.Parse(message.Text);
        return document.RootElement.GetProperty(name).Clone();
    }

    // Replaced in one step, because the camera may read the file at any moment.
    private void Show(string scene)
    {
        var draft = Image + ".new";
        File.Copy(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", scene), draft, overwrite: true);
        File.Move(draft, Image, overwrite: true);
    }

    private string Write(Uri broker, string questions)
    {
        var file = Path.Combine(_folder, "appsettings.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": {
              "Node": "edge-1", "StateFolder": "state",
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Mqtt": { "Broker": "{{broker}}" },
              "Pipeline": { "StatsEvery": "00:00:01" },
              "Cameras": { "gate": { "Source": "gate.jpg", "MaxFrameRate": 5, "Questions": {
                {{questions}}
              } } } } }
            """);
        return file;
    }
}
