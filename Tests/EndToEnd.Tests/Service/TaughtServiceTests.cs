using System.Text.Json;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Teaching.Files;
using MobileVlm.Edge.Inference.Teaching.Learning;

namespace MobileVlm.Edge.EndToEnd.Tests.Service;

/// <summary>Taught questions in the service as a process, with the demo's model.</summary>
public sealed class TaughtServiceTests : IDisposable
{
    private const string Root = "mobilevlm/edge-1/gate";

    // One person and a dog.
    private const string WithPerson = "scene002.jpg";

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-taught-").FullName;

    private string TaughtPath => Path.Combine(_folder, "person.taught");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Every way to answer a taught question gives the score that was learned: the head on the decoder's features, the encoder's, and a cascade
    /// that is sure or not, for yes/no and for choices.</summary>
    [Fact]
    public async Task Heads_and_cascades_answer_yes_no_questions_and_choices_as_they_were_learned()
    {
        File.Copy(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", WithPerson), Path.Combine(_folder, "gate.jpg"));
        var learned = TaughtExample.Learn(12, WithPerson);
        Assert.All(learned, example => Assert.Equal(ScorerKind.Head, example.Taught.Chosen));
        var (questions, expected) = (new List<string>(), new Dictionary<string, (string ScoredBy, (string Value, double Score) Answer)>());
        foreach (var example in learned)
        {
            var kind = example.Question.Kind.ToString();
            Add("head", example.Taught, "Model", "head", example.Head);
            Add("encoder", example.Taught, "Taught", "encoder", example.Encoder);
            Add("sure", example.Taught with { Encoder = example.Taught.Encoder! with { UnsureMargin = 0 } }, "Cascade", "encoder", example.Encoder);
            Add("unsure", example.Taught with { Encoder = example.Taught.Encoder! with { UnsureMargin = 1e6 } }, "Cascade", "head", example.Head);

            void Add(string name, TaughtQuestion taught, string answerer, string scoredBy, double[] outputs)
            {
                var id = $"{kind}-{name}";
                TaughtFile.Write(Path.Combine(_folder, $"{id}.taught"), taught);
                var choices = example.Question.Kind == AnswerKind.Choice ? $""","Choices": {JsonSerializer.Serialize(example.Question.Choices)}""" : "";
                questions.Add($$"""
                    "{{id}}": { "Ask": "{{example.Question.Text}}", "Answer": "{{kind}}" {{choices}}, "Every": "00:00:00.2", "Taught": "{{id}}.taught", "Answerer": "{{answerer}}" }
                    """);
                expected.Add(id, (scoredBy, example.Answer(outputs)));
            }
        }

        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start("run", "--config", Write(broker.Address, questions));
        foreach (var (id, (scoredBy, (value, score))) in expected)
        {
            var answer = await subscriber.WaitForAsync($"{Root}/{id}/answer", m => Text(m, "scoredBy") is not null, TimeSpan.FromSeconds(60));
            Assert.Equal((id, scoredBy, value, scoredBy == "head"), (id, Text(answer, "scoredBy"), Text(answer, "value"), Has(answer, "mass")));
            Assert.Equal(score, Number(answer, "score"), 0.01);
        }

        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    [Fact]
    public async Task A_taught_question_answers_otherwise_and_a_file_that_is_damaged_later_is_reported()
    {
        File.Copy(Path.Combine(DemoModel.Repository, "Tests", "Demo", "heldout", WithPerson), Path.Combine(_folder, "gate.jpg"));
        TaughtFile.Write(TaughtPath, TaughtExample.Opposite());
        await using var broker = await Mosquitto.StartAsync();
        await using var subscriber = await MosquittoSub.StartAsync(broker.Address);
        await using var service = EdgeProcess.Start("run", "--config", Write(
            broker.Address,
            [
                $"\"plain\": {Question("")}",
                $"\"threshold\": {Question(""","Taught": "person.taught" """)}",
                $"\"encoder\": {Question(""","Taught": "person.taught", "Answerer": "Taught" """)}",
            ]));

        var plain = await subscriber.WaitForAsync($"{Root}/plain/answer", m => Text(m, "value") == "yes", TimeSpan.FromSeconds(60));
        var threshold = await subscriber.WaitForAsync($"{Root}/threshold/answer", m => Text(m, "value") == "no");
        var encoder = await subscriber.WaitForAsync($"{Root}/encoder/answer", m => Text(m, "value") == "yes");
        Assert.Equal((null, "threshold", "encoder"), (Text(plain, "scoredBy"), Text(threshold, "scoredBy"), Text(encoder, "scoredBy")));
        Assert.Equal((true, true, false), (Has(plain, "mass"), Has(threshold, "mass"), Has(encoder, "mass")));
        Assert.Equal(1, Number(plain, "score") + Number(threshold, "score"), 3);
        await service.LogsAsync("gate/threshold is scored by what was learned");

        File.WriteAllText(TaughtPath, "damaged");
        service.Hangup();
        await service.LogsAsync("gate/threshold was taught, but 'person.taught' is not used: it is not a file of 'mobilevlm teach'");
        await subscriber.WaitForAsync($"{Root}/threshold/answer", m => Text(m, "value") == "yes" && Text(m, "scoredBy") == "model");
        await subscriber.WaitForAsync($"{Root}/threshold/state", m => m.Text == "yes");
        var stats = await subscriber.WaitForAsync("mobilevlm/edge-1/stats", m => m.Text.Contains("taughtProblem", StringComparison.Ordinal));
        Assert.Contains("The model's own score counts.", stats.Text, StringComparison.Ordinal);

        // The states of no question were changed by a camera, so none is an event.
        Assert.DoesNotContain(subscriber.Messages, m => m.Topic.EndsWith("/event", StringComparison.Ordinal));

        var check = await EdgeProcess.RunAsync("config", "check", Path.Combine(_folder, "appsettings.json"));
        Assert.Equal(0, check.ExitCode);
        Assert.Contains("warning: MobileVlm:Cameras:gate:Questions:threshold:Taught: 'person.taught' is not used", check.Errors, StringComparison.Ordinal);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
    }

    private static string Question(string more) => $$"""{ "Ask": "{{TaughtExample.Ask}}", "Answer": "YesNo", "Every": "00:00:00.2" {{more}} }""";

    private string Write(Uri broker, IEnumerable<string> questions)
    {
        var file = Path.Combine(_folder, "appsettings.json");
        File.WriteAllText(file, $$"""
            { "MobileVlm": {
              "Node": "edge-1", "StateFolder": "state",
              "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
              "Mqtt": { "Broker": "{{broker}}" },
              "Pipeline": { "StatsEvery": "00:00:01" },
              "Cameras": { "gate": { "Source": "gate.jpg", "MaxFrameRate": 5, "Questions": {
                {{string.Join(",\n", questions)}}
              } } } } }
            """);
        return file;
    }

    private static string? Text(ReceivedMessage message, string name)
    {
        using var document = JsonDocument.Parse(message.Text);
        return document.RootElement.TryGetProperty(name, out var found) ? found.GetString() : null;
    }

    private static double Number(ReceivedMessage message, string name)
    {
        using var document = JsonDocument.Parse(message.Text);
        return document.RootElement.GetProperty(name).GetDouble();
    }

    private static bool Has(ReceivedMessage message, string name)
    {
        using var document = JsonDocument.Parse(message.Text);
        return document.RootElement.TryGetProperty(name, out _);
    }
}
