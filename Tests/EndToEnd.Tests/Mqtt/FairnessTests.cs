using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace MobileVlm.Edge.EndToEnd.Tests.Mqtt;

/// <summary>A client floods the service with malformed questions, over a real mosquitto whose acknowledgements take 30 ms.</summary>
[Collection(Alone.Name)]
public sealed class FairnessTests(ITestOutputHelper output) : IDisposable
{
    private const string Root = "mobilevlm/edge-1/gate";
    private const int PerSecond = 50;

    private static readonly TimeSpan OneWay = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan Flood = TimeSpan.FromSeconds(15);

    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-fair-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <param name="questions">The number of the camera's questions. Twelve of them are more topics than the broker acknowledges per
    /// second during the flood if each message waits for the previous one.</param>
    [Theory]
    [InlineData(12)]
    public async Task Fifty_malformed_questions_per_second_over_a_slow_broker_delay_no_state_by_one_second(int questions)
    {
        await using var broker = await Mosquitto.StartAsync();
        await using var far = new DelayProxy(broker.Port, OneWay);
        var config = ServiceConfiguration.Write(_folder, far.Address.ToString(), new Dictionary<string, string> { ["gate"] = DemoModel.Clip });
        File.WriteAllText(config, Many(File.ReadAllText(config), questions));
        await using var service = EdgeProcess.Start("run", "--config", config);
        await using (var ready = await MosquittoSub.StartAsync(broker.Address))
        {
            await ready.WaitForAsync($"{Root}/person/answer", within: TimeSpan.FromSeconds(60));
        }

        await using var subscriber = await TimedSubscriber.StartAsync(broker.Address, $"{Root}/#");
        var before = subscriber.Messages.Count;
        var asked = await FloodAsync(broker);
        var messages = subscriber.Messages.Skip(before).ToList();

        var replies = messages.Count(it => it.Topic == $"{Root}/reply");
        var (ofAnswers, ofStates) = (new List<TimeSpan>(), new List<TimeSpan>());
        foreach (var topic in messages.Where(it => it.Topic.Contains("/person", StringComparison.Ordinal)).GroupBy(it => Path.GetDirectoryName(it.Topic)!))
        {
            var answers = topic.Where(it => it.Topic.EndsWith("/answer", StringComparison.Ordinal)).Select(Answer).ToList();
            ofAnswers.AddRange(answers.Select(it => it.ArrivedAt - it.AnsweredAt));
            ofStates.AddRange(topic.Where(it => it.Topic.EndsWith("/state", StringComparison.Ordinal)).Select(state => Delay(state, answers)).OfType<TimeSpan>());
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            {asked} malformed questions in {Flood.TotalSeconds:0} s, {replies} replies meanwhile
            {Text("answers", ofAnswers)}
            {Text("states", ofStates)}
            """));
        Assert.True(asked >= PerSecond * 10, $"only {asked} questions were sent");
        Assert.True(replies > asked / 10, $"{replies} replies: they must not starve either");
        Assert.True(ofStates.Count >= 3, $"{ofStates.Count} states changed");
        Assert.InRange(ofAnswers.Max(), TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1));
        Assert.InRange(ofStates.Max(), TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1));
    }

    /// <summary>Adds the same question under further names, each asked twice per second, and plays the clip four times as fast.</summary>
    private static string Many(string json, int questions)
    {
        var root = JsonNode.Parse(json)!;
        var camera = root["MobileVlm"]!["Cameras"]!["gate"]!.AsObject();
        camera["Speed"] = 4;
        for (var question = 1; question < questions; question++)
        {
            camera["Questions"]![$"person-{question}"] = camera["Questions"]!["person"]!.DeepClone();
        }

        return root.ToJsonString();
    }

    /// <summary>Sends malformed questions with mosquitto's own client at a fixed rate.</summary>
    /// <returns>The number of sent questions.</returns>
    private static async Task<int> FloodAsync(Mosquitto broker)
    {
        var start = new ProcessStartInfo("mosquitto_pub")
        {
            RedirectStandardInput = true,
            ArgumentList = { "-p", $"{broker.Port}", "-q", "0", "-t", $"{Root}/ask", "-l" },
        };
        using var client = Process.Start(start)!;
        var asked = 0;
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Flood; await Task.Delay(5))
        {
            for (; asked < PerSecond * clock.Elapsed.TotalSeconds; asked++)
            {
                await client.StandardInput.WriteLineAsync("{\"question\": 7");
            }

            await client.StandardInput.FlushAsync();
        }

        client.StandardInput.Close();
        await client.WaitForExitAsync();
        Assert.Equal(0, client.ExitCode);
        return asked;
    }

    private static (DateTimeOffset ArrivedAt, DateTimeOffset AnsweredAt, string State) Answer(TimedMessage message)
    {
        var json = JsonNode.Parse(message.Text)!;
        return (message.ArrivedAt, json["answeredAt"]!.GetValue<DateTimeOffset>(), json["state"]!.ToString());
    }

    /// <summary>The time from the answer that changed the state until the state arrived; null if that answer was not received.</summary>
    private static TimeSpan? Delay(
        TimedMessage state, List<(DateTimeOffset ArrivedAt, DateTimeOffset AnsweredAt, string State)> answers)
    {
        for (var at = answers.Count - 1; at > 0; at--)
        {
            if (answers[at].State == state.Text && answers[at - 1].State != state.Text && answers[at].AnsweredAt <= state.ArrivedAt)
            {
                return state.ArrivedAt - answers[at].AnsweredAt;
            }
        }

        // The state changed before the subscriber was connected.
        return null;
    }

    private static string Text(string what, List<TimeSpan> delays)
    {
        var sorted = delays.Select(delay => delay.TotalMilliseconds).Order().ToList();
        return sorted.Count == 0
            ? $"no {what}"
            : string.Create(CultureInfo.InvariantCulture, $"{sorted.Count} {what}: median {sorted[sorted.Count / 2]:0} ms, longest {sorted[^1]:0} ms");
    }
}

/// <summary>A message and when mosquitto's own client received it.</summary>
internal sealed record TimedMessage(DateTimeOffset ArrivedAt, string Topic, string Text);

/// <summary>A mosquitto_sub that records the arrival times itself, so that a busy test process cannot distort them.</summary>
internal sealed class TimedSubscriber : IAsyncDisposable
{
    private readonly List<TimedMessage> _messages = [];
    private readonly Process _process;

    private TimedSubscriber(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IReadOnlyList<TimedMessage> Messages
    {
        get
        {
            lock (_messages)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>Starts it and waits for the first retained message.</summary>
    public static async Task<TimedSubscriber> StartAsync(Uri broker, string filter)
    {
        var subscriber = new TimedSubscriber(Mosquitto.Run(
            "stdbuf",
            "mosquitto-clients",
            ["-oL", "mosquitto_sub", "-h", broker.Host, "-p", $"{broker.Port}", "-V", "5", "-q", "1", "-t", filter, "-F", "%U %t %p"]));
        for (var waited = Stopwatch.StartNew(); subscriber.Messages.Count == 0; await Task.Delay(20))
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(30))
            {
                await subscriber.DisposeAsync();
                throw new TimeoutException($"No retained message arrived on {filter}.");
            }
        }

        return subscriber;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Read(string? line)
    {
        // A snapshot is binary and may contain line breaks.
        if (line?.Split(' ', 3) is [var seconds, var topic, var text]
            && decimal.TryParse(seconds, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var at))
        {
            lock (_messages)
            {
                _messages.Add(new TimedMessage(DateTimeOffset.UnixEpoch.AddTicks((long)(at * TimeSpan.TicksPerSecond)), topic, text));
            }
        }
    }
}
