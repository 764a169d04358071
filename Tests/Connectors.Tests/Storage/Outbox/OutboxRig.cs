using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>An outbox in a folder of its own.</summary>
internal sealed class OutboxRig : IAsyncDisposable
{
    public static readonly IReadOnlySet<string> All = new HashSet<string>();

    public OutboxRig() => Settings = new OutboxSettings
    {
        Path = Path.Combine(Folder, "outbox.db"),
        Durability = OutboxDurability.Process,
        BatchWindow = TimeSpan.Zero,
        ReserveBytes = 0,
    };

    private readonly TemporaryFolder _folder = new();

    public string Folder => _folder.Path;

    public OutboxSettings Settings { get; set; }

    /// <summary>Lines that the outbox has logged, as <c>[id] text</c>.</summary>
    public LogLines Log { get; } = new();

    public SettableClock Time { get; } = new();

    public SqliteOutbox Outbox { get; private set; } = null!;

    /// <summary>Makes the disk, where a test brings its own.</summary>
    public Func<OutboxSettings, IOutboxFolder>? Disk { get; set; }

    public static OutboxEvent Event(string topic, int number, int bytes = 10) => new(
        $"{topic}-{number}",
        topic,
        Encoding.UTF8.GetBytes(number.ToString(CultureInfo.InvariantCulture).PadLeft(bytes, '0')));

    public SqliteOutbox Open() => Outbox = SqliteOutbox.Open(Settings, Disk?.Invoke(Settings) ?? new OutboxFolder(Settings), Time, Log);

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

        _folder.Dispose();
    }
}

/// <summary>Remembers what is logged at Information and above. Thread-safe.</summary>
internal sealed class LogLines : ILogger
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public int Count(int eventId) => All.Count(line => line.StartsWith($"[{eventId}]", StringComparison.Ordinal));

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        lock (_lines)
        {
            _lines.Add($"[{eventId.Id}] {formatter(state, exception)}{exception}");
        }
    }
}

/// <summary>A clock that only the test moves, and whose wall clock it can set as a time server does.</summary>
internal sealed class SettableClock() : FakeTimeProvider(new DateTimeOffset(2028, 1, 1, 0, 0, 0, TimeSpan.Zero))
{
    // The base class moves its timestamps together with its wall clock.
    private TimeSpan _shift;

    public void JumpWallClock(TimeSpan by) => _shift += by;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _shift;

    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
