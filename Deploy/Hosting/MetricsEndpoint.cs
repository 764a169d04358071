using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The metrics at <c>http://127.0.0.1:PORT/metrics</c>, for Prometheus. On the loopback address only.</summary>
internal sealed partial class MetricsEndpoint : IDisposable
{
    private const string Loopback = "127.0.0.1";

    private readonly MeterProvider _provider;

    private MetricsEndpoint(MeterProvider provider) => _provider = provider;

    /// <summary>Starts listening to <see cref="EdgeMeter"/>. A port that cannot be used is logged and not fatal, because answers matter more than numbers about them.</summary>
    /// <returns>Null when the port cannot be used.</returns>
    public static MetricsEndpoint? Start(int port, ILogger logger)
    {
        var address = string.Create(CultureInfo.InvariantCulture, $"http://{Loopback}:{port}/");
        try
        {
            var provider = Sdk.CreateMeterProviderBuilder()
                .AddMeter(EdgeMeter.Name)
                .AddPrometheusHttpListener(listener => (listener.Host, listener.Port) = (Loopback, port))
                .Build();
            LogStarted(logger, address);
            return new MetricsEndpoint(provider);
        }
        catch (Exception fault) when (fault is HttpListenerException or InvalidOperationException or System.Net.Sockets.SocketException)
        {
            LogNotStarted(logger, address, fault.Message);
            return null;
        }
    }

    public void Dispose() => _provider.Dispose();

    [LoggerMessage(EventId = 20, Level = LogLevel.Information, Message = "Metrics are at {Address}metrics")]
    private static partial void LogStarted(ILogger logger, string address);

    [LoggerMessage(EventId = 21, Level = LogLevel.Error, Message = "No metrics at {Address} (Metrics:Port): {Fault}")]
    private static partial void LogNotStarted(ILogger logger, string address, string fault);
}
