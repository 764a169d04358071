using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Xunit.Abstractions;

namespace MobileVlm.Edge.Cluster.Tests;

/// <summary>The built program in processes of its own: a camera host and two inference hosts with the demo model.</summary>
public sealed class KillAndStallTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("cluster-").FullName;
    private readonly List<EdgeProcess> _processes = [];
    private readonly int[] _ports = [FreePort(), FreePort(), FreePort(), FreePort()];

    private int Mqtt => _ports[3];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Answers_continue_when_one_host_is_killed_and_the_other_stalls_and_scores_are_those_of_one_host()
    {
        var first = Inference(0);
        var second = Inference(1);
        var camera = Start("cam", $$"""
            "StateFolder": {{Json("cam")}}, "Cluster": { "Listen": "127.0.0.1:{{_ports[2]}}", "Nodes": {{Nodes}}, "AnswerWithin": "00:00:30" },
            "Mqtt": { "Broker": "embedded", "Port": {{Mqtt}} }, "Pipeline": { "StatsEvery": "00:00:01" }, "Cameras": {{Cameras(4)}}
            """);
        await camera.LogsAsync("publishes to");
        using var subscriber = new Subscriber(Mqtt, "mobilevlm/cam/#");
        await UntilStateAsync(subscriber, 0, "up");
        await UntilStateAsync(subscriber, 1, "up");
        await UntilHostsAnswerAsync(subscriber, [0, 1]);

        // One is killed: the other continues without a pause.
        first.Kill();
        var killedAt = TimeProvider.System.GetTimestamp();
        await UntilStateAsync(subscriber, 0, "unreachable");
        var pause = LongestPause(subscriber, killedAt, host: 1);
        output.WriteLine(FormattableString.Invariant($"longest pause of the other host: {pause.TotalMilliseconds:0} ms"));
        Assert.InRange(pause.TotalSeconds, 0, 3);

        // The other stalls, as with a cut cable: nothing answers, and nothing of the camera host stops.
        Signal("-STOP", second.Id);
        await UntilStateAsync(subscriber, 1, "unreachable");
        Signal("-CONT", second.Id);
        var healedAt = TimeProvider.System.GetTimestamp();
        await UntilStateAsync(subscriber, 1, "up");
        await UntilHostsAnswerAsync(subscriber, [1]);
        output.WriteLine(FormattableString.Invariant($"back after {TimeProvider.System.GetElapsedTime(healedAt).TotalSeconds:0.0} s"));

        // The killed one comes back under its address. Meanwhile one host alone answers the same frames.
        _ = Inference(0);
        var port = FreePort();
        var local = Start("local", $$"""
            "StateFolder": {{Json("local")}}, "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
            "Mqtt": { "Broker": "embedded", "Port": {{port}} }, "Cameras": {{Cameras(1, speed: 4)}}
            """);
        await local.LogsAsync("publishes to");
        using var alone = new Subscriber(port, "mobilevlm/local/#");
        await UntilStateAsync(subscriber, 0, "up");
        await UntilHostsAnswerAsync(subscriber, [0]);

        Assert.False(camera.HasExited);
        Assert.All(subscriber.Answers(), answer => Assert.InRange(answer.AgeMs, 0, 10_000));
        using var stats = JsonDocument.Parse(subscriber.Latest("/stats")!);
        Assert.All(stats.RootElement.GetProperty("cameras").EnumerateObject(), it => Assert.Equal(0, it.Value.GetProperty("captureRestarts").GetInt64()));
        Assert.Equal(0, stats.RootElement.GetProperty("mqtt").GetProperty("reconnects").GetInt64());

        AssertFramesAreCountedOnce(stats.RootElement.GetProperty("cameras"));
        AssertEventsComeOnceAndInOrder(subscriber);
        await CompareWithOneHostAsync(subscriber.Answers(), alone);
    }

    private static void AssertFramesAreCountedOnce(JsonElement cameras)
    {
        string[] ends = ["framesReplaced", "framesIdle", "framesStale", "framesUsed", "framesGated", "framesFailed"];
        foreach (var camera in cameras.EnumerateObject())
        {
            var ended = ends.Sum(end => camera.Value.GetProperty(end).GetInt64());
            // The newest one waits, and one is at each host. While no host was left, none was counted twice or forgotten.
            var captured = camera.Value.GetProperty("framesCaptured").GetInt64() + camera.Value.GetProperty("framesRepeated").GetInt64();
            Assert.InRange(captured - ended, 0, 4);
        }
    }

    private static void AssertEventsComeOnceAndInOrder(Subscriber subscriber)
    {
        var events = subscriber.Messages().Where(message => message.Topic.EndsWith("/event", StringComparison.Ordinal)).Select(message =>
        {
            using var json = JsonDocument.Parse(message.Payload);
            var root = json.RootElement;
            return (
                message.Topic,
                Id: root.GetProperty("id").GetString(),
                From: root.GetProperty("from").GetString(),
                To: root.GetProperty("to").GetString(),
                Frame: root.GetProperty("frame").GetInt64());
        }).ToList();
        Assert.NotEmpty(events);
        Assert.Equal(events.Count, events.Select(it => it.Id).Distinct().Count());
        foreach (var question in events.GroupBy(it => it.Topic))
        {
            Assert.All(question.Zip(question.Skip(1)), pair =>
            {
                Assert.Equal(pair.First.To, pair.Second.From);
                Assert.True(pair.First.Frame < pair.Second.Frame);
            });
        }
    }

    private async Task CompareWithOneHostAsync(
        IReadOnlyList<(long At, string Host, long Frame, double Score, double AgeMs)> answers, Subscriber alone)
    {
        var remote = answers.GroupBy(answer => answer.Frame).ToDictionary(frame => frame.Key, frame => frame.First().Score);
        await Eventually.TrueAsync(() => alone.Answers().Count(answer => remote.ContainsKey(answer.Frame)) >= 10, "the same frames are answered", Patience);
        var pairs = alone.Answers().Where(answer => remote.ContainsKey(answer.Frame)).ToList();
        Assert.All(pairs, answer => Assert.Equal(
            BitConverter.DoubleToInt64Bits(answer.Score), BitConverter.DoubleToInt64Bits(remote[answer.Frame])));
        output.WriteLine($"{pairs.Count} scores are equal bit for bit");
    }

    private string Nodes => $"""["127.0.0.1:{_ports[0]}", "127.0.0.1:{_ports[1]}"]""";

    private string Json(string name) => JsonSerializer.Serialize(Path.Combine(_folder, $"state-{name}"));

    private EdgeProcess Inference(int at) => Start($"host{at}", $$"""
        "Model": { "Path": {{JsonSerializer.Serialize(DemoModel.Folder.FolderPath)}} },
        "Cluster": { "Listen": "127.0.0.1:{{_ports[at]}}", "Nodes": {{Nodes}} }
        """);

    private EdgeProcess Start(string node, string settings)
    {
        var file = Path.Combine(_folder, $"{node}.json");
        File.WriteAllText(file, $$"""{ "MobileVlm": { "Node": "{{node}}", {{settings}} } }""");
        var process = EdgeProcess.Start("run", "--config", file);
        _processes.Add(process);
        return process;
    }

    // Every camera plays the same clip, so that the numbers of frames mean the same pictures.
    private static string Cameras(int count, double speed = 1) => JsonSerializer.Serialize(Enumerable.Range(1, count).ToDictionary(
        number => $"c{number}",
        _ => new
        {
            Source = DemoModel.Clip,
            Loop = true,
            Speed = speed,
            Gate = false,
            Questions = new { p = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00.1" } },
        }));

    private Task UntilStateAsync(Subscriber subscriber, int host, string state) => Eventually.TrueAsync(
        () => StateOf(subscriber, host) == state, $"host {host} is {state}", Patience, () => subscriber.Latest("/stats") ?? "no statistics");

    private string? StateOf(Subscriber subscriber, int host)
    {
        if (subscriber.Latest("/stats") is not { } text)
        {
            return null;
        }

        using var stats = JsonDocument.Parse(text);
        return stats.RootElement.GetProperty("cluster").GetProperty("nodes").TryGetProperty($"127.0.0.1:{_ports[host]}", out var node)
            ? node.GetProperty("state").GetString()
            : null;
    }

    private Task UntilHostsAnswerAsync(Subscriber subscriber, int[] hosts)
    {
        var from = TimeProvider.System.GetTimestamp();
        return Eventually.TrueAsync(
            () => hosts.All(host => subscriber.Answers().Count(answer => answer.At > from && answer.Host == $"127.0.0.1:{_ports[host]}") >= 3),
            $"hosts {string.Join(" and ", hosts)} answer",
            Patience);
    }

    private TimeSpan LongestPause(Subscriber subscriber, long from, int host)
    {
        var times = subscriber.Answers().Where(answer => answer.At > from && answer.Host == $"127.0.0.1:{_ports[host]}").Select(answer => answer.At).ToList();
        var ends = times.Append(TimeProvider.System.GetTimestamp());
        return times.Prepend(from).Zip(ends, (before, after) => TimeProvider.System.GetElapsedTime(before, after)).Max();
    }

    private static void Signal(string signal, int process)
    {
        using var kill = Process.Start("kill", [signal, process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
