using System.Globalization;
using CsCheck;
using MobileVlm.Edge.Connectors.Storage;
using MobileVlm.Edge.Connectors.Storage.Outbox;

namespace MobileVlm.Edge.Connectors.Tests.Storage.Outbox;

/// <summary>Histories of an outbox, compared with a small model of what it promises: always the same 150, or, with
/// <c>MOBILEVLM_HISTORIES=10000</c>, that many random ones.</summary>
public sealed class OutboxHistoryTests
{
    private static readonly long RandomHistories =
        long.TryParse(Environment.GetEnvironmentVariable("MOBILEVLM_HISTORIES"), out var histories) ? histories : 0;

    private static readonly Gen<Step> Steps = Gen.Frequency(
        (12, Gen.Select(Gen.Int[0, 2], Gen.Int[1, 6], (topic, count) => (Step)new Store(topic, count))),
        (9, Gen.Int[1, 5].Select(count => (Step)new Deliver(count))),
        (3, Gen.Const((Step)new Fetch())),
        (2, Gen.Const((Step)new Refuse())),
        (2, Gen.Const((Step)new Forgive())),
        (5, Gen.Int[1, 90].Select(seconds => (Step)new Advance(TimeSpan.FromSeconds(seconds)))),
        (1, Gen.Int[1, 9].Select(days => (Step)new Advance(TimeSpan.FromDays(days)))),
        (2, AnyOf(400, -400, 3, -3, -20_000).Select(days => (Step)new SetClock(days))),
        (3, Gen.Const((Step)new Kill())),
        (2, Gen.Const((Step)new Restart())),
        (4, AnyOf(DiskMode.Fine, DiskMode.Fine, DiskMode.Full, DiskMode.ReadOnly, DiskMode.Dead).Select(mode => (Step)new ChangeDisk(mode))),
        (4, Gen.Select(Gen.Int[0, 30], Gen.Bool, AnyOf(StorageErrorKind.Full, StorageErrorKind.Unusable, StorageErrorKind.Damaged),
            Gen.Double[0, 1], (at, after, kind, readable) => (Step)new FailOnce(at, after, kind, readable))),
        (1, Gen.Select(Gen.Int[0, 100_000], Gen.Int[1, 5000], (at, length) => (Step)new DamageFile(at, length))),
        (1, Gen.Bool.Select(log => (Step)new RemoveFile(log))));

    private static Gen<T> AnyOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(at => values[at]);

    [Fact]
    public void No_event_is_out_of_order_or_lost_without_report_under_faults_of_disk_clock_and_process()
    {
        if (RandomHistories > 0)
        {
            Steps.List[5, 60].Sample(Run, iter: RandomHistories, threads: 2, print: Print);
            return;
        }

        for (var at = 1U; at <= 150; at++)
        {
            var steps = Steps.List[5, 60].Generate(new PCG(at, 20_261_129), null, out _);
            try
            {
                Run(steps);
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"History {at}:{Environment.NewLine}{Print(steps)}", fault);
            }
        }
    }

    private static void Run(List<Step> steps)
    {
        using var history = new OutboxHistory();
        history.Run(steps);
    }

    private static string Print(List<Step> steps) => string.Join(Environment.NewLine, steps);

    [Fact]
    public void What_is_read_out_of_a_damaged_file_does_not_come_after_what_was_sent_from_memory()
    {
        using var history = new OutboxHistory();
        history.Run(
        [
            new Store(0, 3), new Store(1, 6), new ChangeDisk(DiskMode.Dead), new Store(0, 1), new Deliver(6),
            new FailOnce(0, After: false, StorageErrorKind.Damaged, Readable: 1), new ChangeDisk(DiskMode.Fine),
            new Advance(TimeSpan.FromSeconds(20)), new Deliver(9),
        ]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_was_deleted_does_not_come_back_with_a_file_whose_log_was_removed(int at)
    {
        using var history = new OutboxHistory();
        history.Run(
        [
            new Store(1, 3), new Store(2, 1), new Store(1, 6), new ChangeDisk(DiskMode.Full), new Kill(), new Store(1, 3), new Deliver(2), new Deliver(1),
            new Store(0, 1), new Advance(TimeSpan.FromSeconds(14)), new ChangeDisk(DiskMode.Fine), new Advance(TimeSpan.FromSeconds(61)), new ChangeDisk(DiskMode.Full),
            new FailOnce(at, After: false, StorageErrorKind.Damaged, Readable: 1), new RemoveFile(Log: true),
        ]);
    }

    /// <summary>Each operation on the file once: refused before it takes place, and reported to have failed after it did.</summary>
    [Theory]
    [InlineData(nameof(StorageErrorKind.Full))]
    [InlineData(nameof(StorageErrorKind.Unusable))]
    [InlineData(nameof(StorageErrorKind.Damaged))]
    public void Each_operation_on_the_file_may_fail_once(string kind)
    {
        var struck = new HashSet<string>();
        foreach (var after in (bool[])[false, true])
        {
            for (var at = 0; ; at++)
            {
                using var history = new OutboxHistory();
                history.Run(
                [
                    new Store(0, 6), new Store(1, 6), new FailOnce(at, after, Enum.Parse<StorageErrorKind>(kind), Readable: 1),
                    new Store(0, 4), new Deliver(3), new Advance(TimeSpan.FromSeconds(61)),
                    new ChangeDisk(DiskMode.Dead), new Store(1, 1), new ChangeDisk(DiskMode.Fine), new Advance(TimeSpan.FromSeconds(20)),
                    new Deliver(2), new SetClock(400), new Store(2, 1),
                ]);
                if (history.Struck is not { } operation)
                {
                    break;
                }

                struck.Add(operation);
            }
        }

        string[] all =
        [
            nameof(IOutboxDatabase.Begin), nameof(IOutboxDatabase.Commit), nameof(IOutboxDatabase.Insert), nameof(IOutboxDatabase.Delete),
            nameof(IOutboxDatabase.DeleteOlderThan), nameof(IOutboxDatabase.DeleteOldestOfTheLargestTopic), nameof(IOutboxDatabase.SetLost),
            nameof(IOutboxDatabase.SetLastTransaction), nameof(IOutboxDatabase.ShiftClock), nameof(IOutboxFolder.Open),
            nameof(IOutboxDatabase.Lost), nameof(IOutboxDatabase.Keys), nameof(IOutboxDatabase.Topics), nameof(IOutboxDatabase.First),
            nameof(IOutboxDatabase.OldestAt),
        ];
        Assert.Empty(all.Except(struck));
    }
}

/// <summary>One thing that happens.</summary>
internal abstract record Step;

/// <summary>Some events of one question.</summary>
internal sealed record Store(int Topic, int Count) : Step;

/// <summary>The broker takes this many.</summary>
internal sealed record Deliver(int Count) : Step;

/// <summary>One is on its way to the broker, which has not answered yet.</summary>
internal sealed record Fetch : Step;

/// <summary>The broker refuses the topic of the one that is on its way.</summary>
internal sealed record Refuse : Step;

internal sealed record Forgive : Step;

internal sealed record Advance(TimeSpan Time) : Step;

/// <summary>The wall clock alone is set.</summary>
internal sealed record SetClock(int Days) : Step;

/// <summary>SIGKILL, and started again.</summary>
internal sealed record Kill : Step;

internal sealed record Restart : Step;

internal sealed record ChangeDisk(DiskMode Mode) : Step;

/// <summary>One operation fails, and if that is for damage, so much of the file can be read.</summary>
internal sealed record FailOnce(int At, bool After, StorageErrorKind Kind, double Readable) : Step;

/// <summary>Stopped, bytes of the file overwritten, started.</summary>
internal sealed record DamageFile(int At, int Length) : Step;

/// <summary>Removed under the running service: the database, or its log only.</summary>
internal sealed record RemoveFile(bool Log) : Step;

/// <summary>An outbox and the model of it: which events there are, which arrived, and how many were reported as lost.</summary>
internal sealed class OutboxHistory : IDisposable
{
    private static readonly string Root = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Root, $"outbox-history-{Guid.NewGuid():N}")).FullName;
    private readonly SettableClock _time = new();
    private readonly LogLines _log = new();
    private readonly HashSet<string> _refused = [];

    /// <summary>By topic, in order.</summary>
    private readonly Dictionary<string, List<OutboxEvent>> _produced = [];

    /// <summary>Ids in the order of their first arrival.</summary>
    private readonly List<string> _arrived = [];
    private readonly HashSet<string> _arrivedIds = [];
    private readonly Dictionary<string, long> _reported = [];
    private readonly Dictionary<string, long> _reportedWith = [];

    /// <summary>Ids that may be missing without a report: they were in memory only when the process was killed, or in a file that was
    /// damaged while nobody had it open.</summary>
    private readonly HashSet<string> _excused = [];

    /// <summary>Ids that may come after later ones: what was sent in their place while the disk did not work was forgotten
    /// with the process.</summary>
    private readonly HashSet<string> _mayBeLate = [];
    private FaultyDisk _disk = null!;
    private OutboxSettings _settings = null!;
    private OutboxStore _store = null!;
    private WaitingEvent? _atHand;
    private int _runs;
    private int _number;
    private bool _mayRepeat;

    /// <summary>More may have been reported than is missing: a count that was reported could not be written to the file.</summary>
    private bool _mayReportTwice;

    public OutboxHistory() => Open(from: null);

    /// <summary>The operation at which <see cref="FailOnce"/> struck before the end; null when there were not so many.</summary>
    public string? Struck { get; private set; }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public void Run(IEnumerable<Step> steps)
    {
        foreach (var step in steps)
        {
            Do(step);
        }

        End();
    }

    private void Do(Step step)
    {
        switch (step)
        {
            case Store store:
                Produce($"topic{store.Topic}", store.Count);
                break;
            case Deliver deliver:
                for (var i = 0; i < deliver.Count && Take(); i++)
                {
                    Acknowledge();
                }

                break;
            case Fetch:
                Take();
                break;
            case Refuse when _atHand is { } refused:
                _refused.Add(refused.Event.Topic);
                _atHand = null;
                break;
            case Forgive:
                _refused.Clear();
                break;
            case Advance advance:
                _time.Advance(advance.Time);
                _store.Write([], isLast: false);
                break;
            case SetClock set:
                _time.JumpWallClock(TimeSpan.FromDays(set.Days));
                break;
            case Kill:
                Killed();
                break;
            case Restart:
                Restarted();
                break;
            case ChangeDisk change:
                _disk.Mode = change.Mode;
                break;
            case FailOnce fail:
                _disk.Readable = fail.Kind == StorageErrorKind.Damaged ? fail.Readable : 1;
                _disk.FailOnce(fail.At, fail.After, fail.Kind);
                break;
            case DamageFile damage:
                Damaged(damage);
                break;
            case RemoveFile remove:
                if (_store.Stats.Storage.Kind != StorageKind.Disk || _disk.Mode == DiskMode.Dead)
                {
                    // Nobody had it open, and so nobody knows what it held.
                    ExcuseAll();
                }

                File.Delete(_settings.Path + (remove.Log ? "-wal" : ""));
                _store.Write([], isLast: true);
                break;
        }
    }

    private void Produce(string topic, int count)
    {
        var events = Enumerable.Range(0, count).Select(_ => OutboxRig.Event(topic, ++_number)).ToList();
        if (!_produced.TryGetValue(topic, out var produced))
        {
            _produced.Add(topic, produced = []);
        }

        produced.AddRange(events);
        var outcomes = _store.Write([.. events.Select(it => new TimedEvent(it, _store.Run, _time.GetTimestamp()))], isLast: false);
        Assert.Equal(count, outcomes.Count);
        Assert.DoesNotContain(StoreOutcome.AlreadyStored, outcomes);
    }

    private bool Take()
    {
        if (_atHand is null && _store.Oldest(_refused) is var (pending, lost))
        {
            _atHand = new WaitingEvent(pending.Event, null, lost);
            Assert.DoesNotContain(pending.Event.Topic, _refused);
            Assert.Equal(
                _produced[pending.Event.Topic].Single(it => it.Id == pending.Event.Id).Payload.ToArray(), pending.Event.Payload.ToArray());
        }

        return _atHand is not null;
    }

    private void Acknowledge()
    {
        var (happened, lost) = (_atHand!.Event, _atHand.LostBefore);
        _store.Acknowledge(happened.Id);
        _store.Write([], isLast: false);
        _atHand = null;
        if (_arrivedIds.Add(happened.Id))
        {
            _arrived.Add(happened.Id);
        }
        else
        {
            Assert.True(_mayRepeat, $"{happened.Id} came twice although nothing was killed.");
        }

        // A message that comes again may report more than it did the first time.
        var more = Math.Max(0, lost - _reportedWith.GetValueOrDefault(happened.Id));
        _reportedWith[happened.Id] = lost;
        _reported[happened.Topic] = _reported.GetValueOrDefault(happened.Topic) + more;
    }

    /// <summary>The files as a killed process leaves them, in another place: the old store still has the old ones open.</summary>
    private void Killed()
    {
        // An acknowledged event that is still in the file comes again, or is dropped and reported.
        (_atHand, _mayRepeat, _mayReportTwice) = (null, true, _mayReportTwice || !_store.IsIdle);
        Forgotten();
        var old = _store;
        Open(_settings.Path, _disk.Mode);
        old.Dispose();
    }

    private void Restarted()
    {
        _atHand = null;
        _store.Write([], isLast: true);
        _mayRepeat |= _store.Stats.Storage.Kind != StorageKind.Disk;
        Forgotten();
        _store.Dispose();
        Open(_settings.Path, _disk.Mode);
    }

    /// <summary>What only memory knew goes with the process.</summary>
    private void Forgotten()
    {
        var stats = _store.Stats;
        if (stats is { Storage.Kind: StorageKind.Disk, InMemory: 0 })
        {
            return;
        }

        _mayReportTwice = true;
        foreach (var produced in _produced.Values)
        {
            var last = produced.FindLastIndex(it => _arrivedIds.Contains(it.Id));
            foreach (var (at, waiting) in produced.Index().Where(it => !_arrivedIds.Contains(it.Item.Id)))
            {
                _excused.Add(waiting.Id);
                if (at < last)
                {
                    _mayBeLate.Add(waiting.Id);
                }
            }
        }
    }

    private void Damaged(DamageFile damage)
    {
        Restarted();
        _store.Dispose();
        var length = new FileInfo(_settings.Path) is { Exists: true } file ? file.Length : 0;
        if (length == 0)
        {
            Open(_settings.Path, _disk.Mode);
            return;
        }

        using (var stream = File.OpenWrite(_settings.Path))
        {
            stream.Position = damage.At % length;
            stream.Write(Enumerable.Repeat((byte)0xA5, (int)Math.Min(damage.Length, length - stream.Position)).ToArray());
        }

        Open(_settings.Path, _disk.Mode);
        _store.Write([], isLast: true);

        // How many it held is reported as far as it can be read.
        ExcuseAll();
    }

    private void ExcuseAll()
    {
        (_mayRepeat, _mayReportTwice) = (true, true);
        foreach (var waiting in _produced.Values.SelectMany(it => it).Where(it => !_arrivedIds.Contains(it.Id)))
        {
            _excused.Add(waiting.Id);
            _mayBeLate.Add(waiting.Id);
        }
    }

    /// <summary>Starts on a copy of the files: a killed process has not closed its own.</summary>
    private void Open(string? from, DiskMode mode = DiskMode.Fine)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, (++_runs).ToString(CultureInfo.InvariantCulture))).FullName;
        var path = Path.Combine(folder, "outbox.db");
        foreach (var part in ((string[])["", "-wal"]).Where(part => from is not null && File.Exists(from + part)))
        {
            File.Copy(from + part, path + part);
        }

        _settings = new OutboxSettings
        {
            Path = path,
            Durability = OutboxDurability.Process,
            MaxRows = 14,
            MaxInMemory = 6,
            ReserveBytes = 0,
        };
        _disk = new FaultyDisk(new OutboxFolder(_settings)) { Mode = mode };
        _store = OutboxStore.Open(_settings, _disk, _time, _log);
    }

    /// <summary>Everything is well again, and all that waits is sent.</summary>
    private void End()
    {
        Struck = _disk.Struck;
        (_disk.Mode, _disk.Readable) = (DiskMode.Fine, 1);
        _disk.FailOnce(int.MaxValue / 2, after: false, StorageErrorKind.Full);
        _refused.Clear();
        for (var round = 0; round < 2; round++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            _store.Write([], isLast: false);
            Assert.True(
                _store.Stats is { Storage.Kind: StorageKind.Disk, InMemory: 0 },
                $"The disk is well and the outbox is not: {_store.Stats} {string.Join('\n', _log.All)}");
            while (Take())
            {
                Acknowledge();
            }

            if (round == 0)
            {
                // Events lost last are reported with the next one.
                foreach (var topic in _produced.Keys.ToList())
                {
                    Produce(topic, 1);
                }
            }
        }

        Assert.Equal(0, _store.Stats.Rows);
        foreach (var (topic, produced) in _produced)
        {
            Check(topic, produced.ConvertAll(it => it.Id));
        }

        Assert.DoesNotContain(_log.All, line => line.StartsWith("[60]", StringComparison.Ordinal));
    }

    private void Check(string topic, List<string> produced)
    {
        var arrived = _arrived.Where(produced.Contains).ToList();
        var inOrder = arrived.Where(id => !_mayBeLate.Contains(id)).ToList();
        Assert.Equal(produced.Where(inOrder.Contains), inOrder);
        var missing = produced.Except(arrived).ToList();
        var reported = _reported.GetValueOrDefault(topic);
        var log = $"{topic}: missing {string.Join(' ', missing)}, reported {reported}, excused {missing.Count(_excused.Contains)}\n{string.Join('\n', _log.All)}";
        Assert.True(missing.Count - missing.Count(_excused.Contains) <= reported, log);
        Assert.True(_mayReportTwice || reported <= missing.Count, log);
    }
}
