using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Actors.Tests.Fakes;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

/// <summary>One actor of the cluster; probes replace other hosts. Each message passes through the closed serializer, as between hosts, so a
/// message that has none fails the test.</summary>
public abstract class WireSpec() : ActorSpec($$"""
    akka.actor {
      serialize-messages = on
      serialization-settings.allow-unregistered-types = off
      serializers {
        json = "{{typeof(RefusingJsonSerializer).AssemblyQualifiedName}}"
        mobilevlm = "{{typeof(ClusterSerializer).AssemblyQualifiedName}}"
      }
      serialization-bindings {
        "{{typeof(ClusterMessage).AssemblyQualifiedName}}" = mobilevlm
      }
    }
    """)
{
    /// <summary>The name of a host whose actors are probes of this system.</summary>
    protected const string Probe = ":0";

    internal static ClusterModel Model { get; } = new("fake", "fingerprint", FakeFrame.SquareSize, 0);

    internal static ClusterSettings Settings { get; } = ClusterRig.Settings(7071, 7071);

    private protected ClusterMembers Members { get; } = new();

    /// <summary>Makes the probes a member. Its address leads nowhere, so it has no role for which it is looked up.</summary>
    private protected void Meet() => Members.Set(new ClusterMember(Probe, 1, [], IsUp: true, IsReachable: true));

    internal static FrameToAnswer Frame(long ticket, long request, bool hasMore = false) => new(
        ticket,
        request,
        FakeFrame.SquareSize,
        new byte[FakeFrame.SquareSize * FakeFrame.SquareSize * 3],
        [new Question("What is it?", AnswerKind.Text)],
        StandingCount: 1,
        hasMore);
}
