using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>What is added when a service manager started the process.</summary>
internal static class ServiceManager
{
    /// <summary>Joins systemd's notify protocol when a socket for it was handed over. The framework's own check looks at
    /// the parent process, which a hardened unit (<c>ProtectProc=invisible</c>) cannot see.</summary>
    public static IServiceCollection AddServiceManager(this IServiceCollection services, Func<string, string?> environment)
    {
        if (string.IsNullOrEmpty(environment("NOTIFY_SOCKET")))
        {
            return services;
        }

        services.AddSingleton<ISystemdNotifier, SystemdNotifier>();
        services.AddSingleton<IHostLifetime, SystemdLifetime>();
        services.AddHostedService(provider => new Heartbeat(
            () => provider.GetRequiredService<EdgeHostedService>().System,
            provider.GetRequiredService<EdgeConfiguration>().Options.Pipeline,
            WatchdogLimit(environment, Environment.ProcessId),
            provider.GetRequiredService<ISystemdNotifier>(),
            provider.GetRequiredService<IHostApplicationLifetime>(),
            TimeProvider.System,
            provider.GetRequiredService<ILogger<Heartbeat>>()));
        return services;
    }

    /// <summary>How long systemd waits for a ping before it kills this process; null when it does not watch it.</summary>
    internal static TimeSpan? WatchdogLimit(Func<string, string?> environment, int processId)
    {
        // A child of the watched process inherits the variables and must not ping for it.
        var isForThis = environment("WATCHDOG_PID") is not { Length: > 0 } pid
            || pid == processId.ToString(CultureInfo.InvariantCulture);
        return isForThis
            && long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds > 0
                ? TimeSpan.FromMicroseconds(microseconds)
                : null;
    }
}
