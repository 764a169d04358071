using Akka;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Remote.Transport.DotNetty;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Health;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>The cluster's actor system of this host. It is apart from that of the cameras, because an actor system of a cluster ends by
/// itself in some faults; a new one is started then, after a growing wait. Started and stopped once.</summary>
internal sealed partial class ClusterNode : IAsyncDisposable
{
    /// <summary>Time for leaving the cluster; while a host is unreachable, leaving never ends by itself.</summary>
    public static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LogRefusedEvery = TimeSpan.FromMinutes(1);

    private readonly ClusterSettings _settings;
    private readonly IReadOnlyList<string> _roles;
    private readonly ClusterMembers _members;
    private readonly IMembershipListener _listener;
    private readonly Action<ActorSystem> _addActors;
    private readonly Backoff _backoff;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _refusedLock = new();
    private readonly LogThrottle _refusedLog;
    private volatile ActorSystem? _system;
    private Task _running = Task.CompletedTask;

    /// <summary>Hosts that the next system joins; none: the seeds.</summary>
    private IReadOnlyList<string> _via = [];

    /// <param name="settings">This host and the others.</param>
    /// <param name="roles">What this host does.</param>
    /// <param name="members">Kept up to date.</param>
    /// <param name="listener">Gets changes of members.</param>
    /// <param name="addActors">Adds the actors to each new system.</param>
    /// <param name="reconnect">Waits between two systems.</param>
    /// <param name="random">Uniform in 0..1.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">For the log.</param>
    public ClusterNode(
        ClusterSettings settings,
        IReadOnlyList<string> roles,
        ClusterMembers members,
        IMembershipListener listener,
        Action<ActorSystem> addActors,
        ReconnectSettings reconnect,
        Func<double> random,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        (_settings, _roles, _members, _listener, _addActors) = (settings, roles, members, listener, addActors);
        (_time, _loggers, _logger) = (time, loggers, loggers.CreateLogger<ClusterNode>());
        _backoff = new Backoff(reconnect, random);
        _refusedLog = new LogThrottle(LogRefusedEvery, time);
    }

    /// <summary>The system at this moment; null between two.</summary>
    public ActorSystem? System => _system;

    /// <summary>Joins the cluster, and again whenever its system ends. Returns at once.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            var startedAt = _time.GetTimestamp();
            var (fault, isWanted) = await RunOnceAsync();
            foreach (var member in _members.All)
            {
                _listener.Unreachable(member.Address);
            }

            _members.Clear();
            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            if (_time.GetElapsedTime(startedAt) >= new ReconnectSettings().GoodRun)
            {
                _backoff.Reset();
            }

            var wait = _backoff.Next();
            if (fault is not null)
            {
                LogNotStarted(_settings.Listen, fault.GetBaseException().Message, wait.TotalSeconds);
            }
            else if (!isWanted)
            {
                LogEnded(wait.TotalSeconds);
            }

            await WaitAsync(wait);
        }
    }

    /// <returns>Why it did not start; and whether it ended because it should.</returns>
    private async Task<(Exception? Fault, bool IsWanted)> RunOnceAsync()
    {
        ActorSystem? system = null;
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await using var stopping = _stopping.Token.Register(() => ended.TrySetResult());
            IReadOnlyList<string> next = [];
            Action<IReadOnlyList<string>> rejoin = via =>
            {
                Volatile.Write(ref next, via);
                ended.TrySetResult();
            };
            system = ActorSystem.Create(ClusterConfiguration.SystemName, Setup(_via));
            _system = system;
            HoldAtFailedHandshake(system, ended.Task);
            system.ActorOf(
                Props.Create(() => new MembershipActor(
                    _settings, _members, _listener, rejoin, _time, _loggers.CreateLogger<MembershipActor>())),
                "membership");
            _addActors(system);
            var isWanted = await Task.WhenAny(system.WhenTerminated, ended.Task) != system.WhenTerminated;
            _via = Volatile.Read(ref next);
            ended.TrySetResult();
            await LeaveAsync(system);
            return (null, isWanted);
        }
        catch (Exception fault)
        {
            if (system is not null)
            {
                ended.TrySetResult();
                await LeaveAsync(system);
            }

            return (fault, false);
        }
        finally
        {
            _system = null;
        }
    }

    /// <summary>Keeps the system when a connection to another host fails in its TLS handshake, for example because that host hangs, is
    /// overloaded, or is killed at this moment. Akka shuts the system down then, and with it the connections to all other hosts.</summary>
    private static void HoldAtFailedHandshake(ActorSystem system, Task ended)
    {
        // The code of Akka's internal TlsHandshakeFailureReason.
        const int FailedHandshake = 79;
        var shutdown = CoordinatedShutdown.Get(system);
        shutdown.AddTask(CoordinatedShutdown.PhaseBeforeServiceUnbind, "hold", async () =>
        {
            if (shutdown.ShutdownReason is { ExitCode: FailedHandshake })
            {
                await ended;
            }

            return Done.Instance;
        });
    }

    private ActorSystemSetup Setup(IReadOnlyList<string> via)
    {
        var setup = ActorSystemSetup.Create(
            BootstrapSetup.Create().WithConfig(ClusterConfiguration.Of(_settings, _roles, via)), new AkkaLoggerSetup(_loggers, isQuiet: true));
        return _settings.Certificate is { } certificate
            ? setup.And(new DotNettySslSetup(
                certificate, suppressValidation: false, requireMutualAuthentication: true, (shown, _, peer, errors, _) =>
                {
                    var error = CertificateValidation.FindError(shown, _settings.Authorities, errors);
                    if (error is not null)
                    {
                        Refused(peer, error);
                    }

                    return error is null;
                }))
            : setup;
    }

    private async Task LeaveAsync(ActorSystem system)
    {
        // Until it has ended it holds the port that the next one needs. A service that stops waits less.
        var started = _time.GetTimestamp();
        var end = system.Terminate();
        await Task.WhenAny(end, Task.Delay(EndWithin, _time, _stopping.Token));
        try
        {
            await end.WaitAsync(2 * LeaveWithin);
        }
        catch (TimeoutException)
        {
            LogLateEnd(_time.GetElapsedTime(started).TotalSeconds);
        }
    }

    private async Task WaitAsync(TimeSpan wait)
    {
        // A cancelled wait ends the loop.
        await Task.Delay(wait, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Refused(string peer, string error)
    {
        lock (_refusedLock)
        {
            if (_refusedLog.TryPass(error, out var suppressed))
            {
                LogRefused(peer, error, suppressed);
            }
        }
    }

    [LoggerMessage(EventId = 114, Level = LogLevel.Error, Message = "Cluster: this host cannot listen at {Listen}: {Reason} The cameras are not affected. Trying again in {Seconds:0.0} s.")]
    private partial void LogNotStarted(string listen, string reason, double seconds);

    [LoggerMessage(EventId = 115, Level = LogLevel.Warning, Message = "Cluster: the connection system of this host ended. The cameras are not affected. It is started again in {Seconds:0.0} s.")]
    private partial void LogEnded(double seconds);

    [LoggerMessage(EventId = 116, Level = LogLevel.Warning, Message = "Cluster: {Peer} is refused, because {Reason}. Check Cluster:CertificateFile and Cluster:AuthorityFile on both hosts (at most one line per minute; {Suppressed} more since the last one).")]
    private partial void LogRefused(string peer, string reason, long suppressed);

    [LoggerMessage(EventId = 117, Level = LogLevel.Warning, Message = "Cluster: the connection system did not end within {Seconds:0} s and is left behind.")]
    private partial void LogLateEnd(double seconds);
}
