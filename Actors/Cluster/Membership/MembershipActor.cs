using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Restarts;
using AkkaCluster = Akka.Cluster.Cluster;
using ClusterSettings = MobileVlm.Edge.Actors.Settings.ClusterSettings;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Follows the membership of the cluster, reports changes, and finds out when this host is in the wrong part of a split
/// cluster, when nobody founds it, or when a dead host keeps a restarted one out. Any host may ask it whether it lives.</summary>
internal sealed partial class MembershipActor : ReceiveActor
{
    /// <summary>Akka answers this message for each actor; any other kind of id would need the object serializer.</summary>
    private const string Question = "alive";

    /// <summary>Checks in a row in which a host that was started again waits for unreachable ones, until those are given up.</summary>
    private const int ChecksBeforeDown = 3;

    /// <summary>Checks in which a host that was to join other hosts than the seeds is not a member, until it tries the seeds.</summary>
    private const int ChecksBeforeSeeds = 8;

    /// <summary>Most hosts outside of <c>Cluster:Nodes</c> whose reports are kept.</summary>
    private const int MaxParts = 16;

    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan ReachEvery = TimeSpan.FromSeconds(1);

    private readonly ClusterSettings _settings;
    private readonly ClusterMembers _members;
    private readonly IMembershipListener _listener;
    private readonly Action<IReadOnlyList<string>> _rejoin;
    private readonly ILogger _logger;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly IslandMonitor _island;
    private readonly Dictionary<string, (string Host, int Round)> _asked = [];
    private readonly Dictionary<string, (IReadOnlyList<string> Hosts, int Round)> _parts = [];
    private readonly ITimer _timer;
    private readonly ITimer _reachTimer;
    private int _round;
    private int _blocked;
    private int _outside;

    /// <param name="settings">This host and the seeds.</param>
    /// <param name="members">Kept up to date.</param>
    /// <param name="listener">Gets changes.</param>
    /// <param name="rejoin">Ends this cluster system and joins these hosts with a new one; the seeds where there are none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For changes.</param>
    public MembershipActor(
        ClusterSettings settings,
        ClusterMembers members,
        IMembershipListener listener,
        Action<IReadOnlyList<string>> rejoin,
        TimeProvider time,
        ILogger<MembershipActor> logger)
    {
        (_settings, _members, _listener, _rejoin, _logger) = (settings, members, listener, rejoin, logger);
        _island = new IslandMonitor(settings.Listen, settings.Nodes);
        _timer = time.SendEvery(Self, CheckEvery, Check.Instance);
        _reachTimer = time.SendEvery(Self, ReachEvery, CheckReach.Instance);
        Receive<ClusterEvent.MemberRemoved>(removed => Removed(removed.Member));
        Receive<ClusterEvent.IMemberEvent>(changed => Changed(changed.Member));
        Receive<ClusterEvent.UnreachableMember>(unreachable => SetReachable(unreachable.Member, Reaches(unreachable.Member)));
        Receive<ClusterEvent.ReachableMember>(reachable => SetReachable(reachable.Member, true));
        Receive<CheckReach>(_ => CheckUnreachable());
        Receive<Check>(_ => CheckIsland());
        Receive<ActorIdentity>(Answered);
        Receive<ClusterPart>(Reported);
        Receive<ThisActorSystemQuarantinedEvent>(_ => Rejoin([]));
    }

    /// <summary>The name of a host in the cluster.</summary>
    public static string AddressOf(Address address) => ClusterSettings.AddressOf(address.Host ?? "", address.Port ?? 0);

    protected override void PreStart()
    {
        // The others gave this host up while it was cut off.
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        _cluster.Subscribe(
            Self,
            ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents,
            typeof(ClusterEvent.IMemberEvent),
            typeof(ClusterEvent.IReachabilityEvent));
    }

    protected override void PostStop()
    {
        _timer.Dispose();
        _reachTimer.Dispose();
        Context.System.EventStream.Unsubscribe(Self);
        _cluster.Unsubscribe(Self);
    }

    private void Changed(Member member)
    {
        var address = AddressOf(member.Address);
        if (address == _settings.Listen)
        {
            return;
        }

        var isUp = member.Status is MemberStatus.Up or MemberStatus.WeaklyUp;
        var before = _members.Find(address);
        if (before is not null && before.Incarnation != member.UniqueAddress.Uid)
        {
            _listener.Unreachable(address);
            before = null;
        }

        Set(before, new ClusterMember(address, member.UniqueAddress.Uid, [.. member.Roles], isUp, before?.IsReachable ?? true));
    }

    private void SetReachable(Member member, bool isReachable)
    {
        var address = AddressOf(member.Address);
        if (address != _settings.Listen && _members.Find(address) is { } before && before.Incarnation == member.UniqueAddress.Uid)
        {
            Set(before, before with { IsReachable = isReachable });
        }
    }

    private void Set(ClusterMember? before, ClusterMember now)
    {
        _members.Set(now);
        if (now.IsUsable && before is not { IsUsable: true })
        {
            var roles = string.Join(" and ", now.Roles.Order(StringComparer.Ordinal));
            LogUp(now.Address, roles);
            _listener.Reachable(now.Address);
        }
        else if (!now.IsUsable && before is { IsUsable: true })
        {
            if (now.IsReachable)
            {
                LogLeaves(now.Address);
            }
            else
            {
                LogUnreachable(now.Address);
            }

            _listener.Unreachable(now.Address);
        }
    }

    private void Removed(Member member)
    {
        var address = AddressOf(member.Address);
        if (_members.Find(address) is { } known && known.Incarnation == member.UniqueAddress.Uid)
        {
            _members.Remove(address);
            _listener.Unreachable(address);
        }
    }

    private void CheckIsland()
    {
        if (_cluster.IsTerminated)
        {
            // The others gave this host up.
            Rejoin([]);
            return;
        }

        var status = _cluster.SelfMember.Status;
        var isUp = status is MemberStatus.Up or MemberStatus.WeaklyUp;
        var decision = _island.EndRound(
            isMember: status != MemberStatus.Removed, isUp, _members.All);
        switch (decision)
        {
            case IslandDecision.Rejoin:
                Rejoin(_island.Others);
                return;
            case IslandDecision.Join:
                LogJoinsThrough(string.Join(", ", _island.Others));
                JoinHosts(_island.Others);
                break;
            case IslandDecision.Found:
                LogFounds();
                _cluster.Join(_cluster.SelfAddress);
                break;
        }

        _outside = status == MemberStatus.Removed ? _outside + 1 : 0;
        if (_outside % ChecksBeforeSeeds == 0 && _outside > 0)
        {
            // The hosts that it was to join may have ended.
            JoinHosts(_settings.Nodes);
        }

        GiveUpDead();
        Ask(isUp);
    }

    /// <summary>Asks hosts that are not reachable members whether they live, and tells seeds among them which hosts work together here.</summary>
    private void Ask(bool isUp)
    {
        _round++;
        Forget(_asked, _round, asked => asked.Round);
        Forget(_parts, _round, part => part.Round);
        var missing = IslandMonitor.Missing(_settings.Listen, _settings.Nodes, _members.All);
        foreach (var host in missing.Union(_parts.Keys))
        {
            var id = FormattableString.Invariant($"{Question} {_round} {host}");
            _asked[id] = (host, _round);
            MembershipOf(host).Tell(new Identify(id), Self);
        }

        if (isUp)
        {
            var part = new ClusterPart(
                [_settings.Listen, .. _members.All.Where(member => member.IsUsable).Select(member => member.Address).Take(WireFormat.MaxHosts - 1)]);
            foreach (var host in missing)
            {
                MembershipOf(host).Tell(part, Self);
            }
        }
    }

    private ActorSelection MembershipOf(string host) => Context.ActorSelection($"{ClusterConfiguration.AddressOf(_settings, host)}/user/membership");

    /// <summary>Removes what is older than some checks.</summary>
    private static void Forget<T>(Dictionary<string, T> entries, int round, Func<T, int> roundOf)
    {
        const int Checks = 4;
        foreach (var (key, _) in entries.Where(entry => round - roundOf(entry.Value) >= Checks).ToList())
        {
            entries.Remove(key);
        }
    }

    private void JoinHosts(IEnumerable<string> hosts) =>
        _cluster.JoinSeedNodes(hosts.Select(host => Address.Parse(ClusterConfiguration.AddressOf(_settings, host))));

    private void Rejoin(IReadOnlyList<string> via)
    {
        LogRejoins();
        _rejoin(via);
    }

    /// <summary>This host itself gets answers of a member, whatever others say. Two hosts that do not reach each other must not keep a third
    /// one from working with both.</summary>
    private bool Reaches(Member member) =>
        _cluster.FailureDetector.IsMonitoring(member.Address) && _cluster.FailureDetector.IsAvailable(member.Address);

    private void CheckUnreachable()
    {
        foreach (var member in _cluster.State.Unreachable)
        {
            SetReachable(member, Reaches(member));
        }
    }

    /// <summary>A host works in a part of the cluster of which this host is not a member.</summary>
    private void Reported(ClusterPart part)
    {
        var address = AddressOf(Sender.Path.Address);
        if (address != _settings.Listen && _members.Find(address) is not { IsReachable: true }
            && (_parts.Count < MaxParts || _parts.ContainsKey(address)))
        {
            _parts[address] = (part.Hosts, _round);
        }
    }

    /// <summary>Removes unreachable members if a host that was started again waits for that: its old entry goes only when all that are left
    /// agree, and who does not answer cannot. A host that was only cut off joins again.</summary>
    private void GiveUpDead()
    {
        var state = _cluster.State;
        var dead = state.Unreachable.Where(member => member.Status != MemberStatus.Down && !Reaches(member)).ToList();
        _blocked = dead.Count > 0 && state.Members.Any(member => member.Status == MemberStatus.Down) ? _blocked + 1 : 0;
        if (_blocked >= ChecksBeforeDown)
        {
            foreach (var member in dead)
            {
                LogGivenUp(AddressOf(member.Address));
                _cluster.Down(member.Address);
            }
        }
    }

    private void Answered(ActorIdentity identity)
    {
        if (identity.Subject is not null && identity.MessageId is string id && _asked.TryGetValue(id, out var asked))
        {
            if (_parts.TryGetValue(asked.Host, out var part))
            {
                _island.Answered(asked.Host, part.Hosts);
            }
            else
            {
                _island.Answered(asked.Host);
            }
        }
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Information, Message = "Cluster: {Host} is up ({Roles}).")]
    private partial void LogUp(string host, string roles);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "Cluster: {Host} is unreachable. The frames that it had are given back. It is used again when it answers.")]
    private partial void LogUnreachable(string host);

    [LoggerMessage(EventId = 112, Level = LogLevel.Information, Message = "Cluster: {Host} leaves.")]
    private partial void LogLeaves(string host);

    [LoggerMessage(EventId = 113, Level = LogLevel.Warning, Message = "Cluster: a host of Cluster:Nodes works in another part of the cluster. This host joins again.")]
    private partial void LogRejoins();

    [LoggerMessage(EventId = 124, Level = LogLevel.Warning, Message = "Cluster: no host before this one in Cluster:Nodes answers. This host starts the cluster in their place.")]
    private partial void LogFounds();

    [LoggerMessage(EventId = 126, Level = LogLevel.Warning, Message = "Cluster: no host before this one in Cluster:Nodes answers, but other hosts reach some of them. This host joins them through {Hosts}.")]
    private partial void LogJoinsThrough(string hosts);

    [LoggerMessage(EventId = 125, Level = LogLevel.Warning, Message = "Cluster: {Host} does not answer while another host that was started again waits to join. It is removed, and joins again when it answers.")]
    private partial void LogGivenUp(string host);

    private sealed record CheckReach : INoSerializationVerificationNeeded
    {
        public static readonly CheckReach Instance = new();
    }

    private sealed record Check : INoSerializationVerificationNeeded
    {
        public static readonly Check Instance = new();
    }
}
