using Akka.Actor;
using Akka.Cluster;
using Akka.Remote;
using Microsoft.Extensions.Logging;
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

    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(3);

    private readonly ClusterSettings _settings;
    private readonly ClusterMembers _members;
    private readonly IMembershipListener _listener;
    private readonly Action _rejoin;
    private readonly ILogger _logger;
    private readonly AkkaCluster _cluster = AkkaCluster.Get(Context.System);
    private readonly IslandMonitor _island;
    private readonly Dictionary<string, string> _asked = [];
    private readonly ITimer _timer;
    private int _round;
    private int _blocked;

    /// <param name="settings">This host and the seeds.</param>
    /// <param name="members">Kept up to date.</param>
    /// <param name="listener">Gets changes.</param>
    /// <param name="rejoin">Ends this cluster system and joins with a new one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For changes.</param>
    public MembershipActor(
        ClusterSettings settings,
        ClusterMembers members,
        IMembershipListener listener,
        Action rejoin,
        TimeProvider time,
        ILogger<MembershipActor> logger)
    {
        (_settings, _members, _listener, _rejoin, _logger) = (settings, members, listener, rejoin, logger);
        _island = new IslandMonitor(settings.Listen, settings.Nodes);
        _timer = time.SendEvery(Self, CheckEvery, Check.Instance);
        Receive<ClusterEvent.MemberRemoved>(removed => Removed(removed.Member));
        Receive<ClusterEvent.IMemberEvent>(changed => Changed(changed.Member));
        Receive<ClusterEvent.UnreachableMember>(unreachable => SetReachable(unreachable.Member, false));
        Receive<ClusterEvent.ReachableMember>(reachable => SetReachable(reachable.Member, true));
        Receive<Check>(_ => CheckIsland());
        Receive<ActorIdentity>(Answered);
        Receive<ThisActorSystemQuarantinedEvent>(_ => Rejoin());
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
        var status = _cluster.SelfMember.Status;
        var decision = _island.EndRound(
            isMember: status != MemberStatus.Removed, isUp: status is MemberStatus.Up or MemberStatus.WeaklyUp, _members.All);
        switch (decision)
        {
            case IslandDecision.Rejoin:
                Rejoin();
                return;
            case IslandDecision.Found:
                LogFounds();
                _cluster.Join(_cluster.SelfAddress);
                break;
        }

        GiveUpDead();
        _asked.Clear();
        _round++;
        foreach (var seed in IslandMonitor.Missing(_settings.Listen, _settings.Nodes, _members.All))
        {
            var id = FormattableString.Invariant($"{Question} {_round} {seed}");
            _asked[id] = seed;
            Context.ActorSelection($"{ClusterConfiguration.SchemeOf(_settings)}://{ClusterConfiguration.SystemName}@{seed}/user/membership")
                .Tell(new Identify(id), Self);
        }
    }

    private void Rejoin()
    {
        LogRejoins();
        _rejoin();
    }

    /// <summary>Removes unreachable members if a host that was started again waits for that: its old entry goes only when all that are left
    /// agree, and who does not answer cannot. A host that was only cut off joins again.</summary>
    private void GiveUpDead()
    {
        var state = _cluster.State;
        var dead = state.Unreachable.Where(member => member.Status != MemberStatus.Down).ToList();
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
        if (identity.Subject is not null && identity.MessageId is string id && _asked.TryGetValue(id, out var seed))
        {
            _island.Answered(seed);
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

    [LoggerMessage(EventId = 125, Level = LogLevel.Warning, Message = "Cluster: {Host} does not answer while another host that was started again waits to join. It is removed, and joins again when it answers.")]
    private partial void LogGivenUp(string host);

    private sealed record Check
    {
        public static readonly Check Instance = new();
    }
}
