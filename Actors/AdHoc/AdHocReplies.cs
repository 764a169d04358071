using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Actors.Questions.AnswerTypes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.AdHoc;

/// <summary>A request, as far as it could be read.</summary>
/// <param name="Request">Null when it is wrong.</param>
/// <param name="Fault">What is wrong.</param>
/// <param name="Id">The sender's own id of it.</param>
/// <param name="Camera">The one that it is about, if any.</param>
/// <param name="To">Where the reply goes.</param>
/// <param name="ArrivedAt">A <see cref="TimeProvider.GetTimestamp"/>.</param>
internal sealed record ReceivedRequest(
    AskRequest? Request, AskError? Fault, string? Id, string? Camera, ReplyAddress To, long ArrivedAt)
{
    /// <summary>The reply topic that the request asks for but may not use, safe for a log; null when there is
    /// none.</summary>
    public string? RefusedTopic { get; init; }
}

/// <summary>Composes the replies to ad-hoc questions and decides their topics.</summary>
internal sealed class AdHocReplies(
    EdgeSettings settings, NodeTopics topics, Func<string, bool> isKnown, ClockMonitor clock, TimeProvider time)
{
    // Below this a sender would retry before anything can have changed.
    private static readonly TimeSpan MinRetry = TimeSpan.FromMilliseconds(250);

    private const int MaxLoggedTopic = 200;

    private readonly ReplyTopics _allowed = new(settings.Asks.ReplyPrefixes, topics);

    /// <summary>Reads a request and decides where its reply goes: to the topic that it names if that is allowed, else to
    /// the one beside the <c>ask</c> topic.</summary>
    public ReceivedRequest Read(AskParser parser, AdHocReceived received, long arrivedAt)
    {
        var reading = parser.Read(received.Message, received.Camera);
        var requested = received.Message.ResponseTopic ?? reading.ReplyTo;
        var field = received.Message.ResponseTopic is null ? "replyTo" : "response topic";
        var fault = requested is not null && _allowed.Fault(requested) is { } refused ? new AskError(field, refused) : null;
        var topic = requested is not null && fault is null ? requested : OwnTopic(received);
        return new ReceivedRequest(
            fault is null ? reading.Request : null,
            reading.Fault ?? fault,
            reading.Id,
            reading.Request?.Camera ?? received.Camera,
            new ReplyAddress(topic, received.Message.CorrelationData),
            arrivedAt)
        {
            RefusedTopic = fault is null ? null : ForLog(requested!),
        };
    }

    /// <summary>The same for a request that the service failed to handle. When the request itself cannot be read, the reply
    /// goes to the topic beside the <c>ask</c> topic, unless the message names another that is allowed.</summary>
    public ReceivedRequest ReadIfPossible(AskParser parser, AdHocReceived received, long arrivedAt)
    {
        try
        {
            return Read(parser, received, arrivedAt);
        }
        catch (Exception fault)
        {
            return Unread(received, arrivedAt) with { Fault = new AskError(null, fault.Message) };
        }
    }

    private ReceivedRequest Unread(AdHocReceived received, long arrivedAt)
    {
        var requested = received.Message.ResponseTopic;
        var topic = requested is not null && _allowed.Fault(requested) is null ? requested : OwnTopic(received);
        return new ReceivedRequest(null, null, null, received.Camera, new ReplyAddress(topic, received.Message.CorrelationData), arrivedAt);
    }

    public static Question ToQuestion(AskRequest request) =>
        AnswerHandler.Of(request.Type).ToModelQuestion(request.Question, request.Choices, request.MaxTokens);

    public OutboundMessage Answered(ReceivedRequest asked, AdHocAnswer answered)
    {
        var answer = answered.Answer;
        var ofCamera = asked.Request?.Picture is null;
        var (value, reason) = UnknownReasons.ValueOf(answer);
        return To(asked, Reply(asked, ReplyPayload.Answered) with
        {
            Value = value,
            Reason = reason?.ToText(),
            Text = answer.Text,
            Score = answer.Score,
            Mass = answer.Mass,
            Scores = answer.ChoiceScores.Count == 0
                ? null
                : answer.Question.Choices.Zip(answer.ChoiceScores).ToDictionary(it => it.First, it => it.Second),
            Frame = ofCamera ? answered.Sequence.Value : null,
            CapturedAt = ofCamera ? clock.Correct(answered.CapturedAt) : null,
            AnsweredAt = clock.Correct(answered.AnsweredAt),
            Clock = clock.IsSet ? null : ClockText.Unset,
            AgeMs = ofCamera ? answered.Age.TotalMilliseconds : null,
            SameFrameS = answered.RepeatsFor is { } repeats ? (long)repeats.TotalSeconds : null,
            Timings = new StageTimings(
                answered.EncodeTime.TotalMilliseconds,
                (answered.PrefillTime + answer.Timings.Prefill).TotalMilliseconds,
                answer.Timings.Decode.TotalMilliseconds),
            Model = settings.ModelInUse,
            Host = answered.Host,
        });
    }

    /// <param name="asked">The request.</param>
    /// <param name="retryAfter">How long the last question waited, which is the best estimate.</param>
    public OutboundMessage Busy(ReceivedRequest asked, TimeSpan retryAfter) => To(asked, Reply(asked, ReplyPayload.Busy) with
    {
        RetryAfterMs = (long)Math.Max(retryAfter.TotalMilliseconds, MinRetry.TotalMilliseconds),
        Error = new ReplyError(null, $"{settings.Asks.MaxWaiting} questions wait already"),
    });

    /// <param name="asked">The request.</param>
    /// <param name="online">The camera delivers frames.</param>
    public OutboundMessage Expired(ReceivedRequest asked, bool online) => To(asked, Reply(asked, ReplyPayload.Expired) with
    {
        Error = new ReplyError(null, online
            ? "the deadline passed before its turn came"
            : "the deadline passed and the camera is offline"),
    });

    public OutboundMessage Invalid(ReceivedRequest asked, AskError fault) => To(asked, Reply(asked, ReplyPayload.Invalid) with
    {
        Error = new ReplyError(fault.Field, fault.Message),
    });

    public OutboundMessage Failed(ReceivedRequest asked, string reason) => To(asked, Reply(asked, ReplyPayload.Failed) with
    {
        Error = new ReplyError(null, reason),
    });

    private string OwnTopic(AdHocReceived received) =>
        received.Camera is { } camera && isKnown(camera) ? topics.CameraReply(camera) : topics.Reply;

    // Untrusted input: the log gets neither control characters nor a long text.
    private static string ForLog(string topic) =>
        string.Concat(topic.Take(MaxLoggedTopic).Select(c => char.IsControl(c) ? '?' : c));

    private ReplyPayload Reply(ReceivedRequest asked, string status) => new()
    {
        Status = status,
        Node = settings.Node,
        Id = asked.Id,
        Camera = asked.Request is { Picture: not null } ? null : asked.Camera,
        Ask = asked.Request?.Question,
        WaitedMs = time.GetElapsedTime(asked.ArrivedAt).TotalMilliseconds,
    };

    private OutboundMessage To(ReceivedRequest asked, ReplyPayload reply) =>
        new(asked.To.Topic, MqttJson.Serialize(reply), Retain: false, settings.Mqtt.ReplyQos, "application/json")
        {
            CorrelationData = asked.To.CorrelationData,
        };
}
