using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Http.Api;
using MobileVlm.Edge.Connectors.Http.Server;
using MobileVlm.Edge.Connectors.Mqtt.AdHoc;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Connectors.Mqtt.Topics;
using MobileVlm.Edge.Connectors.Storage.Labels;

namespace MobileVlm.Edge.Actors.Commands;

/// <summary>What became of a command that labels a frame.</summary>
/// <param name="Command">The command.</param>
/// <param name="Refusal">Why it is refused; null if it was obeyed.</param>
/// <param name="Reply">For the sender.</param>
internal sealed record LabelHandled(MqttCommand Command, CommandRefusal? Refusal, OutboundMessage Reply);

/// <summary>Carries out commands that label a frame. The disk is used elsewhere, and each command gets one reply.</summary>
internal sealed class LabelCommands(CommandHelpers helpers, EdgeSettings settings, NodeTopics topics)
{
    /// <summary>Longest id of a request that comes back with the reply, in characters.</summary>
    private const int MaxId = 100;

    private readonly ReplyTopics _allowed = new(settings.Asks.ReplyPrefixes, topics);

    /// <summary>Labels the frame. Throws nothing.</summary>
    public async Task<LabelHandled> HandleAsync(MqttCommand command, InboundMessage message, CancellationToken cancel)
    {
        JsonElement body = default;
        string? replyTo = null;
        try
        {
            body = Parse(message);
            replyTo = ReplyTopic(message, body);
            var change = await helpers.Labels.SetAsync(LabelBody.Read(body, command.Camera!, command.Question!, LabelSource.Mqtt), cancel);
            var done = LabelBody.Describe(change);
            done["status"] = "done";
            return new LabelHandled(command, null, Reply(command, message, body, replyTo, done));
        }
        catch (HttpFailureException refused)
        {
            var isInvalid = refused.Status < 500;
            return new LabelHandled(
                command, new CommandRefusal(refused.Code, refused.Message), Reply(command, message, body, replyTo, Error(isInvalid ? ReplyPayload.Invalid : ReplyPayload.Failed, refused.Parameter, refused.Message)));
        }
        catch (Exception fault)
        {
            return new LabelHandled(
                command, new CommandRefusal("fault", fault.Message), Reply(command, message, body, replyTo, Error(ReplyPayload.Failed, null, "the service could not handle this label")));
        }
    }

    /// <summary>The refusal of a command that was not begun.</summary>
    public LabelHandled Refused(MqttCommand command, InboundMessage message, string reason) =>
        new(command, new CommandRefusal("busy", reason), Reply(command, message, default, null, Error(ReplyPayload.Busy, null, reason)));

    private static JsonElement Parse(InboundMessage message)
    {
        if (message.Payload.Length > RequestLimits.MaxBytes || message.RejectedLength is not null)
        {
            throw HttpFailureException.Invalid(null, $"the message is longer than {RequestLimits.MaxBytes} bytes");
        }

        try
        {
            using var document = JsonDocument.Parse(message.Payload, new JsonDocumentOptions { MaxDepth = RequestLimits.MaxDepth });
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw HttpFailureException.Invalid(null, $"the message is not JSON: {error.Message}");
        }
    }

    /// <exception cref="HttpFailureException">The sender names a topic that is not allowed.</exception>
    private string? ReplyTopic(InboundMessage message, JsonElement body)
    {
        var requested = message.ResponseTopic ?? Text(body, "replyTo");
        return requested is not null && _allowed.Fault(requested) is { } refused ? throw HttpFailureException.Invalid("replyTo", refused) : requested;
    }

    private OutboundMessage Reply(MqttCommand command, InboundMessage message, JsonElement body, string? replyTo, JsonObject content)
    {
        var reply = new JsonObject
        {
            ["v"] = 1,
            ["status"] = content["status"]!.GetValue<string>(),
            ["node"] = settings.Node,
            ["camera"] = command.Camera,
            ["question"] = command.Question,
        };
        if (Text(body, "id") is { Length: <= MaxId } id)
        {
            reply["id"] = id;
        }

        foreach (var (name, value) in content.Where(it => it.Key != "status").ToList())
        {
            content.Remove(name);
            reply[name] = value;
        }

        // A topic of a camera that is not configured would let a sender create topics.
        var own = helpers.Plans().Any(camera => camera.Id.Value == command.Camera) ? topics.CameraReply(command.Camera!) : topics.Reply;
        return new OutboundMessage(
            replyTo ?? own, Encoding.UTF8.GetBytes(reply.ToJsonString()), Retain: false, settings.Mqtt.ReplyQos, "application/json")
        {
            CorrelationData = message.CorrelationData,
        };
    }

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonObject Error(string status, string? field, string message) => new()
    {
        ["status"] = status,
        ["error"] = new JsonObject { ["field"] = field, ["message"] = message },
    };

    /// <summary>Limits of a message.</summary>
    private static class RequestLimits
    {
        public const int MaxBytes = 4096;
        public const int MaxDepth = 8;
    }
}
