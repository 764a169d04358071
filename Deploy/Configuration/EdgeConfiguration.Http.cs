using System.Net;
using MobileVlm.Edge.Connectors.Http.Server;

namespace MobileVlm.Edge.Deploy.Configuration;

/// <content>Settings of the HTTP server.</content>
internal sealed partial class EdgeConfiguration
{
    /// <summary>The settings of the HTTP server; null if none listens.</summary>
    public HttpServerSettings? ToHttpSettings()
    {
        var http = Options.Http;
        if (http.Listen is not { } listen || !HttpAddresses.TryParseListen(listen, out var address))
        {
            return null;
        }

        var tokens = http.TokenFile is { } file ? FullPath(file) : null;
        return new HttpServerSettings
        {
            Listen = address,
            TokenFile = tokens,
            CreatesTokenFile = tokens is not null && AccessTokens.MayCreate(tokens, StateFolder),
            CertificateFile = http.CertificateFile is { } certificate ? FullPath(certificate) : null,
            KeyFile = http.KeyFile is { } key ? FullPath(key) : null,
            AllowedOrigins = [.. http.AllowedOrigins.Select(origin => new Uri(origin).GetLeftPart(UriPartial.Authority))],
            PublicUrl = http.PublicUrl is { } url ? new Uri(url) : null,
            TrustedProxies = [.. http.TrustedProxies.Select(ToNetwork)],
            OpenTo = [.. http.OpenTo.Select(ToNetwork)],
            AskWithin = http.AskWithin,
            MaxWaiting = http.MaxWaiting,
            ChatTasks = http.ChatTasks,
        };
    }

    private static IPNetwork ToNetwork(string text) =>
        HttpAddresses.TryParseNetwork(text, out var network) ? network : throw new FormatException($"'{text}' was not validated.");
}
