using Akka.Actor;

namespace MobileVlm.Edge.Actors.Cluster.Membership;

/// <summary>The actors of the cluster are restarted after each failure, also when they are killed: what they must remember is outside of
/// them.</summary>
internal sealed class RestartAlways : SupervisorStrategyConfigurator
{
    /// <inheritdoc/>
    public override SupervisorStrategy Create() => new OneForOneStrategy(-1, -1, _ => Directive.Restart, loggingEnabled: true);
}
