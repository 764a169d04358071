using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.EndToEnd.Tests.Hosting;

/// <summary>The lines of the log that the live page shows, and what it shows of the machine.</summary>
public sealed class LogTailTests
{
    private readonly LogTail _tail = new();
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_line_has_the_name_of_the_console_and_no_stack_trace()
    {
        using var provider = new LogTailProvider(_tail, _time);
        var logger = provider.CreateLogger("MobileVlm.Edge.Actors.Publishing.PublisherActor");

        logger.Log(LogLevel.Error, new EventId(51), "It failed.\nTwice.", new InvalidOperationException("The reason."), (text, _) => text);

        Assert.Equal(
            new LogTailLine(1, _time.GetUtcNow(), "error", "PublisherActor[51]", "It failed. Twice. The reason."),
            Assert.Single(_tail.After(0, 10)));
    }

    [Fact]
    public void The_same_warning_is_kept_once_per_second()
    {
        using var provider = new LogTailProvider(_tail, _time);
        var logger = provider.CreateLogger("x");
        for (var i = 0; i < 5; i++)
        {
            Warn(i);
            logger.Log(LogLevel.Information, 1, "information is kept", null, (text, _) => text);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        Warn(5);

        var lines = _tail.After(0, 100);
        Assert.Equal(["frame 0 is skipped", "frame 5 is skipped (4 more like this since the last line)"], lines.Where(line => line.Level == "warning").Select(line => line.Text));
        Assert.Equal(5, lines.Count(line => line.Level == "information"));

        void Warn(int frame) => logger.Log(LogLevel.Warning, 2, string.Create(CultureInfo.InvariantCulture, $"frame {frame} is skipped"), null, (text, _) => text);
    }

    [Fact]
    public void Load_and_memory_are_those_of_the_kernel()
    {
        var device = DeviceReadings.Read();
        Assert.Equal(3, device.Load.Count);
        Assert.All(device.Load, load => Assert.True(load >= 0));

        // Not the limit of a container or of the runtime, which may be smaller.
        var total = File.ReadLines("/proc/meminfo").Single(line => line.StartsWith("MemTotal:", StringComparison.Ordinal));
        Assert.Equal($"{device.MemoryBytes / 1024} kB", total["MemTotal:".Length..].Trim());
        Assert.InRange(device.AvailableMemoryBytes!.Value, 1, device.MemoryBytes!.Value);
    }
}
