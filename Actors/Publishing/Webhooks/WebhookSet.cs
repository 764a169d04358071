using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Publishing.Webhooks;

/// <summary>All webhooks; each delivers by itself. Outlives the publisher. Thread-safe.</summary>
internal sealed class WebhookSet(IReadOnlyList<WebhookDelivery> webhooks) : IAsyncDisposable
{
    /// <summary>The counters of each webhook by its name; null without webhooks.</summary>
    public IReadOnlyDictionary<string, WebhookStats>? Stats =>
        webhooks.Count == 0 ? null : webhooks.ToDictionary(webhook => webhook.Name, webhook => webhook.Stats);

    /// <summary>Begins to deliver.</summary>
    public void Start()
    {
        foreach (var webhook in webhooks)
        {
            webhook.Start();
        }
    }

    /// <summary>Gives an event to each webhook that is configured to get it. Completes, without failing, when their outboxes have
    /// it.</summary>
    public Task StoreAsync(EventPayload happened) => Task.WhenAll(webhooks.Select(webhook => webhook.StoreAsync(happened)));

    /// <summary>Ends the deliveries; see <see cref="WebhookDelivery.StopAsync"/>.</summary>
    public Task StopAsync(CancellationToken limit) => Task.WhenAll(webhooks.Select(webhook => webhook.StopAsync(limit)));

    public async ValueTask DisposeAsync() => await Task.WhenAll(webhooks.Select(webhook => webhook.DisposeAsync().AsTask()));
}
