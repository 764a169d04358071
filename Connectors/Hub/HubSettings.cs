namespace MobileVlm.Edge.Connectors.Hub;

/// <summary>Where the hub is and how long to insist.</summary>
public sealed record HubSettings
{
    /// <summary>The public one.</summary>
    public static readonly Uri DefaultAddress = new("https://huggingface.co");

    /// <summary>Absolute, http or https; may have a path.</summary>
    public Uri Address { get; init; } = DefaultAddress;

    /// <summary>Sent to <see cref="Address"/>'s own scheme, host and port and to nobody else; null sends none.</summary>
    public string? Token { get; init; }

    /// <summary>A connection that brings nothing for so long is given up and made again.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Failures in a row, without one byte in between, until it gives up.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>Wait after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest that the doubling makes it.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest Retry-After that is waited for; a server that asks for more is reported as an error.</summary>
    public TimeSpan LongestRetryAfter { get; init; } = TimeSpan.FromMinutes(5);
}
