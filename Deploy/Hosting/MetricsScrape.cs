using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>The metrics of <see cref="EdgeMeter"/> for the HTTP server's <c>/metrics</c>.</summary>
internal sealed class MetricsScrape : IDisposable
{
    private readonly MeterProvider _provider;
    private readonly ServiceProvider _services = new ServiceCollection().BuildServiceProvider();

    /// <param name="node">The name of this device.</param>
    public MetricsScrape(string node)
    {
        _provider = Sdk.CreateMeterProviderBuilder()
            .ConfigureResource(resource => resource.Clear().AddService("mobilevlm", serviceInstanceId: node))
            .AddMeter(EdgeMeter.Name)
            .AddPrometheusExporter()
            .Build();
        var application = new ApplicationBuilder(_services);
        application.UseOpenTelemetryPrometheusScrapingEndpoint(_provider, _ => true, null, null, null);
        Handler = application.Build();
    }

    /// <summary>Answers one request.</summary>
    public RequestDelegate Handler { get; }

    public void Dispose()
    {
        _provider.Dispose();
        _services.Dispose();
    }
}
