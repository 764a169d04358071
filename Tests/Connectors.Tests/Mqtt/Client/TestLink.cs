using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Mqtt.Client;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

/// <summary>Short words for links and messages.</summary>
internal static class TestLink
{
    public const string Availability = "base/node/availability";

    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    public static MqttSettings Settings(Uri broker) => new()
    {
        Broker = broker,
        ClientId = $"test-{Guid.NewGuid():N}",
        Will = Text(Availability, "offline", retain: true),
    };

    public static MqttLink Create(Uri broker) => new(Settings(broker), NullLogger.Instance);

    public static async Task<MqttLink> ConnectAsync(MqttSettings settings, ILogger? logger = null)
    {
        var link = new MqttLink(settings, logger ?? NullLogger.Instance);
        await link.MustConnectAsync();
        return link;
    }

    public static Task<MqttLink> ConnectAsync(Uri broker) => ConnectAsync(Settings(broker));

    public static async Task MustConnectAsync(this MqttLink link)
    {
        var outcome = await link.ConnectAsync(CancellationToken.None);
        Assert.True(outcome.Kind == ConnectOutcomeKind.Connected, $"{outcome}");
    }

    /// <summary>Tries until the broker accepts another client.</summary>
    public static Task UntilConnectedAsync(this MqttLink link) => Eventually.TrueAsync(
        async () => (await link.ConnectAsync(CancellationToken.None)).Kind == ConnectOutcomeKind.Connected, "a connection");

    public static Task<PublishOutcome> PublishAsync(
        this MqttLink link, string topic, string text, bool retain = false, int qualityOfService = 1) =>
        link.PublishAsync(Text(topic, text, retain, qualityOfService), CancellationToken.None);

    public static OutboundMessage Text(string topic, string text, bool retain = false, int qualityOfService = 1) =>
        new(topic, Encoding.UTF8.GetBytes(text), retain, qualityOfService);

    /// <summary>Collects the reasons of <see cref="MqttLink.Disconnected"/>.</summary>
    public static ConcurrentQueue<string> Ends(this MqttLink link)
    {
        var ends = new ConcurrentQueue<string>();
        link.Disconnected += ends.Enqueue;
        return ends;
    }

    public static Task UntilAsync(Func<bool> holds, string what) => Eventually.TrueAsync(holds, what);

    /// <summary>Waits for the end of the connection and disposes the link: that was the only end.</summary>
    /// <returns>The reason of the end.</returns>
    public static async Task<string> OneEndAsync(this MqttLink link, ConcurrentQueue<string> ends)
    {
        await UntilAsync(() => !ends.IsEmpty, "Disconnected");
        await link.DisposeAsync();

        // Ends are reported on the thread pool: one that was reported twice is behind the other one there.
        await Task.Run(() => { });
        return Assert.Single(ends);
    }
}
