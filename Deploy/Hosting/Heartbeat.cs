using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors;
using MobileVlm.Edge.Deploy.Configuration.Options;

namespace MobileVlm.Edge.Deploy.Hosting;

/// <summary>Reports the state of the service to systemd, and notifies its watchdog as long as frames or idle ticks get through the
/// pipeline. A pipeline that hangs in native code stops the notifications, so that systemd kills and restarts the process:
/// nothing inside it could.</summary>
internal sealed partial class Heartbeat(
    Func<EdgeSystem?> edge,
    PipelineOptions options,
    TimeSpan? watchdog,
    ISystemdNotifier systemd,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<Heartbeat> logger) : BackgroundService
{
    private static readonly TimeSpan StatusEvery = TimeSpan.FromSeconds(10);

    // Added to the longest stop, so that systemd's own limit never cuts a stop that is within the configured one.
    private static readonly TimeSpan StopMargin = TimeSpan.FromSeconds(15);

    private bool _reportedStuck;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(NotifyStopping);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var every = watchdog is { } limit && limit / 3 < StatusEvery ? limit / 3 : StatusEvery;
        using var timer = new PeriodicTimer(every, time);
        try
        {
            do
            {
                if (edge() is { } system)
                {
                    Report(system);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            LogEnded();
        }
    }

    private void Report(EdgeSystem system)
    {
        var stuck = system.StuckFor;
        if (stuck > options.StuckAfter)
        {
            if (!_reportedStuck)
            {
                _reportedStuck = true;
                LogStuck(stuck.TotalSeconds, options.StuckAfter.TotalSeconds);
            }

            Notify($"STATUS=Stuck: nothing has moved in the pipeline for {stuck.TotalSeconds:0} s");
            return;
        }

        _reportedStuck = false;
        system.Nudge();
        Notify($"WATCHDOG=1\nSTATUS={StatusLine.Format(system.Stats())}");
    }

    private void NotifyStopping()
    {
        var within = options.StopWithin + StopMargin;
        Notify(FormattableString.Invariant($"EXTEND_TIMEOUT_USEC={within.TotalMicroseconds:0}\nSTATUS=Stopping"));
    }

    private void Notify(string message) => systemd.Notify(new ServiceState(message));

    [LoggerMessage(EventId = 10, Level = LogLevel.Critical, Message =
        "Nothing has moved in the pipeline for {Seconds:0} s (Pipeline:StuckAfter is {Limit:0} s). The watchdog is no longer notified, so that systemd restarts the service.")]
    private partial void LogStuck(double seconds, double limit);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The watchdog is not fed while the service stops.")]
    private partial void LogEnded();
}
