using Akka.Actor;
using Akka.Cluster;
using Microsoft.Extensions.Logging;
using MobileVlm.Edge.Actors.Restarts;
using AkkaCluster = Akka.Cluster.Cluster;
using ClusterSettings = MobileVlm.Edge.Actors.Settings.ClusterSettings;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>Follows the membership of the cluster, reports changes, and finds out when this host is in the wrong part of a split
/// cluster. Any host may ask it whether it lives.</summary>
internal sealed partial class MembershipActor : ReceiveActor
{
    /// <summary>Akka answers this message for each actor; any other kind of id would need the object serializer.</summary>
    private const string Question = "alive";

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
    }

    /// <summary>The name of a host in the cluster.</summary>
    public static string AddressOf(Address address) => ClusterSettings.AddressOf(address.Host ?? "", address.Port ?? 0);

    protected override void PreStart() => _cluster.Subscribe(
        Self,
        ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents,
        typeof(ClusterEvent.IMemberEvent),
        typeof(ClusterEvent.IReachabilityEvent));

    protected override void PostStop()
    {
        _timer.Dispose();
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
        if (_island.EndRound(_cluster.SelfMember.Status is MemberStatus.Up or MemberStatus.WeaklyUp, _members.All))
        {
            LogRejoins();
            _rejoin();
            return;
        }

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

    private sealed record Check
    {
        public static readonly Check Instance = new();
    }
}
