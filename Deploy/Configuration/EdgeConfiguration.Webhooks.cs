using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Connectors.Webhooks;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Settings of the webhooks.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>The settings of each webhook, with the questions and the new states whose events it gets; empty lists for
    /// all.</summary>
    public IReadOnlyList<(WebhookSettings Settings, IReadOnlyList<QuestionPattern> Questions, IReadOnlyList<string> States)> ToWebhooks() =>
        [.. Options.Webhooks.Select(webhook => (
            new WebhookSettings
            {
                Name = webhook.Key,
                Url = new Uri(webhook.Value.Url!),
                SecretFile = webhook.Value.SecretFile is { } secret ? FullPath(secret) : null,
                Timeout = webhook.Value.Timeout,
            },
            (IReadOnlyList<QuestionPattern>)[.. webhook.Value.Questions.Select(QuestionPattern.Parse)],
            (IReadOnlyList<string>)webhook.Value.States))];

    /// <summary>The settings of a webhook's outbox; null if there is no state folder, so that its events wait in memory.</summary>
    public OutboxSettings? ToOutboxSettings(WebhookSettings webhook) =>
        StateFolder is { } folder ? OutboxAt(Path.Combine(folder, StateLayout.WebhooksFolder, $"{webhook.Name}.db")) : null;
}
