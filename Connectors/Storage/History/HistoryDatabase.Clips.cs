namespace MobileVlm.Edge.Connectors.Storage.History;

/// <content>Clips. A clip belongs to all events of its frame.</content>
internal sealed partial class HistoryDatabase
{
    private const string EventOfClip = """
        SELECT 1 FROM event JOIN question ON question.id = event.question JOIN word ON word.text = question.camera
        WHERE word.id = clip.camera AND event.at = clip.at AND event.frame = clip.frame
        """;

    private const string ClipNames = "SELECT word.text, at, frame, bytes FROM clip JOIN word ON word.id = clip.camera";

    /// <summary>All clips with their lengths in bytes.</summary>
    public IReadOnlyList<(SnapshotName Name, long Bytes)> Clips() => Guard(() => Rows(ClipNames, NameAndLength));

    /// <summary>The length of a clip in bytes; null where none is stored.</summary>
    public long? FindClip(SnapshotName name) => Guard(() => Scalar(
        "SELECT bytes FROM clip WHERE camera = (SELECT id FROM word WHERE text = $a) AND at = $b AND frame = $c", name.Camera, name.AtMs, name.Frame) as long?);

    /// <summary>Whether an event of this frame is stored.</summary>
    public bool HasEvent(SnapshotName name) => Guard(() => Number(
        """
        SELECT COUNT(*) FROM event JOIN question ON question.id = event.question
        WHERE question.camera = $a AND event.at = $b AND event.frame = $c
        """,
        name.Camera,
        name.AtMs,
        name.Frame) > 0);

    public void InsertClip(SnapshotName name, long bytes) => Guard(() => Run(
        "INSERT OR REPLACE INTO clip (camera, at, frame, bytes) VALUES ($a, $b, $c, $d)", Word(name.Camera), name.AtMs, name.Frame, bytes));

    public void RemoveClip(SnapshotName name) => Guard(() => Run(
        "DELETE FROM clip WHERE camera = (SELECT id FROM word WHERE text = $a) AND at = $b AND frame = $c", name.Camera, name.AtMs, name.Frame));

    /// <summary>Deletes the clips whose events were all deleted.</summary>
    private List<(SnapshotName Name, long Bytes)> DeleteClipsWithoutEvent()
    {
        var names = Rows($"{ClipNames} WHERE NOT EXISTS ({EventOfClip})", NameAndLength);
        if (names.Count > 0)
        {
            Run($"DELETE FROM clip WHERE NOT EXISTS ({EventOfClip})");
        }

        return names;
    }
}
