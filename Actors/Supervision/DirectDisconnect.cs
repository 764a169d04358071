using MobileVlm.Edge.Actors.AdHoc;
using MobileVlm.Edge.Actors.Publishing;
using MobileVlm.Edge.Connectors.Mqtt.Client;

namespace MobileVlm.Edge.Actors.Supervision;

/// <summary>Ends the connection when the actors are gone: sends the replies that are still due and <c>stopped</c>, then
/// disconnects. Only to be used when no actor uses the state any more.</summary>
internal sealed class DirectDisconnect(
    IMqttLink link, MessageFactory messages, PublisherState state, PendingRequests requests, AdHocReplies replies)
{
    /// <summary>Gives up at the first message that the broker does not take. Events stay in the outbox.</summary>
    public async Task PublishAsync(CancellationToken cancel)
    {
        if (!link.IsConnected)
        {
            return;
        }

        foreach (var message in Last())
        {
            if ((await link.PublishAsync(message, cancel)).Kind == PublishOutcomeKind.Unacknowledged)
            {
                return;
            }
        }

        await link.DisconnectAsync(cancel);
    }

    private IEnumerable<OutboundMessage> Last()
    {
        while (state.Outgoing.OneTime.TakeNext() is { } reply)
        {
            yield return reply;
        }

        foreach (var pending in requests.All)
        {
            requests.Remove(pending);
            yield return replies.Failed(pending.Asked, "the service failed and is restarted");
        }

        foreach (var plan in state.Cameras)
        {
            yield return messages.Camera(plan.Id, online: false);
        }

        yield return messages.Stopped;
    }
}
