namespace MobileVlm.Edge.Connectors.Webhooks;

/// <summary>Where a webhook delivers to, and how. Values are validated where configuration is read.</summary>
public sealed record WebhookSettings
{
    /// <summary>Its name in the configuration, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>The receiver. May hold a secret, so no message shows more than its host.</summary>
    public required Uri Url { get; init; }

    /// <summary>The file whose first line is the secret of the signature; null sends no signature.</summary>
    public string? SecretFile { get; init; }

    /// <summary>The longest wait for a response.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The receiver for messages to people: scheme, host and port.</summary>
    public string Receiver => Url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);
}
