using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Connectors.Tests.Storage.Outbox;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Storage.History;

/// <summary>A history in a folder of its own, on the thread of the test and with a clock that only the test moves.</summary>
internal sealed class HistoryRig : IDisposable
{
    public const string Camera = "gate";
    public const string Question = "person";

    private readonly TemporaryFolder _folder = new();
    private long _frame;

    public HistoryRig() => Settings = new HistorySettings
    {
        Folder = _folder["history"],
        MaxBytes = 200_000_000,
        MinFreeBytes = 0,
        ReserveBytes = 0,
    };

    public string Folder => _folder.Path;

    public HistorySettings Settings { get; set; }

    public SettableClock Time { get; } = new();

    /// <summary>Lines that the history has logged, as <c>[id] text</c>.</summary>
    public LogLines Log { get; } = new();

    /// <summary>Makes the files, where a test brings its own.</summary>
    public Func<HistorySettings, HistoryFiles> Files { get; set; } = settings => new HistoryFiles(settings);

    public HistoryStore Store { get; private set; } = null!;

    public string DatabaseFile => Path.Combine(Settings.Folder, "history.db");

    public string[] SnapshotFiles => Directory.GetFiles(Path.Combine(Settings.Folder, "snapshots"), "*", SearchOption.AllDirectories);

    public HistoryStore Open()
    {
        Store = new HistoryStore(Settings, Files(Settings), HistoryDatabase.Open, Time, Log);
        Store.Tick();
        return Store;
    }

    public HistoryStore OpenAgain()
    {
        Close();
        return Open();
    }

    public void Close()
    {
        Store.Tick(isLast: true);
        Store.Dispose();
    }

    /// <summary>A frame of this moment with one answer.</summary>
    public HistoryFrame Frame(double? score = 0.5, string? value = "yes", int snapshotBytes = 0, string? eventText = null, string camera = Camera)
    {
        var frame = new HistoryFrame(camera, Time.GetUtcNow(), ++_frame)
        {
            Answers =
            [
                new HistoryAnswer(Question, value)
                {
                    IsWord = true,
                    Score = score,
                    Thresholds = new HistoryThresholds(0.6, 0.4, null),
                    ScoredBy = score is null ? null : "head",
                    Reason = value is null ? "unclear" : null,
                    Age = TimeSpan.FromMilliseconds(123.4),
                    Encode = TimeSpan.FromMilliseconds(50),
                    Prefill = TimeSpan.FromMilliseconds(40.1),
                    Decode = TimeSpan.FromMilliseconds(3),
                },
            ],
            Snapshot = snapshotBytes > 0 ? (ReadOnlyMemory<byte>?)Picture(snapshotBytes) : null,
        };
        return eventText is null ? frame : frame with { Events = [Event(frame, eventText)] };
    }

    public static HistoryEvent Event(HistoryFrame frame, string text) => new(Guid.CreateVersion7(frame.At), Question, "no", "yes")
    {
        At = frame.At,
        Since = frame.At,
        Frame = frame.Frame,
        Score = 0.9,
        Text = text,
    };

    public static byte[] Picture(int bytes)
    {
        var picture = new byte[bytes];
        Random.Shared.NextBytes(picture);
        return picture;
    }

    /// <summary>Size of all files in whole blocks, as <c>du</c> counts them.</summary>
    public long UsedBytes() => new DirectoryInfo(Settings.Folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => HistoryFiles.InBlocks(file.Length));

    public HistoryTimeline Timeline(TimeSpan bucket) => Store.Timeline(new TimelineQuery(
        Camera, Question, Time.GetUtcNow() - TimeSpan.FromDays(40), Time.GetUtcNow() + TimeSpan.FromMinutes(1), bucket));

    public IReadOnlyList<StoredEvent> Events() => Store.Read(database => database.FindEvents(new EventQuery { Limit = 1000 })).Events;

    public void Dispose()
    {
        Store?.Dispose();
        _folder.Dispose();
    }
}
