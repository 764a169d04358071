using System.CommandLine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Cli;
using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Deploy.Hosting;

namespace MobileVlm.Edge.Deploy.Commands;

/// <summary><c>mobilevlm run</c>: runs the service, in a terminal or under systemd.</summary>
internal static class RunCommand
{
    public const string Name = "run";

    private static readonly TimeSpan TrimEvery = TimeSpan.FromMinutes(1);

    public static Command Create()
    {
        var config = ConfigOption();
        var verbose = new Option<bool>("--verbose") { Description = "Log details too." };
        var command = new Command(Name, "Watch the configured cameras and publish answers until stopped.") { config, verbose };
        command.SetAction((parsed, cancel) =>
            RunAsync(EdgeConfiguration.Load(parsed.GetValue(config)), parsed.GetValue(verbose), cancel));
        return command;
    }

    public static Option<string?> ConfigOption() => new("--config")
    {
        Description = "Configuration file; without it ./appsettings.json, then /etc/mobilevlm/appsettings.json.",
        HelpName = "FILE",
    };

    private static async Task<int> RunAsync(EdgeConfiguration configuration, bool verbose, CancellationToken cancel)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddEdgeConsole(verbose ? LogLevel.Debug : LogLevel.Information);
        builder.Logging.AddConfiguration(configuration.Logging);
        builder.Services.AddSingleton(configuration);
        builder.Services.AddSingleton<EdgeHostedService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<EdgeHostedService>());
        builder.Services.AddSystemdNotifications(Environment.GetEnvironmentVariable);
        builder.Services.AddHostedService(services =>
            new MemoryTrim(TrimEvery, services.GetRequiredService<ILogger<MemoryTrim>>()));
        builder.Services.Configure<HostOptions>(options =>
            options.ShutdownTimeout = configuration.StopWithin + TimeSpan.FromSeconds(10));
        int exitCode;
        bool isLeftBehind;
        using (var host = builder.Build())
        {
            var service = host.Services.GetRequiredService<EdgeHostedService>();
            var guard = new ExitGuard(
                configuration.StopWithin + ExitGuard.Margin, host.Services.GetRequiredService<ILogger<ExitGuard>>());
            host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(
                // Before the service has started nothing can be lost, and loading a model cannot be interrupted.
                () => guard.Arm(() => service.System is null ? ExitCode.Done : ExitCode.Failed));
            await host.RunAsync(cancel);
            (exitCode, isLeftBehind) = (service.ExitWith, service.System is { LeftBehind.Count: > 0 });
        }

        if (isLeftBehind)
        {
            // The log has been written at this point.
            ExitGuard.EndNow(exitCode);
        }

        return exitCode;
    }
}
