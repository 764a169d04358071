using System.Net;
using MobileVlm.Edge.Connectors.Http.Completions;

namespace MobileVlm.Edge.Connectors.Http.Server;

/// <summary>Settings of the HTTP server. Values are validated where configuration is read.</summary>
public sealed record HttpServerSettings
{
    /// <summary>Port 0 takes any free port.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Tokens are demanded if it is set; null on the loopback address only.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The token file is created if it does not exist.</summary>
    public bool CreatesTokenFile { get; init; }

    /// <summary>PEM; with <see cref="KeyFile"/> the server speaks HTTPS.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM.</summary>
    public string? KeyFile { get; init; }

    /// <summary>Scheme, host and port of pages on other hosts that may call from a browser.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>The address that users see, if a reverse proxy stands before the server.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>Proxies that check users themselves.</summary>
    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];

    /// <summary>Clients that need no token.</summary>
    public IReadOnlyList<IPNetwork> OpenTo { get; init; } = [];

    /// <summary>Longest wait until the model begins to work on a request.</summary>
    public TimeSpan AskWithin { get; init; } = TimeSpan.FromSeconds(55);

    /// <summary>Most requests that wait for the model.</summary>
    public int MaxWaiting { get; init; } = 32;

    /// <summary>What happens to background requests of chat pages.</summary>
    public ChatTaskMode ChatTasks { get; init; } = ChatTaskMode.Short;

    /// <summary>Longest body of a request, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Interval of comments and <c>ping</c> events in streams that have nothing else to send.</summary>
    public TimeSpan PingEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Only this machine can reach the server.</summary>
    public bool IsLoopback => HttpAddresses.IsLoopback(Listen.Address);
}
