using System.Collections.Concurrent;
using System.Text.Json;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.States;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>Passes answers, states, events and the availability of cameras to those who follow them over HTTP, and keeps the
/// latest of each. Written by the publisher, and by the thread that switches the mode; read by anybody.</summary>
internal sealed class LiveUpdates(LiveEvents events, MessageFactory messages)
{
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), QuestionUpdate> _latest = new();
    private readonly ConcurrentDictionary<CameraId, (ReadOnlyMemory<byte> Jpeg, FrameSequence Sequence)> _snapshots = new();
    private readonly ConcurrentDictionary<(CameraId Camera, string Question), string> _states = new();

    /// <summary>The last update of a question; null before the first.</summary>
    public QuestionUpdate? Of(CameraId camera, string question) => _latest.GetValueOrDefault((camera, question));

    /// <summary>The last answered frame of a camera as JPEG; null before the first.</summary>
    public (ReadOnlyMemory<byte> Jpeg, FrameSequence Sequence)? SnapshotOf(CameraId camera) =>
        _snapshots.TryGetValue(camera, out var snapshot) ? snapshot : null;

    /// <summary>Questions were answered, or time passed.</summary>
    public void Evaluated(StateUpdates updates)
    {
        if (updates.Frame is { Snapshot: { } jpeg } frame)
        {
            _snapshots[frame.Camera] = (jpeg, frame.Sequence);
        }

        foreach (var update in updates.Updates)
        {
            var key = (update.Camera, update.Question.Id);
            _latest[key] = update;
            if (update.IsFromFrame)
            {
                var answer = messages.Payload(update);
                events.Recent.Add(answer);
                events.Publish("answer", MqttJson.Serialize(answer));
            }

            var before = _states.GetValueOrDefault(key);
            if (before != update.Current.State)
            {
                _states[key] = update.Current.State;
                events.Publish("state", StateOf(update));
            }
        }

        foreach (var compose in messages.Events(updates))
        {
            var json = MqttJson.Serialize(compose());
            events.Recent.AddEvent(json);
            events.Publish("event", json);
        }
    }

    /// <summary>A camera came or went.</summary>
    public void Changed(CameraAvailability camera) => events.Publish("camera", Written(json =>
    {
        json.WriteString("camera", camera.Camera.Value);
        json.WriteBoolean("online", camera.Online);
    }));

    /// <summary>The mode was switched.</summary>
    public void ModeChanged(string mode) => events.Publish("mode", Written(json => json.WriteString("current", mode)));

    /// <summary>Forgets cameras and questions that are no longer configured.</summary>
    public void Reconfigured(CamerasReconfigured changed)
    {
        var known = changed.Cameras.SelectMany(plan => plan.Questions.Select(question => (plan.Id, question.Id))).ToHashSet();
        foreach (var gone in _latest.Keys.Where(key => !known.Contains(key)))
        {
            _latest.TryRemove(gone, out _);
            _states.TryRemove(gone, out _);
        }

        foreach (var gone in _snapshots.Keys.Where(camera => changed.Cameras.All(plan => plan.Id != camera)))
        {
            _snapshots.TryRemove(gone, out _);
        }

        events.Recent.Keep(known.Select(key => (key.Item1.Value, key.Item2)).ToHashSet());
        foreach (var plan in changed.Cameras)
        {
            events.Publish("camera", Written(json =>
            {
                json.WriteString("camera", plan.Id.Value);
                json.WriteBoolean("reconfigured", true);
            }));
        }
    }

    private static byte[] StateOf(QuestionUpdate update) => Written(json =>
    {
        json.WriteString("camera", update.Camera.Value);
        json.WriteString("question", update.Question.Id);
        json.WriteString("state", update.Current.State);
        if (update.Current.Since is { } since)
        {
            json.WriteString("since", since);
        }
        else
        {
            json.WriteNull("since");
        }
    });

    private static byte[] Written(Action<Utf8JsonWriter> members)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
