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

    /// <summary>Exactly one end comes, and no second one behind it.</summary>
    public static async Task<string> OneEndAsync(this ConcurrentQueue<string> ends)
    {
        await UntilAsync(() => !ends.IsEmpty, "Disconnected");
        await Task.Delay(300);
        return Assert.Single(ends);
    }
}

/// <summary>Remembers what was logged.</summary>
internal sealed class ListLogger : ILogger
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue($"{logLevel}: {formatter(state, exception)}");
}
