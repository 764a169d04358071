using System.Text.Json;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;

namespace MobileVlm.Edge.Deploy.Watch;

/// <summary>Collects what a service publishes about its cameras and questions. Thread-safe.</summary>
/// <param name="topics">The service's topics.</param>
/// <param name="questions">The questions to show, in the order in which they are shown.</param>
/// <param name="time">The clock for the arrival of messages.</param>
internal sealed class WatchState(NodeTopics topics, IReadOnlyList<WatchedQuestion> questions, TimeProvider time)
{
    /// <summary>The number of kept events: more than any screen shows below a table.</summary>
    private const int MaxEvents = 100;

    private readonly Lock _lock = new();
    private readonly string[] _cameras = [.. questions.Select(q => q.Camera).Distinct(StringComparer.Ordinal)];
    private readonly Dictionary<string, string> _cameraAvailability = [];
    private readonly Dictionary<WatchedQuestion, AnswerPayload> _answers = [];
    private readonly Queue<EventPayload> _events = [];
    private string? _availability;
    private DateTimeOffset? _lastMessageAt;
    private long _eventCount;
    private long _answerCount;

    /// <summary>Called for each change that can be shown as a line. It is called under the lock, so in the order of the messages, and
    /// must return quickly.</summary>
    public Action<WatchChange>? Changed { get; init; }

    /// <summary>The number of answers received so far.</summary>
    public long AnswerCount
    {
        get
        {
            lock (_lock)
            {
                return _answerCount;
            }
        }
    }

    /// <summary>Processes one message. Messages on other topics and invalid payloads are ignored, because other clients may publish
    /// below the same topics.</summary>
    public void Receive(InboundMessage message)
    {
        lock (_lock)
        {
            _lastMessageAt = time.GetUtcNow();
            if (message.Topic == topics.Availability)
            {
                ReceiveAvailability(message.Text);
            }
            else if (_cameras.FirstOrDefault(camera => message.Topic == topics.CameraAvailability(camera)) is { } camera)
            {
                ReceiveAvailability(camera, message.Text);
            }
            else if (questions.FirstOrDefault(q => message.Topic == topics.Answer(q.Camera, q.Id)) is { } answered
                && Read(message, MqttJson.ReadAnswer) is { } answer)
            {
                ReceiveAnswer(answered, answer);
            }
            else if (!message.Retained && questions.Any(q => message.Topic == topics.Event(q.Camera, q.Id))
                && Read(message, MqttJson.ReadEvent) is { } happened)
            {
                ReceiveEvent(happened);
            }
        }
    }

    public WatchSnapshot Snapshot()
    {
        lock (_lock)
        {
            return new WatchSnapshot(
                _availability,
                [.. _cameras.Select(camera => new WatchedCamera(camera, _cameraAvailability.GetValueOrDefault(camera)))],
                [.. questions.Select(question => new WatchedAnswer(question, _answers.GetValueOrDefault(question)))],
                [.. _events],
                _eventCount,
                _answerCount,
                _lastMessageAt);
        }
    }

    private void ReceiveAvailability(string text)
    {
        if (text != _availability)
        {
            _availability = text;
            Changed?.Invoke(new ServiceChange(text));
        }
    }

    private void ReceiveAvailability(string camera, string text)
    {
        if (text != _cameraAvailability.GetValueOrDefault(camera))
        {
            _cameraAvailability[camera] = text;
            Changed?.Invoke(new CameraChange(camera, text));
        }
    }

    private void ReceiveAnswer(WatchedQuestion question, AnswerPayload answer)
    {
        var before = _answers.GetValueOrDefault(question);
        _answers[question] = answer;

        // A message with the number of the previous one repeats that answer, for example as a heartbeat. After a restart
        // of the service the numbers start again.
        _answerCount += answer.Seq > 0 && answer.Seq != before?.Seq ? 1 : 0;
        if (before is null || before.State != answer.State || before.Reason != answer.Reason)
        {
            Changed?.Invoke(new StateChange(question, before, answer));
        }
    }

    private void ReceiveEvent(EventPayload happened)
    {
        _eventCount++;
        _events.Enqueue(happened);
        if (_events.Count > MaxEvents)
        {
            _events.Dequeue();
        }

        Changed?.Invoke(new EventChange(happened));
    }

    private static T? Read<T>(InboundMessage message, Reader<T> read)
        where T : class
    {
        try
        {
            return read(message.Payload.Span);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private delegate T? Reader<out T>(ReadOnlySpan<byte> payload)
        where T : class;
}

/// <summary>A change in what a service publishes.</summary>
internal abstract record WatchChange;

/// <summary>The service's availability changed.</summary>
internal sealed record ServiceChange(string Availability) : WatchChange;

/// <summary>A camera's availability changed.</summary>
internal sealed record CameraChange(string Camera, string Availability) : WatchChange;

/// <summary>A question's state changed, or the reason why it is unknown.</summary>
internal sealed record StateChange(WatchedQuestion Question, AnswerPayload? Before, AnswerPayload Now) : WatchChange;

/// <summary>An event arrived.</summary>
internal sealed record EventChange(EventPayload Event) : WatchChange;
