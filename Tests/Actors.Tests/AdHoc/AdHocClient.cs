using System.Text;
using System.Text.Json.Nodes;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Tests.AdHoc;

/// <summary>Somebody who asks over the fake broker.</summary>
internal static class AdHocClient
{
    public const string GateAsk = "mobilevlm/box/gate/ask";
    public const string GateReply = "mobilevlm/box/gate/reply";

    public static void Ask(this EdgeRig rig, string payload, string topic = GateAsk) => rig.Link.Receive(topic, payload);

    /// <summary>As an MQTT 5 client does it.</summary>
    public static void Request(this EdgeRig rig, string payload, string responseTopic, string correlation) =>
        rig.Link.Receive(new InboundMessage(GateAsk, Encoding.UTF8.GetBytes(payload), false)
        {
            ResponseTopic = responseTopic,
            CorrelationData = Encoding.UTF8.GetBytes(correlation),
        });

    /// <summary>The n-th reply, from 0.</summary>
    public static async Task<(OutboundMessage Message, JsonObject Body)> ReplyAsync(this EdgeRig rig, int at = 0)
    {
        await rig.Link.Once.UntilAsync(
            once => once.Count(IsReply) > at, $"reply {at}; answers so far: {rig.Answers.Items.Count}");
        var message = rig.Link.Once.Items.Where(IsReply).ElementAt(at);
        return (message, JsonNode.Parse(message.Payload.Span)!.AsObject());
    }

    public static Task UntilRepliesAsync(this EdgeRig rig, int count) =>
        rig.Link.Once.UntilAsync(once => once.Count(IsReply) >= count, $"{count} replies");

    public static IReadOnlyList<JsonObject> Replies(this EdgeRig rig) =>
        [.. rig.Link.Once.Items.Where(IsReply).Select(message => JsonNode.Parse(message.Payload.Span)!.AsObject())];

    public static string Text(this JsonObject body, string name) => body[name]?.ToString() ?? "(none)";

    private static bool IsReply(OutboundMessage message) =>
        !message.Topic.EndsWith("/event", StringComparison.Ordinal) && !message.Retain
        && message.ContentType == "application/json";
}
