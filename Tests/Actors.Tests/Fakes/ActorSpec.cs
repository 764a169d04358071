using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;

namespace MobileVlm.Edge.Actors.Tests.Fakes;

/// <summary>One actor in an actor system of its own; test probes replace the actors around it.</summary>
/// <param name="more">More of Akka's configuration.</param>
public abstract class ActorSpec(string more = "") : TestKit($$"""
    akka {
      loglevel = OFF
      stdout-loglevel = OFF
      # Reached only when something is broken.
      test.single-expect-default = 60s
    }
    {{more}}
    """), IAsyncLifetime
{
    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Ends the actor system first. The base class would continue after some seconds, even if actors still run.</summary>
    public async Task DisposeAsync()
    {
        await Sys.Terminate().WaitAsync(Eventually.Patience);
        await CleanUpAsync();
    }

    /// <summary>Disposes what the actors used, when they have ended.</summary>
    private protected abstract Task CleanUpAsync();

    /// <summary>An actor whose parent is a probe.</summary>
    internal static IActorRef ChildOf(TestProbe parent, Props props) => parent.ChildActorOf(props, CancellationToken.None);

    /// <summary>Makes an actor fail between two messages; its parent restarts it.</summary>
    internal static void Crash(IActorRef actor) => actor.Tell(Kill.Instance);

    /// <summary>A parent that restarts a failed child at once and with its mailbox, and forwards what it is sent.</summary>
    internal IActorRef RestartedChild(Props props, TestProbe parentMessages)
    {
        var parent = Sys.ActorOf(Props.Create(() => new RestartingParent(props, parentMessages)));
        parent.Tell(new RestartingParent.Child());
        return ExpectMsg<IActorRef>();
    }

    private sealed class RestartingParent : ReceiveActor
    {
        public RestartingParent(Props props, IActorRef messages)
        {
            var child = Context.ActorOf(props, "child");
            Receive<Child>(_ => Sender.Tell(child));
            ReceiveAny(messages.Tell);
        }

        protected override SupervisorStrategy SupervisorStrategy() =>
            new OneForOneStrategy(-1, -1, _ => Directive.Restart, loggingEnabled: false);

        public sealed record Child;
    }
}
