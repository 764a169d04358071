namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>One webhook.</summary>
public sealed record WebhookStats
{
    /// <summary>Events that its receiver has taken.</summary>
    [Counter("mobilevlm.webhook.delivered", "Events that the receiver of a webhook has taken.")]
    public long Delivered { get; set; }

    /// <summary>Attempts that failed and are made again.</summary>
    [Counter("mobilevlm.webhook.failed", "Attempts to deliver an event that failed.")]
    public long Failed { get; set; }

    /// <summary>Events that its receiver refused for good.</summary>
    [Counter("mobilevlm.webhook.refused", "Events that the receiver of a webhook refused; they are dropped.")]
    public long Refused { get; set; }

    /// <summary>Events that wait.</summary>
    [Gauge("mobilevlm.webhook.waiting", "Events that wait for the receiver of a webhook.")]
    public long Waiting { get; set; }

    /// <summary>Events that were given up while they waited, for their age or for lack of space.</summary>
    [Counter("mobilevlm.webhook.dropped", "Events that were given up while they waited for the receiver of a webhook.")]
    public long Dropped { get; set; }

    /// <summary>Why the last attempt failed; null if it succeeded, and before the first.</summary>
    public string? LastFailure { get; set; }
}
