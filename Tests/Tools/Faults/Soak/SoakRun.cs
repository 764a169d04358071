using System.Diagnostics;
using System.Text.Json;

namespace MobileVlm.Edge.Tools.Faults.Soak;

/// <summary>Runs the service with four cameras at a raised pace: two clips at four times their pace, images at ten per second,
/// and an RTSP stream that ends and is opened again each minute. Each frame is asked three questions.</summary>
internal static class SoakRun
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(5);

    private static readonly object Questions = new
    {
        person = new { Ask = "Is there a person?", Answer = "YesNo", Every = "00:00:00" },
        gate = new { Ask = "Is the gate open?", Answer = "YesNo", Every = "00:00:00" },
        scene = new { Ask = "Describe the scene.", Answer = "Text", Every = "00:00:05", MaxTokens = 48 },
    };

    /// <summary>Runs the service and samples its resources.</summary>
    /// <param name="length">The duration.</param>
    /// <param name="csv">The file for the samples, one line each.</param>
    /// <param name="log">The file to which the service's log is written at the end.</param>
    /// <returns>The count of events, and how many of them still wait in the outbox: a stop has a time limit, and the remaining events
    /// are sent after the next start.</returns>
    public static async Task<(EventCount Count, int Waiting)> RunAsync(TimeSpan length, string csv, string log)
    {
        var folder = Directory.CreateTempSubdirectory("mobilevlm-soak-").FullName;
        try
        {
            await using var broker = await Mosquitto.StartAsync();
            await using var subscriber = await MosquittoSub.StartAsync(
                broker.Address, "mobilevlm/+/+/+/answer", "-t", "mobilevlm/+/+/+/event", "-t", "mobilevlm/+/stats");
            var images = TestFootage.Images(Path.Combine(folder, "images"));
            using var rtsp = await RtspTestServer.StartAsync(clip: DemoModel.Clip);
            var config = FaultConfiguration.Write(
                folder,
                broker.Address,
                new Dictionary<string, FaultCamera>
                {
                    ["north"] = new(DemoModel.Clip, FrameRate: 40, Speed: 4, Snapshot: true),
                    ["south"] = new(DemoModel.Clip, FrameRate: 40, Speed: 4),
                    ["yard"] = new(images, FrameRate: 10),
                    ["street"] = new(rtsp.Url, FrameRate: 10, Snapshot: true),
                },
                questions: Questions);
            await using var service = EdgeProcess.Start("run", "--config", config);
            await service.LogsAsync("Node edge-1 watches");

            var (ledger, events) = (new EventLedger(), new List<ReceivedMessage>());
            await using (var samples = new StreamWriter(csv) { AutoFlush = true })
            {
                await samples.WriteLineAsync(SoakSample.Header);
                var clock = Stopwatch.StartNew();
                for (var due = SampleEvery; clock.Elapsed < length; due += SampleEvery)
                {
                    await Task.Delay(due > clock.Elapsed ? due - clock.Elapsed : TimeSpan.Zero);
                    var messages = subscriber.Take();
                    events.AddRange(messages.Where(EventLedger.IsEvent));
                    if (Sample(clock.Elapsed, ProcessStatus.Of(service.Id), messages) is { } sample)
                    {
                        await samples.WriteLineAsync(sample.ToLine());
                    }
                }
            }

            service.Terminate();
            var code = await service.ExitAsync();
            await File.WriteAllTextAsync(log, service.Errors);
            if (code != 0)
            {
                throw new InvalidOperationException($"The service ended with {code}; its log is {log}.");
            }

            ledger.ReadLog(service.Errors);
            await Until.TrueAsync(() => ledger.Compare([.. events, .. subscriber.Messages]).Missing == 0, TimeSpan.FromSeconds(10));
            return (ledger.Compare([.. events, .. subscriber.Take()]), ledger.ReadOutbox(Path.Combine(folder, "outbox.db")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static SoakSample? Sample(TimeSpan at, ProcessStatus process, IReadOnlyList<ReceivedMessage> messages)
    {
        if (messages.LastOrDefault(message => message.Topic.EndsWith("/stats", StringComparison.Ordinal)) is not { } last)
        {
            return null;
        }

        using var stats = JsonDocument.Parse(last.Text);
        var mqtt = stats.RootElement.GetProperty("mqtt");
        var ages = messages.Where(message => message.Topic.EndsWith("/answer", StringComparison.Ordinal)).Select(Age).OfType<double>().Order().ToList();
        return new SoakSample(
            at.TotalSeconds,
            process.ResidentBytes / 1048576.0,
            process.OwnBytes / 1048576.0,
            process.Handles,
            process.Threads,
            process.Children,
            Sum("framesCaptured"),
            Sum("framesUsed"),
            Sum("framesReplaced"),
            Sum("framesStale"),
            Sum("framesFailed"),
            ages.Count,
            Rank(0.5),
            Rank(0.95),
            Rank(1),
            mqtt.GetProperty("eventsWaiting").GetInt64(),
            mqtt.GetProperty("eventsDropped").GetInt64());

        long Sum(string name) => stats.RootElement.GetProperty("cameras").EnumerateObject().Sum(camera => camera.Value.GetProperty(name).GetInt64());

        double Rank(double share) => ages.Count == 0 ? double.NaN : ages[(int)Math.Min(ages.Count - 1, share * ages.Count)];
    }

    private static double? Age(ReceivedMessage message)
    {
        using var answer = JsonDocument.Parse(message.Text);
        return answer.RootElement.GetProperty("ageMs") is { ValueKind: JsonValueKind.Number } age ? age.GetDouble() : null;
    }
}
