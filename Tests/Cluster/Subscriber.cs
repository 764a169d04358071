using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace MobileVlm.Edge.Cluster.Tests;

/// <summary>What a subscriber receives, by mosquitto's own client.</summary>
internal sealed class Subscriber : IDisposable
{
    private readonly Process _process;
    private readonly List<(long At, string Topic, string Payload)> _messages = [];

    public Subscriber(int port, string topic)
    {
        var start = new ProcessStartInfo("mosquitto_sub") { RedirectStandardOutput = true };
        foreach (var argument in (string[])["-p", port.ToString(CultureInfo.InvariantCulture), "-q", "1", "-v", "-t", topic])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, received) =>
        {
            if (received.Data?.IndexOf(' ', StringComparison.Ordinal) is { } space and > 0)
            {
                lock (_messages)
                {
                    _messages.Add((TimeProvider.System.GetTimestamp(), received.Data[..space], received.Data[(space + 1)..]));
                }
            }
        };
        _process.BeginOutputReadLine();
    }

    /// <summary>Received answers that a host computed, with the time of their arrival.</summary>
    public IReadOnlyList<(long At, string Host, long Frame, double Score, double AgeMs)> Answers()
    {
        var answers = new List<(long, string, long, double, double)>();
        foreach (var (at, _, payload) in Messages().Where(message => message.Topic.EndsWith("/answer", StringComparison.Ordinal)))
        {
            using var json = JsonDocument.Parse(payload);
            var root = json.RootElement;
            if (root.GetProperty("score").ValueKind == JsonValueKind.Number)
            {
                answers.Add((
                    at,
                    root.TryGetProperty("host", out var host) ? host.GetString()! : "",
                    root.GetProperty("frame").GetInt64(),
                    root.GetProperty("score").GetDouble(),
                    root.GetProperty("ageMs").GetDouble()));
            }
        }

        return answers;
    }

    /// <summary>The newest payload under a topic with this end; null before the first.</summary>
    public string? Latest(string end) => Messages().LastOrDefault(message => message.Topic.EndsWith(end, StringComparison.Ordinal)).Payload;

    public IReadOnlyList<(long At, string Topic, string Payload)> Messages()
    {
        lock (_messages)
        {
            return [.. _messages];
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
