using MobileVlm.Edge.Actors.Modes;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Storage;

namespace MobileVlm.Edge.Actors.States;

/// <summary>A state to be written once its events are stored.</summary>
/// <param name="Number">Counts up: a later one may overtake it.</param>
/// <param name="State">All of it.</param>
internal sealed record PendingSave(long Number, SavedState State);

/// <summary>Keeps the file up to date without wearing out flash memory: what changed is written after a while, together, what was made
/// an event and what people chose for hours soon, and nothing is written while nothing changes.</summary>
internal sealed class QuestionStateStore
{
    /// <summary>Changes without an event are written at most this often, so a power cut loses at most those of the last 30 s.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <summary>Events nearer than this share a write. If the process is killed after an event was stored and before its state was
    /// saved, the same change raises another event, with another id.</summary>
    public static readonly TimeSpan IntervalOfEvents = TimeSpan.FromSeconds(1);

    private readonly QuestionStateFile? _file;
    private readonly QuestionStates _questions;
    private readonly TimeProvider _time;
    private readonly Lock _writing = new();
    private string _changes = "";
    private string _urgent = "";
    private long? _lastSaveAt;
    private long _numbered;
    private long _written;
    private volatile bool _isUnwritten;

    /// <param name="file">Null keeps nothing.</param>
    /// <param name="questions">Their switches, mode and snoozes are restored at the start and saved with the states.</param>
    /// <param name="time">Paces the writing.</param>
    public QuestionStateStore(QuestionStateFile? file, QuestionStates questions, TimeProvider time)
    {
        _file = file;
        _questions = questions;
        _time = time;
        Restored = file?.Read() ?? SavedState.Empty;
    }

    /// <summary>Whether the file can be written. Thread-safe.</summary>
    public StorageCondition Storage => _file?.Condition ?? StorageCondition.Off;

    /// <summary>The state that the last run saved.</summary>
    public SavedState Restored { get; }

    /// <summary>Restores switches, mode and snoozes. To be called when the questions are known.</summary>
    public void RestoreOverrides()
    {
        foreach (var (key, enabled) in Restored.Switches)
        {
            if (TryParse(key) is var (camera, question))
            {
                _questions.Switches.Set(camera, question, enabled);
            }
        }

        foreach (var (key, snooze) in Restored.Snoozes ?? new Dictionary<string, SavedSnooze>())
        {
            if (TryParse(key) is var (camera, question))
            {
                _questions.Snoozes.Restore(camera, question, snooze);
            }
        }

        _questions.Modes.Restore(Restored.Mode, isKept: _file is not null);
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
        var (changes, urgent) = (Changes(state), Urgent(state));
        var wait = urgent == _urgent ? Interval : IntervalOfEvents;
        if ((changes == _changes && !_isUnwritten) || (_lastSaveAt is { } last && _time.GetElapsedTime(last) < wait))
        {
            return null;
        }

        (_changes, _urgent, _lastSaveAt) = (changes, urgent, _time.GetTimestamp());
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
        SavedState.Current,
        states,
        _questions.Switches.Switched.ToDictionary(it => $"{it.Camera}/{it.Question}", it => it.Enabled),
        _questions.Modes.Current,
        _questions.Snoozes.Saved);

    // When a state was last confirmed, and by what score, changes with each frame and is not worth a write.
    private static string Changes(SavedState state) => string.Join(
        '\n',
        state.States.Select(it => $"{it.Key} {it.Value.State.Value} {it.Value.State.Since:O} "
            + $"{it.Value.State.LastKnown} {it.Value.LastEventAt:O} {it.Value.Scorer}")
        .Concat(state.Switches.Select(it => $"{it.Key} {it.Value}"))
        .Append(Urgent(state)));

    /// <summary>What is written soon: what was made an event, and what people chose for hours.</summary>
    private static string Urgent(SavedState state) => string.Join(
        '\n',
        state.States.Select(it => $"{it.Key} {it.Value.LastEventAt:O}")
            .Append(state.Mode ?? "")
            .Concat(state.Snoozes?.Select(it => $"{it.Key} {it.Value.Until:O}") ?? []));

    private static (CameraId Camera, string Question)? TryParse(string key) =>
        key.Split('/') is [var camera, var question] && CameraId.TryParse(camera, out var id) ? (id, question) : null;
}
