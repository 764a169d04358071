using System.Globalization;
using System.Text;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.History;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Scenes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Actors.Publishing;

/// <summary>A message that is composed when it is needed, because that may fail.</summary>
/// <param name="Compose">Composes it.</param>
internal sealed record ComposedLater(Func<OutboundMessage> Compose)
{
    /// <summary>The message that is sent when the intended one cannot be composed.</summary>
    public Func<OutboundMessage>? WithoutValue { get; init; }
}

/// <summary>Composes messages and decides their topics.</summary>
/// <param name="settings">Names of node and model, and how messages are sent.</param>
/// <param name="topics">The topics.</param>
/// <param name="clock">Corrects times of a clock that was not set.</param>
/// <param name="history">Knows where a stored event is found; null where no history is kept.</param>
internal sealed partial class MessageFactory(EdgeSettings settings, NodeTopics topics, ClockMonitor clock, HistoryRecorder? history = null)
{
    private readonly NodeTopics _topics = topics;

    public OutboundMessage Online => Retained(_topics.Availability, "online");

    public OutboundMessage Stopped => Retained(_topics.Availability, "stopped");

    public OutboundMessage Camera(CameraId camera, bool online) =>
        Retained(_topics.CameraAvailability(camera.Value), online ? "online" : "offline");

    /// <summary>The frames come before the state, so that a subscriber that reacts to the state finds them in
    /// place.</summary>
    public IEnumerable<OutboundMessage> View(CameraConfiguration plan, ViewSeen seen)
    {
        if (plan.Snapshot && seen.Before is { } before)
        {
            yield return Picture(_topics.ViewBefore(plan.Id.Value), before);
        }

        if (plan.Snapshot && seen.After is { } after)
        {
            yield return Picture(_topics.ViewAfter(plan.Id.Value), after);
        }

        yield return View(plan.Id, seen.State);
    }

    public OutboundMessage View(CameraId camera, ViewState state) => Retained(_topics.View(camera.Value), state.ToText());

    /// <param name="camera">The camera.</param>
    /// <param name="question">One of its questions.</param>
    /// <param name="enabled">It is asked at this moment.</param>
    public OutboundMessage Enabled(CameraId camera, string question, bool enabled) =>
        Retained(_topics.Enabled(camera.Value, question), enabled ? "ON" : "OFF");

    public OutboundMessage Mode(string mode) => Retained(_topics.Mode, mode);

    /// <param name="camera">The camera.</param>
    /// <param name="question">One of its questions, which is snoozed.</param>
    /// <param name="until">The end; null while the clock of the machine is not set.</param>
    public OutboundMessage Snooze(CameraId camera, string question, DateTimeOffset? until) =>
        Retained(_topics.Snooze(camera.Value, question), until?.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture) ?? AnswerWords.Unknown);

    /// <summary>The question is not snoozed: the broker forgets an end that it keeps.</summary>
    public OutboundMessage NoSnooze(CameraId camera, string question) => ClearRetained(_topics.Snooze(camera.Value, question));

    public OutboundMessage Stats(byte[] body) => Retained(_topics.Stats, body, "application/json");

    /// <summary>Makes the broker forget the retained message.</summary>
    public static OutboundMessage ClearRetained(string topic) => new(topic, ReadOnlyMemory<byte>.Empty, Retain: true);

    /// <summary>Topics that a broker keeps of a camera; those of its questions are apart.</summary>
    public static IEnumerable<string> TopicsOf(NodeTopics topics, CameraId camera) =>
        [
            topics.CameraAvailability(camera.Value),
            topics.Snapshot(camera.Value),
            topics.View(camera.Value),
            topics.ViewBefore(camera.Value),
            topics.ViewAfter(camera.Value),
        ];

    /// <summary>Topics that a broker keeps of a question.</summary>
    public static IEnumerable<string> TopicsOf(NodeTopics topics, CameraId camera, StandingQuestion question) =>
        [
            topics.State(camera.Value, question.Id),
            topics.Answer(camera.Value, question.Id),
            topics.Enabled(camera.Value, question.Id),
            topics.Snooze(camera.Value, question.Id),
        ];

    private OutboundMessage Picture(string topic, byte[] jpeg) =>
        new(topic, jpeg, settings.Mqtt.RetainSnapshots, settings.Mqtt.SnapshotQos, "image/jpeg");

    private OutboundMessage Retained(string topic, string text) =>
        Retained(topic, Encoding.UTF8.GetBytes(text), "text/plain");

    private OutboundMessage Retained(string topic, ReadOnlyMemory<byte> body, string contentType) =>
        new(topic, body, Retain: true, settings.Mqtt.StateQos, contentType);
}
