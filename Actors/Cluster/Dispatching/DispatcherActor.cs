using Akka.Actor;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Restarts;

namespace MobileVlm.Edge.Actors.Cluster.Dispatching;

/// <summary>Passes messages between inference hosts and the <see cref="Dispatcher"/>, which has the state and outlives this actor. Ignores
/// messages of hosts that are not members.</summary>
internal sealed class DispatcherActor : ReceiveActor
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1);

    private readonly ITimer _timer;

    public DispatcherActor(Dispatcher dispatcher, ClusterMembers members, ClusterCounters counters, TimeProvider time)
    {
        _timer = time.SendEvery(Self, TickEvery, Tick.Instance);
        var self = Self;
        Receive<Tick>(_ => dispatcher.Tick());
        Receive<ClusterMessage>(message =>
        {
            var sender = Sender;
            var address = MembershipActor.AddressOf(sender.Path.Address);
            if (members.Find(address) is { IsUsable: true } && message is not UnreadableMessage)
            {
                dispatcher.Receive(address, message, back => sender.Tell(back, self));
            }
            else
            {
                counters.CountIgnored();
            }
        });
    }

    protected override void PostStop() => _timer.Dispose();

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
