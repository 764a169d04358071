using System.Text;
using MobileVlm.Edge.Connectors.Cameras;
using MobileVlm.Edge.Connectors.Mqtt;

namespace MobileVlm.Edge.Actors;

/// <summary>What is said on which topic.</summary>
internal sealed class EdgeMessages(EdgeSettings settings, Topics topics, Func<AnswerPayload, byte[]> answerToBytes)
{
    // Home Assistant refuses longer states.
    private const int LongestState = 255;

    public OutboundMessage Online => Retained(topics.Availability, "online");

    public OutboundMessage Stopped => Retained(topics.Availability, "stopped");

    public OutboundMessage Camera(CameraId camera, bool online) =>
        Retained(topics.CameraAvailability(camera.Value), online ? "online" : "offline");

    /// <param name="camera">The camera.</param>
    /// <param name="question">One of its questions.</param>
    /// <param name="enabled">It is asked at this moment.</param>
    public OutboundMessage Enabled(CameraId camera, string question, bool enabled) =>
        Retained(topics.Enabled(camera.Value, question), enabled ? "ON" : "OFF");

    public OutboundMessage Stats(byte[] body) => Retained(topics.Stats, body, "application/json");

    /// <summary>The still first and the bare state last: who reacts to a state finds the rest in place.</summary>
    public IEnumerable<OutboundMessage> Answers(FrameAnswered answered)
    {
        var camera = answered.Camera.Value;
        if (answered.Snapshot is { } jpeg)
        {
            yield return new OutboundMessage(
                topics.Snapshot(camera), jpeg, settings.Mqtt.RetainSnapshots, settings.Mqtt.SnapshotQos, "image/jpeg");
        }

        foreach (var answer in answered.Answers)
        {
            var question = answer.Question.Id;
            var body = answerToBytes(Payload(answered, answer));
            yield return Retained(topics.Answer(camera, question), body, "application/json");
            yield return Retained(topics.State(camera, question), Cut(answer.Answer.Value));
        }
    }

    private AnswerPayload Payload(FrameAnswered answered, QuestionAnswered answer) => new()
    {
        Node = settings.Node,
        Camera = answered.Camera.Value,
        Question = answer.Question.Id,
        Ask = answer.Question.Ask,
        Value = answer.Answer.Value,
        Text = answer.Answer.Text,
        Score = answer.Answer.Score,
        Frame = answered.Frame.Value,
        CapturedAt = answered.CapturedAt,
        AnsweredAt = answer.AnsweredAt,
        AgeMs = answer.Age.TotalMilliseconds,
        Timings = new StageTimings(
            answered.EncodeTime.TotalMilliseconds,
            (answered.PrimeTime + answer.Answer.Timings.Prefill).TotalMilliseconds,
            answer.Answer.Timings.Decode.TotalMilliseconds),
        Model = settings.ModelName,
        Seq = answer.Seq,
    };

    private static string Cut(string value)
    {
        if (value.Length <= LongestState)
        {
            return value;
        }

        // Half of a pair would not be valid UTF-8.
        var length = char.IsHighSurrogate(value[LongestState - 1]) ? LongestState - 1 : LongestState;
        return value[..length];
    }

    private OutboundMessage Retained(string topic, string text) =>
        Retained(topic, Encoding.UTF8.GetBytes(text), "text/plain");

    private OutboundMessage Retained(string topic, ReadOnlyMemory<byte> body, string contentType) =>
        new(topic, body, Retain: true, settings.Mqtt.StateQos, contentType);
}
