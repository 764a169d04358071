using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Clips;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Storage.History;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.History;

/// <summary>Hands answers, states, events and snapshots to the history. Never waits for it. <see cref="Record"/> is called by the
/// publisher; everything else is thread-safe.</summary>
/// <param name="history">Where they are stored.</param>
/// <param name="pictures">Decides of which frames the snapshot is stored.</param>
/// <param name="states">Know the thresholds that hold at a moment.</param>
/// <param name="compose">Composes the events of an update.</param>
/// <param name="address">The signed address of a path below the HTTP server's public address; null where it has none.</param>
/// <param name="time">For states that change without a frame.</param>
internal sealed class HistoryRecorder(
    IHistory history,
    HistoryPictures pictures,
    QuestionStates states,
    Func<StateUpdates, IEnumerable<Func<EventPayload>>> compose,
    Func<string, string?> address,
    TimeProvider time)
{
    private readonly ConcurrentDictionary<CameraId, (FrameSequence Sequence, ReadOnlyMemory<byte> Jpeg)> _last = new();
    private readonly Dictionary<(CameraId Camera, string Question), (string State, UnknownReason? Reason)> _states = [];
    private readonly RememberedEvents _withSnapshot = new();
    private readonly RememberedEvents _withClip = new();
    private volatile IReadOnlySet<CameraId>? _cameras;

    /// <summary>Records clips; null where none are recorded.</summary>
    public IClipRecorder? Clips { get; init; }

    /// <summary>Pictures that are held in memory, one for each camera at most.</summary>
    internal int RememberedPictures => _last.Count;

    /// <summary>Counts and condition.</summary>
    public HistoryStats Stats => history.Stats;

    /// <summary>Forgets what is remembered of cameras that are not configured any more.</summary>
    public void Configure(IEnumerable<CameraConfiguration> cameras)
    {
        _cameras = cameras.Select(camera => camera.Id).ToHashSet();
        foreach (var gone in _last.Keys.Where(camera => !IsConfigured(camera)))
        {
            _last.TryRemove(gone, out _);
        }
    }

    /// <summary>Whether a snapshot of the frame has to be made for the history.</summary>
    public bool MayNeedPicture(FrameAnswered frame) => pictures.MayNeed(frame);

    /// <summary>Records what changed. Recording the same twice is harmless.</summary>
    public void Record(StateUpdates updates)
    {
        var begun = States(updates);
        var events = compose(updates).Select(it => it()).Select(it => (it.Camera, Event: ToEvent(it))).ToList();
        if (updates.Frame is { } frame)
        {
            var picture = frame.Snapshot ?? frame.HistoryPicture;
            if (picture is { } jpeg)
            {
                Remember(frame.Camera, frame.Sequence, jpeg);
            }

            Store(new HistoryFrame(frame.Camera.Value, frame.CapturedAt, frame.Sequence.Value)
            {
                Answers = [.. updates.Updates.Where(update => update is { IsFromFrame: true, Last: not null }).Select(ToAnswer)],
                States = [.. begun.Select(it => it.State)],
                Events = [.. events.Select(it => it.Event)],
                Snapshot = pictures.Take(frame, updates.Updates) ? picture : null,
            });
            return;
        }

        foreach (var group in begun.GroupBy(it => it.Camera))
        {
            Store(new HistoryFrame(group.Key.Value, time.GetUtcNow(), 0) { States = [.. group.Select(it => it.State)] });
        }

        foreach (var (camera, happened) in events)
        {
            var known = _last.TryGetValue(new CameraId(camera), out var last) && last.Sequence.Value == happened.Frame;
            Store(new HistoryFrame(camera, happened.At, happened.Frame) { Events = [happened], Snapshot = known ? last.Jpeg : (ReadOnlyMemory<byte>?)null });
        }
    }

    /// <summary>The signed address of an event's snapshot; null where it has none, or nobody could fetch it.</summary>
    public string? SnapshotAddress(Guid id) => _withSnapshot.Contains(id) ? address($"/api/v1/events/{id}/snapshot.jpg") : null;

    /// <summary>The signed address of an event's clip; null where none is recorded, or nobody could fetch it.</summary>
    public string? ClipAddress(Guid id) => _withClip.Contains(id) ? address($"/api/v1/events/{id}/clip.mp4") : null;

    private void Store(HistoryFrame frame)
    {
        if (frame is { Answers.Count: 0, States.Count: 0, Events.Count: 0, Snapshot: null })
        {
            return;
        }

        var clip = frame.Events.Any(happened => !_withClip.Contains(happened.Id)) && RequestClip(frame);
        history.Record(frame with { ExpectsClip = clip });
        foreach (var happened in frame.Events)
        {
            if (frame.Snapshot is not null)
            {
                _withSnapshot.Add(happened.Id);
            }

            if (clip)
            {
                _withClip.Add(happened.Id);
            }
        }
    }

    /// <summary>All events of a frame have one clip.</summary>
    private bool RequestClip(HistoryFrame frame) =>
        Clips is { } clips && frame.Events[0] is var happened && clips.Request(frame.Camera, happened.Frame, happened.At);

    /// <summary>Keeps the newest picture of a camera, for events that come with time.</summary>
    private void Remember(CameraId camera, FrameSequence sequence, ReadOnlyMemory<byte> jpeg)
    {
        if (IsConfigured(camera))
        {
            _last[camera] = (sequence, jpeg);
        }

        // It may have been removed meanwhile: a frame in flight comes after that.
        if (!IsConfigured(camera))
        {
            _last.TryRemove(camera, out _);
        }
    }

    private bool IsConfigured(CameraId camera) => _cameras is not { } cameras || cameras.Contains(camera);

    /// <summary>The states that are not the last recorded ones. Free texts are left out, because each is another.</summary>
    private List<(CameraId Camera, HistoryState State)> States(StateUpdates updates)
    {
        var changed = new List<(CameraId, HistoryState)>();
        foreach (var update in updates.Updates.Where(update => !AnswerHandler.Of(update.Question.Kind).IsFreeText))
        {
            var (key, now) = ((update.Camera, update.Question.Id), (update.Current.State, update.Current.Reason));
            if (!_states.TryGetValue(key, out var before) || before != now)
            {
                _states[key] = now;
                changed.Add((update.Camera, new HistoryState(update.Question.Id, now.State, now.Reason?.ToText())));
            }
        }

        return changed;
    }

    private HistoryAnswer ToAnswer(QuestionUpdate update)
    {
        var (frame, answer, parsed) = update.Last!;
        return new HistoryAnswer(update.Question.Id, parsed.Value)
        {
            IsWord = !AnswerHandler.Of(update.Question.Kind).IsWritten,
            Score = parsed.Score,
            Thresholds = parsed.Score is null ? null : ToThresholds(update),
            ScoredBy = parsed.ScoredBy?.ToName(),
            Reused = answer.Reused,
            Reason = parsed.Unclear?.ToText(),
            Age = answer.Age,
            Encode = frame.EncodeTime,
            Prefill = frame.PrefillTime + answer.Timings.Prefill,
            Decode = answer.Timings.Decode,
        };
    }

    private HistoryThresholds? ToThresholds(QuestionUpdate update)
    {
        var held = states.ThresholdsOf(update.Camera, update.Question, update.Last!.Frame.CapturedAt);
        return AnswerHandler.Of(update.Question.Kind).ToShown(held) is { } shown
            ? new HistoryThresholds(shown.YesAbove, shown.NoBelow, shown.MinScore)
            : null;
    }

    private static HistoryEvent ToEvent(EventPayload happened) =>
        new(Guid.Parse(happened.Id, CultureInfo.InvariantCulture), happened.Question, happened.From, happened.To)
        {
            Score = happened.Score,
            At = happened.At ?? DateTimeOffset.UnixEpoch,
            Since = happened.Since ?? happened.At ?? DateTimeOffset.UnixEpoch,
            Frame = happened.Frame,
            Text = happened.Text,
            Document = Encoding.UTF8.GetString(MqttJson.Serialize(happened)),
        };
}
