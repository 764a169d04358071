using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Outbox;

/// <summary>An outbox in a folder of its own.</summary>
internal sealed class OutboxBench : IAsyncDisposable
{
    public static readonly IReadOnlySet<string> All = new HashSet<string>();

    private readonly string _folder = Directory.CreateTempSubdirectory("outbox-").FullName;

    public OutboxBench() => Settings = new OutboxSettings
    {
        Path = Path.Combine(_folder, "outbox.db"),
        Durability = OutboxDurability.Process,
        BatchWindow = TimeSpan.Zero,
        ReserveBytes = 0,
    };

    public OutboxSettings Settings { get; set; }

    public ManualTime Time { get; } = new();

    public SqliteOutbox Outbox { get; private set; } = null!;

    public static OutboxEvent Event(string topic, int number, int bytes = 10) => new(
        $"{topic}-{number}",
        topic,
        Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadLeft(bytes, '0')));

    public SqliteOutbox Open() => Outbox = SqliteOutbox.Open(Settings, Time, NullLogger<SqliteOutbox>.Instance);

    public async Task<SqliteOutbox> OpenAgainAsync()
    {
        await Outbox.DisposeAsync();
        return Open();
    }

    public async Task StoreAsync(string topic, int from, int count, int bytes = 10)
    {
        foreach (var stored in Enumerable.Range(from, count).Select(number => Outbox.StoreAsync(Event(topic, number, bytes))).ToList())
        {
            Assert.Equal(StoreOutcome.Stored, await stored);
        }
    }

    /// <summary>Takes everything out, as a broker that acknowledges would.</summary>
    public async Task<List<string>> DrainAsync()
    {
        var ids = new List<string>();
        while (await Outbox.OldestAsync(All) is { } waiting)
        {
            ids.Add(waiting.Event.Id);
            await Outbox.RemoveAsync(waiting.Event.Id);
        }

        return ids;
    }

    public async ValueTask DisposeAsync()
    {
        if (Outbox is not null)
        {
            await Outbox.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}

/// <summary>A clock that only the test moves.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _ticks = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).Ticks;
    private long _wallShift;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    /// <summary>Sets the wall clock only, as a time server does.</summary>
    public void JumpWallClock(TimeSpan by) => Interlocked.Add(ref _wallShift, by.Ticks);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks) + Interlocked.Read(ref _wallShift), TimeSpan.Zero);
}
