namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Clips. Others write their files, because that takes long; this store reserves the space before and adds the row
/// afterwards.</content>
internal sealed partial class HistoryStore
{
    /// <summary>A clip may take this share of all space at most.</summary>
    private const int LeastClipsInSpace = 2;

    /// <summary>A clip that is not stored after this will not come any more.</summary>
    private static readonly TimeSpan ExpectFor = TimeSpan.FromMinutes(2);

    /// <summary>Clips that are being recorded, and since when.</summary>
    private readonly Dictionary<SnapshotName, long> _expectedClips = [];

    /// <summary>Clips that are being written, and the space that is reserved for them.</summary>
    private readonly Dictionary<SnapshotName, long> _drafts = [];

    private long _clips;
    private long _clipBytes;

    /// <summary>Space of all files but the database.</summary>
    private long FileBytes => _snapshotBytes + _clipBytes + _drafts.Values.Sum();

    /// <summary>Makes room for a clip.</summary>
    /// <param name="name">The frame that it is about.</param>
    /// <param name="bytes">Most bytes of its file.</param>
    /// <returns>Where to write it; null if the event was deleted or has its clip already.</returns>
    public string? BeginClip(SnapshotName name, long bytes) => Read(database =>
    {
        if (HistoryFiles.InBlocks(bytes) * LeastClipsInSpace > _settings.MaxBytes)
        {
            throw new HistoryUnavailableException($"a clip of {bytes / 1_000_000} MB takes more than half of History:MaxMegabytes ({_settings.MaxBytes / 1_000_000})");
        }

        if (database.FindClip(name) is null && database.HasEvent(name))
        {
            FreeSpaceFor(bytes);
        }

        // The event may have been among the oldest.
        if (database.FindClip(name) is not null || !database.HasEvent(name))
        {
            _expectedClips.Remove(name);
            return null;
        }

        _drafts[name] = HistoryFiles.InBlocks(bytes);
        return _files.BeginClip(name);
    });

    /// <summary>Adds a clip, or deletes what was written of it.</summary>
    /// <param name="name">The frame that it is about.</param>
    /// <param name="isWritten">Its file is whole.</param>
    /// <returns>Whether it is stored.</returns>
    public bool EndClip(SnapshotName name, bool isWritten)
    {
        _expectedClips.Remove(name);
        var wasBegun = _drafts.Remove(name);
        var bytes = isWritten && wasBegun
            ? Read(database => Change(_ =>
            {
                if (!database.HasEvent(name) || _files.FinishClip(name) is not { } length)
                {
                    return (long?)null;
                }

                database.InsertClip(name, length);
                return length;
            }))
            : null;
        if (bytes is { } stored)
        {
            AddClip(stored);
            return true;
        }

        Count(stats => stats with { ClipsDropped = stats.ClipsDropped + 1 });
        if (wasBegun)
        {
            Read(_ =>
            {
                _files.DeleteClipDraft(name);
                return true;
            });
        }

        return false;
    }

    /// <summary>The clip of an event.</summary>
    public StoredClip Clip(Guid id) => Read(database =>
    {
        if (database.FindEvent(id) is not { } stored)
        {
            return StoredClip.None;
        }

        var name = new SnapshotName(stored.Camera, stored.Event.At.ToUnixTimeMilliseconds(), stored.Event.Frame);
        return database.FindClip(name) is { } bytes ? new StoredClip(_files.ClipOf(name), bytes, stored.Event.At, IsExpected: false)
            : StoredClip.None with { IsExpected = IsExpected(name) };
    });

    private void Expect(HistoryFrame frame)
    {
        foreach (var (old, _) in _expectedClips.Where(it => !IsExpected(it.Key)).ToList())
        {
            _expectedClips.Remove(old);
        }

        foreach (var happened in frame.Events)
        {
            _expectedClips.TryAdd(new SnapshotName(frame.Camera, happened.At.ToUnixTimeMilliseconds(), happened.Frame), _time.GetTimestamp());
        }
    }

    private bool IsExpected(SnapshotName name) => _expectedClips.TryGetValue(name, out var since) && _time.GetElapsedTime(since) < ExpectFor;

    private void AddClip(long bytes)
    {
        _clips++;
        _clipBytes += HistoryFiles.InBlocks(bytes);
    }

    private void ForgetClips(DeletedHistory deleted)
    {
        foreach (var (name, bytes) in deleted.Clips)
        {
            _files.DeleteClip(name);
            _clips--;
            _clipBytes -= HistoryFiles.InBlocks(bytes);
        }
    }

    /// <summary>Compares the clips' rows with the files, as <see cref="Reconcile"/> does; a clip without an event is of no use.</summary>
    /// <returns>Files without a row.</returns>
    private List<SnapshotName> ReconcileClips(HistoryDatabase database)
    {
        var files = _files.ScanClips(_drafts.Keys);
        var known = new HashSet<SnapshotName>();
        (_clips, _clipBytes) = (0, 0);
        foreach (var (name, bytes) in database.Clips())
        {
            if (files.GetValueOrDefault(name, -1) == bytes && database.HasEvent(name))
            {
                known.Add(name);
                AddClip(bytes);
            }
            else
            {
                database.RemoveClip(name);
            }
        }

        return [.. files.Keys.Where(name => !known.Contains(name))];
    }
}
