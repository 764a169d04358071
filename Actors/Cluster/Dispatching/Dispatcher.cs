using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Answers;
using MobileVlm.Edge.Actors.Capture;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Pipeline;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Connectors.Frames;
using MobileVlm.Edge.Connectors.Mqtt.Payloads;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>The parts of a <see cref="Dispatcher"/>.</summary>
/// <param name="Cluster">Addresses and limits.</param>
/// <param name="Picker">The newest frames.</param>
/// <param name="Wake">Set when a frame waits.</param>
/// <param name="Model">Which model answers.</param>
/// <param name="Pipeline">Counters of all answers.</param>
/// <param name="Failing">Questions that are paused.</param>
/// <param name="Counters">Counters of the hosts.</param>
/// <param name="Evaluate">Takes the answers about a frame; returns at once.</param>
/// <param name="FrameToJpeg">Encodes a snapshot.</param>
/// <param name="Version">The protocol of this build.</param>
internal sealed record DispatcherContext(
    ClusterSettings Cluster,
    FramePicker Picker,
    WakeSignal Wake,
    ModelChoice Model,
    Health.PipelineCounters Pipeline,
    FailingQuestions Failing,
    ClusterCounters Counters,
    Action<FrameAnswered> Evaluate,
    Func<Frame, byte[]> FrameToJpeg,
    ProtocolVersion Version)
{
    /// <summary>Kept up to date where this host has no model; null where it has one.</summary>
    public RemoteEngine? Remote { get; init; }

    /// <summary>The service stops, and answers that are still computed elsewhere are not waited for any more.</summary>
    public CancellationToken Cancel { get; init; }
}

/// <summary>Gives frames to inference hosts that ask for one, and takes their answers. A frame is picked only then, so it is the newest one
/// and none waits. Each host has at most as many frames as its capacity, each frame a deadline; a frame whose host is lost is given up and its
/// questions are due again. Outlives each cluster system. Everything happens on one thread of its own; the public members return at once and may
/// be called on any thread.</summary>
internal sealed partial class Dispatcher : IMembershipListener
{
    /// <summary>An inference host that was notified of a frame and has not requested it is notified again after this time, because messages may get
    /// lost.</summary>
    public static readonly TimeSpan NotifyAgainAfter = TimeSpan.FromSeconds(2);

    /// <summary>Messages of hosts that may wait; what comes beyond is dropped and counted. A host sends few messages for each
    /// frame.</summary>
    private const int MaxWaiting = 4096;

    private readonly DispatcherContext _context;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WorkerThread _thread = new("mvlm-dispatch");
    private readonly WorkerThread _snapshotThread = new("mvlm-snapshot-r");
    private readonly InFlightLimit _inFlight;
    private readonly Dictionary<string, InferenceHost> _hosts = [];
    private readonly FrameSender _sender;
    private readonly AnswerReceiver _receiver;
    private readonly Action _onWake;
    private volatile IReadOnlyDictionary<string, string> _unused = new Dictionary<string, string>();
    private readonly CancellationTokenRegistration _cancelling;
    private int _waiting;
    private int _ended;
    private bool _stopped;

    public Dispatcher(DispatcherContext context, TimeProvider time, ILoggerFactory loggers)
    {
        (_context, _time, _logger) = (context, time, loggers.CreateLogger<Dispatcher>());
        _inFlight = new InFlightLimit(int.MaxValue, context.Wake, time);
        var composer = new AnswerComposer(context.Pipeline, time);
        var drafts = new DraftCache();
        _receiver = new AnswerReceiver(context, composer, drafts, work => Run(work), time, loggers.CreateLogger<AnswerReceiver>());
        _sender = new FrameSender(
            context,
            _inFlight,
            composer,
            drafts,
            new SnapshotStep(_snapshotThread.RunAsync, context.FrameToJpeg, keepsPixels: false, loggers.CreateLogger<EncodeStep>()),
            time,
            loggers.CreateLogger<FrameSender>());
        _onWake = () => Run(NotifyHosts);
        _cancelling = context.Cancel.Register(() => Run(GiveBackAll));
        Run(NotifyHosts);
    }

    /// <summary>No inference host has a frame.</summary>
    public bool IsIdle => _inFlight.IsEmpty;

    /// <summary>Why a reachable host is not used, as statistics show it; null for one that is.</summary>
    public string? UnusedState(string address) => _unused.GetValueOrDefault(address);

    /// <summary>A message of a host.</summary>
    /// <param name="address">The sender.</param>
    /// <param name="message">The message.</param>
    /// <param name="send">Sends a message back. Called on any thread.</param>
    public void Receive(string address, ClusterMessage message, Action<ClusterMessage> send)
    {
        if (Volatile.Read(ref _waiting) >= MaxWaiting)
        {
            _context.Counters.CountIgnored();
            return;
        }

        Run(() => Handle(address, message, send));
    }

    /// <inheritdoc/>
    public void Reachable(string address) => Run(() =>
    {
        Host(address).IsReachable = true;
        HostsChanged();
    });

    /// <inheritdoc/>
    public void Unreachable(string address) => Run(() =>
    {
        var host = Host(address);
        host.IsReachable = false;
        host.Present = null;
        host.SpeaksVersion = host.HasModel = false;
        GiveBackAll(host);
        HostsChanged();
    });

    /// <summary>Checks deadlines, and tells hosts of waiting frames once more. To be called about once per second.</summary>
    public void Tick() => Run(() =>
    {
        foreach (var host in _hosts.Values)
        {
            foreach (var late in host.Open.Where(open => _time.GetElapsedTime(open.SentAt) >= _context.Cluster.AnswerWithin))
            {
                _receiver.GiveBack(late);
            }
        }

        NotifyHosts();
    });

    /// <summary>Gives up what is open, and gives out no frame any more.</summary>
    /// <returns>Completes when no frame is used any more.</returns>
    public async Task StopAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            await _cancelling.DisposeAsync();
            await _thread.RunAsync(() =>
            {
                _stopped = true;
                GiveBackAll();
                return true;
            });
            await _snapshotThread.EndAsync();
            while (!_inFlight.IsEmpty)
            {
                // The last snapshots are handed back.
                await Task.Delay(TimeSpan.FromMilliseconds(10), CancellationToken.None);
            }

            await _thread.EndAsync();
        }
    }

    private void Run(Action work)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            _ = _thread.RunAsync(() => Guarded(work));
        }
        catch (InvalidOperationException)
        {
            // The service has stopped, and nothing is open.
            Interlocked.Decrement(ref _waiting);
        }
    }

    private bool Guarded(Action work)
    {
        Interlocked.Decrement(ref _waiting);
        try
        {
            work();
        }
        catch (Exception fault)
        {
            // One message must not end the others.
            LogFailed(fault);
        }

        return true;
    }

    private void Handle(string address, ClusterMessage message, Action<ClusterMessage> send)
    {
        var host = Host(address);
        host.Send = send;
        switch (message)
        {
            case HostPresent present:
                Met(host, present);
                break;
            case FrameRequest request:
                host.NotifiedAt = null;
                Serve(host, request);
                break;
            case AnswerGiven given:
                _receiver.Answered(host, given);
                break;
            case RequestEnded ended:
                _receiver.Ended(host, ended);
                NotifyHosts();
                break;
            default:
                _context.Counters.CountIgnored();
                break;
        }
    }

    private void Serve(InferenceHost host, FrameRequest request)
    {
        if (_stopped || !host.HasCapacity || !_sender.TrySend(host, request.Ticket))
        {
            host.Send(new NoFrame(request.Ticket));
        }

        NotifyHosts();
    }

    private void Met(InferenceHost host, HostPresent present)
    {
        if (host.Present is { } before && before.Instance != present.Instance)
        {
            // It was started again before membership noticed.
            GiveBackAll(host);
        }

        var isNew = host.Present != present;
        host.Present = present;
        if (isNew)
        {
            _context.Counters[host.Address].Update(stats => stats.Model = present.Model.Name);
            HostsChanged();
        }
    }

    private void GiveBackAll()
    {
        foreach (var host in _hosts.Values)
        {
            GiveBackAll(host);
        }
    }

    private void GiveBackAll(InferenceHost host)
    {
        host.NotifiedAt = null;
        foreach (var open in host.Open)
        {
            _receiver.GiveBack(open);
        }
    }

    private InferenceHost Host(string address)
    {
        if (!_hosts.TryGetValue(address, out var host))
        {
            host = new InferenceHost(address);
            _hosts[address] = host;
        }

        return host;
    }

    private void HostsChanged()
    {
        foreach (var host in _hosts.Values)
        {
            host.SpeaksVersion = host.Present is { } present && _context.Version.CommonWith(present) is not null;
        }

        if (_context.Model.Update([.. _hosts.Values.Where(host => host is { IsReachable: true, SpeaksVersion: true }).Select(host => host.Present!.Model)])
            && _context.Model.Current is { } model)
        {
            LogModel(model.Name);
        }

        var unused = new Dictionary<string, string>();
        foreach (var host in _hosts.Values.Where(host => host.Present is not null))
        {
            host.HasModel = _context.Model.IsCurrent(host.Present!.Model);
            if (!host.SpeaksVersion)
            {
                unused[host.Address] = ClusterNodeStats.OtherVersion;
            }
            else if (!host.HasModel)
            {
                unused[host.Address] = ClusterNodeStats.OtherModel;
            }
        }

        LogUnused(unused);
        _unused = unused;
        if (_context.Remote is { } remote)
        {
            remote.ModelName = _context.Model.Current?.Name ?? remote.ModelName;
            remote.IsReachable = _hosts.Values.Any(host => host.IsUsable);
        }

        NotifyHosts();
    }

    private void NotifyHosts()
    {
        if (_stopped)
        {
            return;
        }

        while (_hosts.Values.Any(MayNotify))
        {
            if (_context.Picker.HasFrame)
            {
                foreach (var host in _hosts.Values.Where(MayNotify))
                {
                    host.NotifiedAt = _time.GetTimestamp();
                    host.Send(new FrameAvailable());
                }

                return;
            }

            // Checked again after arming: a signal that came before is not remembered.
            _context.Wake.Arm(_onWake);
            if (!_context.Picker.HasFrame)
            {
                return;
            }
        }
    }

    private bool MayNotify(InferenceHost host) =>
        host.HasCapacity && (host.NotifiedAt is not { } notified || _time.GetElapsedTime(notified) >= NotifyAgainAfter);

    private void LogUnused(Dictionary<string, string> now)
    {
        foreach (var (address, state) in now.Where(it => _unused.GetValueOrDefault(it.Key) != it.Value))
        {
            var present = _hosts[address].Present!;
            if (state == ClusterNodeStats.OtherVersion)
            {
                LogOtherVersion(address, present.OldestVersion, present.Version, _context.Version.Oldest, _context.Version.Newest);
            }
            else
            {
                LogOtherModel(address, present.Model.Name, _context.Model.Current?.Name ?? "");
            }
        }
    }

    [LoggerMessage(EventId = 118, Level = LogLevel.Information, Message = "Cluster: model {Model} answers the questions of this host.")]
    private partial void LogModel(string model);

    [LoggerMessage(EventId = 119, Level = LogLevel.Warning, Message = "Cluster: {Host} has model {Model} and is not used, because {Used} is in use. Give all hosts the same model folder.")]
    private partial void LogOtherModel(string host, string model, string used);

    [LoggerMessage(EventId = 120, Level = LogLevel.Warning, Message = "Cluster: {Host} speaks versions {Oldest} to {Newest} of the protocol and is not used, because this host speaks {OwnOldest} to {OwnNewest}. Upgrade the older one.")]
    private partial void LogOtherVersion(string host, int oldest, int newest, int ownOldest, int ownNewest);

    [LoggerMessage(EventId = 121, Level = LogLevel.Error, Message = "Cluster: a message could not be handled; the others are not affected. Please report this.")]
    private partial void LogFailed(Exception fault);
}
