using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>A state to be written once its events are stored.</summary>
/// <param name="Number">Counts up: a later one may overtake it.</param>
/// <param name="State">All of it.</param>
internal sealed record PendingSave(long Number, SavedState State);

/// <summary>Keeps the file up to date without wearing out flash memory: what changed is written after a while, together,
/// what was made an event soon, and nothing is written while nothing changes.</summary>
internal sealed class QuestionStateStore
{
    /// <summary>Changes without an event are written at most this often, so a power cut loses at most those of the last 30 s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Events nearer than this share a write. If the process is killed after an event was stored and before its state was
    /// saved, the same change raises another event, with another id.</summary>
    public static readonly TimeSpan IntervalOfEvents = TimeSpan.FromSeconds(1);

    private readonly QuestionStateFile? _file;
    private readonly QuestionSwitches _switches;
    private readonly TimeProvider _time;
    private readonly Lock _writing = new();
    private string _changes = "";
    private string _events = "";
    private long? _lastSaveAt;
    private long _numbered;
    private long _written;
    private volatile bool _isUnwritten;

    /// <param name="file">Null keeps nothing.</param>
    /// <param name="switches">Restored at the start and saved with the states.</param>
    /// <param name="time">Paces the writing.</param>
    public QuestionStateStore(QuestionStateFile? file, QuestionSwitches switches, TimeProvider time)
    {
        _file = file;
        _switches = switches;
        _time = time;
        Restored = file?.Read() ?? SavedState.Empty;
    }

    /// <summary>Whether the file can be written. Thread-safe.</summary>
    public StorageCondition Storage => _file?.Condition ?? StorageCondition.Off;

    /// <summary>The state that the last run saved.</summary>
    public SavedState Restored { get; }

    /// <summary>Restores the switches. To be called when the questions are known.</summary>
    public void RestoreSwitches()
    {
        foreach (var (key, enabled) in Restored.Switches)
        {
            if (key.Split('/') is [{ Length: > 0 } camera, var question] && camera.All(IsNameCharacter))
            {
                _switches.Set(new CameraId(camera), question, enabled);
            }
        }
    }

    /// <summary>The data to write now; null when nothing relevant changed or the last write was too recent. Once returned, it
    /// counts as written.</summary>
    /// <param name="states">All of them.</param>
    public PendingSave? TakeDueSave(IReadOnlyDictionary<string, SavedQuestionState> states)
    {
        if (_file is null)
        {
            return null;
        }

        var state = State(states);
        var (changes, events) = (Changes(state), Events(state));
        var wait = events == _events ? Interval : IntervalOfEvents;
        if ((changes == _changes && !_isUnwritten) || (_lastSaveAt is { } last && _time.GetElapsedTime(last) < wait))
        {
            return null;
        }

        (_changes, _events, _lastSaveAt) = (changes, events, _time.GetTimestamp());
        return new PendingSave(++_numbered, state);
    }

    /// <summary>Writes a due save, which takes a flush to the disk. Call it only after the outbox has taken the events of this state:
    /// otherwise a crash could keep the change and lose its event. A save that is older than one already written is skipped.</summary>
    public void Write(PendingSave due)
    {
        lock (_writing)
        {
            if (due.Number > _written)
            {
                _written = due.Number;
                _isUnwritten = _file?.Write(due.State) == false;
            }
        }
    }

    /// <summary>The complete state at the end of a run, to be written even if nothing has changed. Null when no state is
    /// kept.</summary>
    /// <param name="states">All of them.</param>
    public PendingSave? Last(IReadOnlyDictionary<string, SavedQuestionState> states) =>
        _file is null ? null : new PendingSave(++_numbered, State(states));

    private SavedState State(IReadOnlyDictionary<string, SavedQuestionState> states) => new(
        SavedState.Current, states, _switches.Switched.ToDictionary(it => $"{it.Camera}/{it.Question}", it => it.Enabled));

    // When a state was last confirmed, and by what score, changes with each frame and is not worth a write.
    private static string Changes(SavedState state) => string.Join(
        '\n',
        state.States.Select(it => $"{it.Key} {it.Value.State.Value} {it.Value.State.Since:O} "
            + $"{it.Value.State.LastKnown} {it.Value.LastEventAt:O}")
        .Concat(state.Switches.Select(it => $"{it.Key} {it.Value}")));

    private static string Events(SavedState state) =>
        string.Join('\n', state.States.Select(it => $"{it.Key} {it.Value.LastEventAt:O}"));

    private static bool IsNameCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '-';
}
