using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>The format of log lines, and how often the same line is written.</summary>
public sealed partial class LogFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("mobilevlm-log-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_line_has_the_category_and_the_event_id_from_the_source()
    {
        var formatter = new EdgeConsoleFormatter(Clock(), colors: false, journal: false);
        Assert.Equal("2026-03-01 12:00:00.000 info: PublisherActor[50] Connected.\n", Write(formatter, LogLevel.Information, "MobileVlm.Edge.Actors.Publishing.PublisherActor", 50, "Connected."));
        Assert.Equal("2026-03-01 12:00:00.000 info: PublisherActor Connected.\n", Write(formatter, LogLevel.Information, "MobileVlm.Edge.Actors.Publishing.PublisherActor", 898765132, "Connected."));
        Assert.Equal("2026-03-01 12:00:00.000 info: Camera.gate[1] a b  c\n", Write(formatter, LogLevel.Information, "Camera.gate", 1, "a\r\n  b\n \u001bc"));
        Assert.StartsWith("<3>2026", Write(new EdgeConsoleFormatter(Clock(), colors: false, journal: true), LogLevel.Error, "x", 1, "y"), StringComparison.Ordinal);
        Assert.Contains("\u001b[31mfail\u001b[0m:", Write(new EdgeConsoleFormatter(Clock(), colors: true, journal: false), LogLevel.Error, "x", 1, "y"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_warning_is_written_once_per_second_with_the_number_of_suppressed_ones()
    {
        var clock = Clock();
        var formatter = new EdgeConsoleFormatter(clock, colors: false, journal: false);
        Assert.NotEqual("", Warn("frame 1 is skipped"));
        for (var i = 2; i < 10; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            Assert.Equal("", Warn($"frame {i} is skipped"));
        }

        Assert.NotEqual("", Warn("another line"));
        clock.Advance(TimeSpan.FromMilliseconds(200));
        Assert.EndsWith("frame 10 is skipped (8 more like this since the last line)\n", Warn("frame 10 is skipped"), StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.EndsWith("frame 11 is skipped\n", Warn("frame 11 is skipped"), StringComparison.Ordinal);

        // Events and states are not failures, so each is written.
        Assert.NotEqual("", Write(formatter, LogLevel.Information, "a", 1, "gate/person: no -> yes"));
        Assert.NotEqual("", Write(formatter, LogLevel.Information, "a", 1, "gate/person: no -> yes"));

        string Warn(string text) => Write(formatter, LogLevel.Warning, "a", 1, text);
    }

    [Fact]
    public async Task A_camera_that_fails_at_once_and_a_broker_that_refuses_do_not_fill_the_log()
    {
        // Accepts each connection and ends it.
        using var camera = new TcpListener(IPAddress.Loopback, 0);
        camera.Start();
        var connections = 0;
        _ = HangUpAsync(camera, () => Interlocked.Increment(ref connections));
        await using var broker = await Mosquitto.StartAsync(new MosquittoOptions { User = "edge", Password = "s3cret" });
        var config = ServiceConfiguration.Write(_folder, broker.Address.ToString(), new Dictionary<string, string>
        {
            ["gate"] = DemoModel.Clip,
            ["bad"] = $"rtsp://127.0.0.1:{((IPEndPoint)camera.LocalEndpoint).Port}/live",
        });
        await using var service = EdgeProcess.Start("run", "--config", config);
        await service.LogsAsync("QuestionEvaluators[3] gate/person: unknown -> no (score 0.");
        await service.LogsAsync("CameraActor[3] bad: the camera cannot be opened: ");
        await service.LogsAsync("PublisherActor[52] No connection to mqtt://127.0.0.1:");
        await Eventually.TrueAsync(() => Volatile.Read(ref connections) >= 5, "the camera is retried repeatedly", state: () => service.Errors);
        service.Terminate();
        Assert.Equal(0, await service.ExitAsync());
        var lines = service.Errors.TrimEnd().Split('\n');
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (info|warn|fail|crit): [A-Za-z.]+(\[\d{1,3}\])? \S", line));
        Assert.DoesNotContain(lines, line => Spans().IsMatch(line[24..]));
        Assert.DoesNotContain(lines, line => EnumNames().IsMatch(line));
        Assert.InRange(lines.Length, 8, 40);
        var times = lines.Select(line => (
            At: DateTime.ParseExact(line[..23], "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture),
            Text: string.Concat(line[24..].Where(c => !char.IsAsciiDigit(c))))).ToList();
        Assert.All(
            times.Where(it => !it.Text.StartsWith("info", StringComparison.Ordinal)).GroupBy(it => it.Text),
            same => Assert.All(same.Zip(same.Skip(1)), pair => Assert.True(pair.Second.At - pair.First.At >= TimeSpan.FromSeconds(0.99), pair.First.Text)));
        Assert.Single(lines, line => line.Contains("gate/person: unknown -> no", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\d\d:\d\d:\d\d\.\d{4}")]
    private static partial Regex Spans();

    [GeneratedRegex(@"\b(OpenFailed|Unreachable|Misconfigured|TlsFailed|InMemory|Stalled|NotAuthorized: )\b")]
    private static partial Regex EnumNames();

    private static async Task HangUpAsync(TcpListener listener, Action onConnection)
    {
        try
        {
            while (true)
            {
                (await listener.AcceptSocketAsync()).Dispose();
                onConnection();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static FakeTimeProvider Clock() => new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private static string Write(EdgeConsoleFormatter formatter, LogLevel level, string category, int id, string text)
    {
        using var writer = new StringWriter { NewLine = "\n" };
        formatter.Write(new LogEntry<string>(level, category, new EventId(id), text, null, (state, _) => state), null, writer);
        return writer.ToString();
    }
}
