using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Deploy.Configuration;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Registers the services that are needed when systemd started the process.</summary>
internal static class SystemdServices
{
    /// <summary>Enables systemd's notify protocol if systemd passed a socket for it. The framework's own check reads the parent
    /// process, which is not visible in a hardened unit (<c>ProtectProc=invisible</c>).</summary>
    public static IServiceCollection AddSystemdNotifications(this IServiceCollection services, Func<string, string?> environment)
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

    /// <summary>How long systemd waits for a notification before it kills this process; null if its watchdog is off.</summary>
    internal static TimeSpan? WatchdogLimit(Func<string, string?> environment, int processId)
    {
        // A child of the watched process inherits the variables and must not notify for it.
        var isForThis = environment("WATCHDOG_PID") is not { Length: > 0 } pid
            || pid == processId.ToString(CultureInfo.InvariantCulture);
        return isForThis
            && long.TryParse(environment("WATCHDOG_USEC"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds > 0
                ? TimeSpan.FromMicroseconds(microseconds)
                : null;
    }
}
