namespace MobileVlm.Edge.Connectors.Webhooks;

/// <summary>How an attempt to deliver an event ended.</summary>
public enum WebhookOutcomeKind
{
    /// <summary>The receiver has it.</summary>
    Delivered,

    /// <summary>The receiver will not take this event, however often it is sent.</summary>
    Refused,

    /// <summary>It may succeed later.</summary>
    Failed,
}

/// <summary>The outcome of an attempt.</summary>
/// <param name="Kind">How it ended.</param>
/// <param name="Reason">What the receiver or the network reported; never a secret.</param>
/// <param name="RetryAfter">The receiver asks to wait this long; null if it does not.</param>
public sealed record WebhookOutcome(WebhookOutcomeKind Kind, string Reason, TimeSpan? RetryAfter = null);

/// <summary>Sends events to one receiver. When to send again is the caller's decision. Thread-safe.</summary>
public interface IWebhookSender : IDisposable
{
    /// <summary>The receiver for messages to people: scheme, host and port.</summary>
    string Receiver { get; }

    /// <summary>Makes one attempt. Never throws for errors of the receiver or the network.</summary>
    /// <param name="id">The event's id, the same in each attempt.</param>
    /// <param name="body">The event as JSON.</param>
    /// <param name="cancel">Gives the attempt up.</param>
    Task<WebhookOutcome> SendAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancel);
}
