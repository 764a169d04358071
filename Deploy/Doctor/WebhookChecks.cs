using System.Globalization;
using System.Net.Sockets;
using MobileVlm.Edge.Connectors.Webhooks;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Doctor;

/// <summary>Checks the webhooks without sending anything: the secret, and whether the receiver's port answers.</summary>
internal static class WebhookChecks
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static async Task<IReadOnlyList<Finding>> RunAsync(EdgeConfiguration configuration, CancellationToken cancel)
    {
        var findings = await Task.WhenAll(configuration.ToWebhooks().Select(webhook => CheckAsync(webhook.Settings, cancel)));
        return [.. findings];
    }

    private static async Task<Finding> CheckAsync(WebhookSettings webhook, CancellationToken cancel)
    {
        var name = $"webhook {webhook.Name}";
        if (webhook.SecretFile is { } file && WebhookSecret.Read(file, out var fault) is null)
        {
            // What a file holds was validated with the configuration, unless this user cannot read it.
            return Finding.Note(
                name, $"SecretFile '{file}' {fault?.TrimEnd('.')}; the receiver was not tried", "Run doctor with sudo. While the service's user cannot read it either, events wait.");
        }

        if (await FindConnectErrorAsync(webhook.Url, cancel) is { } error)
        {
            return Finding.Bad(name, $"{webhook.Receiver}: no connection: {error}", "Events wait until it can be reached; check Url, the network and the receiver.");
        }

        var found = $"{webhook.Receiver} accepts connections; nothing was sent; {(webhook.SecretFile is null ? "events are not signed" : "events are signed")}";
        return webhook.Url is { Scheme: "http", IsLoopback: false }
            ? Finding.Note(name, found, "Events cross the network readable; an https:// address would encrypt them.")
            : Finding.Fine(name, found);
    }

    private static async Task<string?> FindConnectErrorAsync(Uri url, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(url.IdnHost, url.Port, limit.Token);
            return null;
        }
        catch (SocketException error)
        {
            return error.Message;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"no answer within {Limit.TotalSeconds:0} s");
        }
    }
}
