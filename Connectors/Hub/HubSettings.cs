namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Address, time limits and retries of the hub.</summary>
public sealed record HubSettings
{
    /// <summary>The public one.</summary>
    public static readonly Uri DefaultAddress = new("https://huggingface.co");

    /// <summary>Absolute, http or https; may have a path.</summary>
    public Uri Address { get; init; } = DefaultAddress;

    /// <summary>Sent to <see cref="Address"/>'s own scheme, host and port and to nobody else; null sends none.</summary>
    public string? Token { get; init; }

    /// <summary>Longest time without data; after it the connection is closed and opened again.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Number of failures in a row, without a byte received between them, after which the download fails.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest that the doubling makes it.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest Retry-After that is waited for; a server that asks for more is reported as an error.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);
}
