using MobileVlm.Edge.Actors.Questions;
using MobileVlm.Edge.Connectors.Storage.Outbox;
using MobileVlm.Edge.Connectors.Webhooks;

namespace MobileVlm.Edge.Actors.Settings;

/// <summary>The parts of one webhook. Both the sender and the outbox are owned from here on: disposed at the end of the stop.</summary>
/// <param name="Name">Its name in the configuration.</param>
/// <param name="Sender">Sends to its receiver.</param>
/// <param name="Outbox">Its own outbox, so that a dead receiver delays nobody else.</param>
public sealed record WebhookParts(string Name, IWebhookSender Sender, IEventOutbox Outbox)
{
    /// <summary>The questions whose events it gets; empty for all.</summary>
    public IReadOnlyList<QuestionPattern> Questions { get; init; } = [];

    /// <summary>The new states that it gets; empty for all.</summary>
    public IReadOnlyList<string> States { get; init; } = [];

    /// <summary>Waits after failed attempts.</summary>
    public ReconnectSettings Retry { get; init; } = new() { Min = TimeSpan.FromSeconds(1), Max = TimeSpan.FromMinutes(5) };
}
