using System.ComponentModel;
using MobileVlm.Edge.Connectors.Http.Completions;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Options;

/// <summary>Section <c>MobileVlm:Http</c>.</summary>
internal sealed class HttpOptions
{
    [Description("Address at which the service answers HTTP: the live page, the REST API, the OpenAI and Ollama APIs, the Model Context Protocol and metrics. Port 0 takes any free port, which the log names. An address that other machines can reach requires `TokenFile`.")]
    [DefaultText("none: no port listens")]
    [ListenAddress]
    public string? Listen { get; set; }

    [Description("File with the access tokens, one `name token` or `name token read` per line; a `read` token can see everything but cannot ask or change anything. A file below `StateFolder` that does not exist is created with one random token. `credential:NAME` is a credential that systemd passes to the service. Where it is set, each request needs a token, also on the loopback address.")]
    [DefaultText("none: only the loopback address can be used")]
    [TextLength(4096)]
    public string? TokenFile { get; set; }

    [Description("PEM file with the server's certificate and its chain; makes the server speak HTTPS.")]
    [DefaultText("none: plain HTTP")]
    [TextLength(4096)]
    public string? CertificateFile { get; set; }

    [Description("PEM file with the private key of `CertificateFile`.")]
    [TextLength(4096)]
    public string? KeyFile { get; set; }

    [Description("Origins of web pages on other hosts that may call this API from a browser.")]
    [WebOrigin]
    public List<string> AllowedOrigins { get; set; } = [];

    [Description("The address that users see if the service is behind a reverse proxy. Its host name is accepted on the loopback address.")]
    [WebAddress]
    public string? PublicUrl { get; set; }

    [Description("Addresses or networks of reverse proxies that check users themselves: requests from there that carry `X-Ingress-Path` need no token.")]
    [NetworkAddress]
    public List<string> TrustedProxies { get; set; } = [];

    [Description("Addresses or networks whose requests need no token, by the address of the connection alone. For clients that cannot send one: Home Assistant's Ollama integration before 2026.11, LLM Vision, Frigate.")]
    [NetworkAddress]
    public List<string> OpenTo { get; set; } = [];

    [Description("Maximum wait of a request until the model begins to work on it; then it is refused as busy.")]
    [TimeRange("00:00:01", "00:10:00")]
    public TimeSpan AskWithin { get; set; } = TimeSpan.FromSeconds(55);

    [Description("Maximum number of requests that wait for the model; a further one is refused as busy.")]
    [NumberRange(1, 1000)]
    public int MaxWaiting { get; set; } = 32;

    [Description("Background requests of chat pages (titles, tags, follow-up questions): `Short` answers them in at most 64 tokens, `Empty` answers `{}` at once.")]
    public ChatTaskMode ChatTasks { get; set; } = ChatTaskMode.Short;
}
