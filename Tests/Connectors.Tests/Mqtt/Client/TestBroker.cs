using Microsoft.Extensions.Logging.Abstractions;
using MobileVlm.Edge.Connectors.Mqtt.Broker;
using MobileVlm.Edge.Tests.Shared;

namespace MobileVlm.Edge.Connectors.Tests.Mqtt.Client;

public enum BrokerKind
{
    Mosquitto,
    Embedded,
}

/// <summary>Either broker, for tests that hold for both.</summary>
internal sealed class TestBroker(Mosquitto? mosquitto, EmbeddedBroker? embedded) : IAsyncDisposable
{
    public Uri Address { get; } = mosquitto?.Address ?? embedded!.Address;

    public static async Task<TestBroker> StartAsync(BrokerKind kind, int maxClients = 16) => kind == BrokerKind.Mosquitto
        ? new TestBroker(await Mosquitto.StartAsync(new MosquittoOptions { Extra = $"max_connections {maxClients}" }), null)
        : new TestBroker(
            null, await EmbeddedBroker.StartAsync(0, NullLogger.Instance, new EmbeddedBrokerLimits { MaxClients = maxClients }));

    /// <summary>Gone from one moment to the next, as far as the kind allows.</summary>
    public async Task StopAsync()
    {
        if (mosquitto is not null)
        {
            await mosquitto.StopAsync();
        }

        if (embedded is not null)
        {
            await embedded.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (mosquitto is not null)
        {
            await mosquitto.DisposeAsync();
        }

        if (embedded is not null)
        {
            await embedded.DisposeAsync();
        }
    }
}
