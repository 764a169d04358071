using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Configuration.Overlay;
using MobileVlm.Edge.Deploy.Configuration.Validation;
using MobileVlm.Edge.Deploy.Http;
using MobileVlm.Edge.Deploy.Pull;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Runs the <see cref="EdgeRuntime"/> inside the host: starts it before the host is ready, and ends the process when it
/// cannot continue.</summary>
internal sealed partial class EdgeHostedService(
    EdgeConfiguration configuration, ILoggerFactory loggers, IHostApplicationLifetime lifetime, ISystemdNotifier? systemd = null)
    : IHostedService, IDisposable
{
    private readonly ILogger _logger = loggers.CreateLogger<EdgeHostedService>();
    private EdgeRuntime? _runtime;
    private LiveConfiguration? _live;
    private ConfigurationWatcher? _watcher;
    private HttpFrontEnd? _http;
    private EdgeMeter? _meter;
    private MetricsEndpoint? _metrics;
    private MetricsScrape? _scrape;

    /// <summary>The running system; null until it has started.</summary>
    public EdgeSystem? System => _runtime?.System;

    /// <summary>The exit code of the process after the host has ended.</summary>
    public int ExitWith { get; private set; } = ExitCode.Done;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await PullAsync(cancellationToken);

            // Before the model is loaded: some clients ask once at their own start and never again.
            _http = await HttpFrontEnd.StartAsync(configuration, TimeProvider.System, loggers, cancellationToken);
            _http?.ShowDevice(loggers);
            _runtime = await EdgeRuntime.StartAsync(configuration, TimeProvider.System, loggers, _http?.Events, _http?.Addresses, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It was stopped while it started: no part of the pipeline is open.
            return;
        }
        catch
        {
            if (_http is not null)
            {
                await _http.DisposeAsync();
            }

            throw;
        }

        StartMetrics(_runtime.System);
        _live = new LiveConfiguration(configuration, _runtime.Apply, loggers);
        _http?.Ready(_runtime.System, _live, _scrape?.Handler, _runtime.History);

        foreach (var warning in configuration.Warnings.Where(warning => !configuration.Taught.IsOwn(warning)))
        {
            ConfigurationWarning(warning.ToString());
        }

        Running(configuration.Node, configuration.Options.Cameras.Count, _runtime.Broker);
        if (configuration.StateFolder is null)
        {
            NothingKept();
        }

        if (configuration.File is { } file)
        {
            _watcher = new ConfigurationWatcher(
                file,
                () => EdgeConfiguration.Load(file, ConfigurationPurpose.Reload),
                Apply,
                TimeProvider.System,
                loggers.CreateLogger<ConfigurationWatcher>());
        }

        _ = EndWithTheSystemAsync(_runtime.System);
    }

    /// <summary>Pulls a model that is missing. Until it is there, the HTTP server answers how far that is.</summary>
    private async Task PullAsync(CancellationToken cancel)
    {
        if (!StartupPull.IsNeeded(configuration))
        {
            return;
        }

        var status = new PullStatus(configuration.Options.Model.Pull!, TimeProvider.System);
        await using (var waiting = await HttpFrontEnd.StartWaitingAsync(configuration, status, TimeProvider.System, loggers, cancel))
        {
            await new StartupPull(configuration, status, systemd, TimeProvider.System, loggers.CreateLogger<StartupPull>()).RunAsync(cancel);
        }

        // Whether the questions fit the model's context can be known only now.
        configuration = configuration.File is { } file ? EdgeConfiguration.Load(file) : configuration;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_http is not null)
        {
            await _http.StopAsync();
        }

        _metrics?.Dispose();
        _watcher?.Dispose();
        if (_runtime is not null)
        {
            await _runtime.DisposeAsync();
        }

        if (_http is not null)
        {
            await _http.DisposeAsync();
        }
    }

    public void Dispose()
    {
        _metrics?.Dispose();
        _scrape?.Dispose();
        _meter?.Dispose();
        _watcher?.Dispose();
    }

    private void StartMetrics(EdgeSystem system)
    {
        if (configuration.Options.Metrics.Port is null && _http is null)
        {
            return;
        }

        _meter = new EdgeMeter(system, TimeProvider.System);
        _metrics = configuration.Options.Metrics.Port is { } port ? MetricsEndpoint.Start(port, _logger) : null;
        _scrape = _http is null ? null : new MetricsScrape(configuration.Node);
    }

    private void Apply(EdgeConfiguration changed)
    {
        var (change, now) = _live!.Reload(changed);
        foreach (var warning in now.Warnings.Where(warning => !now.Taught.IsOwn(warning)))
        {
            ConfigurationWarning(warning.ToString());
        }

        Changed(change);
        foreach (var key in change.NeedsRestart)
        {
            LogNeedsRestart(key);
        }
    }

    private async Task EndWithTheSystemAsync(EdgeSystem system)
    {
        var outcome = await system.Completion;
        if (outcome.Kind == EdgeOutcomeKind.Failed)
        {
            ExitWith = ExitCode.Failed;
            Failed(outcome.Reason);
        }
        else
        {
            Finished(outcome.Reason);
        }

        lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Node {Node} watches {Cameras} camera(s) and publishes to {Broker}.")]
    private partial void Running(string node, int cameras, string broker);

    [LoggerMessage(EventId = 4, Level = LogLevel.Information, Message = "The configuration was reloaded: {Change}.")]
    private partial void Changed(ConfigurationChange change);

    [LoggerMessage(EventId = 5, Level = LogLevel.Warning, Message = "{Key} changed too. That takes effect after a restart.")]
    private partial void LogNeedsRestart(string key);

    [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "States, cool-downs, switches, mode and snoozes are not kept over a restart. MobileVlm:StateFolder names a folder for them.")]
    private partial void NothingKept();

    [LoggerMessage(EventId = 7, Level = LogLevel.Warning, Message = "Configuration: {Warning}")]
    private partial void ConfigurationWarning(string warning);

    [LoggerMessage(EventId = 2, Level = LogLevel.Information, Message = "Stopped: {Reason}")]
    private partial void Finished(string reason);

    [LoggerMessage(EventId = 3, Level = LogLevel.Critical, Message = "The service cannot continue and exits: {Reason}")]
    private partial void Failed(string reason);
}
