using Akka.Actor;
using MobileVlm.Edge.Actors.Cluster.Dispatching;
using MobileVlm.Edge.Actors.Cluster.Membership;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Restarts;
using MobileVlm.Edge.Actors.Settings;

namespace MobileVlm.Edge.Actors.Cluster.Inference;

/// <summary>The parts of an <see cref="InferenceHostActor"/>.</summary>
/// <param name="Settings">Addresses and limits.</param>
/// <param name="Model">The model of this host.</param>
/// <param name="Version">The protocol of this build.</param>
/// <param name="State">Frames at work.</param>
/// <param name="Runner">Answers frames.</param>
/// <param name="Members">The other hosts.</param>
/// <param name="Counters">Counts frames.</param>
/// <param name="Cancel">The service stops: answers in progress end.</param>
internal sealed record InferenceHostContext(
    ClusterSettings Settings,
    ClusterModel Model,
    ProtocolVersion Version,
    InferenceHostState State,
    RemoteFrameRunner Runner,
    ClusterMembers Members,
    ClusterCounters Counters,
    CancellationToken Cancel);

/// <summary>Asks camera hosts for frames while the engine has room, one host after the other, and sends the answers back. A restart loses
/// only requests for frames; the camera hosts then give such frames to somebody else.</summary>
internal sealed class InferenceHostActor : ReceiveActor
{
    /// <summary>Without a frame after this time, another camera host is asked. The ticket stays valid, because a slow network may need
    /// longer.</summary>
    private static readonly TimeSpan TurnAwayAfter = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan PresentEvery = TimeSpan.FromSeconds(2);

    private readonly InferenceHostContext _context;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Dictionary<long, Ticket> _tickets = [];

    /// <summary>Camera hosts in which a frame waits, in the order of their turns.</summary>
    private readonly List<(string Address, IActorRef Dispatcher)> _available = [];

    private long _nextTicket = Random.Shared.NextInt64(1L << 40);
    private long? _presentAt;

    public InferenceHostActor(InferenceHostContext context, TimeProvider time)
    {
        (_context, _time) = (context, time);
        _timer = time.SendEvery(Self, TickEvery, Tick.Instance);
        Receive<Tick>(_ => OnTick());
        Receive<FrameEnded>(ended => OnEnded(ended));
        Receive<ClusterMessage>(message =>
        {
            var address = MembershipActor.AddressOf(Sender.Path.Address);
            if (context.Members.Find(address) is { IsUsable: true })
            {
                Handle(address, message);
            }
            else
            {
                context.Counters.CountIgnored();
            }
        });
    }

    protected override void PreStart() => Present();

    protected override void PostStop() => _timer.Dispose();

    private void Handle(string address, ClusterMessage message)
    {
        switch (message)
        {
            case FrameAvailable:
                SetAvailable(address, Sender);
                break;
            case NoFrame none:
                _tickets.Remove(none.Ticket);
                break;
            case FrameToAnswer frame:
                Begin(address, frame);
                break;
            default:
                _context.Counters.CountIgnored();
                break;
        }

        AskForFrames();
    }

    private void SetAvailable(string address, IActorRef dispatcher)
    {
        _available.RemoveAll(it => it.Address == address && !it.Dispatcher.Equals(dispatcher));
        if (!_available.Exists(it => it.Address == address))
        {
            _available.Add((address, dispatcher));
        }
    }

    private void Begin(string address, FrameToAnswer frame)
    {
        var sender = Sender;
        var isExpected = _tickets.Remove(frame.Ticket, out var ticket) && ticket.Address == address;
        var refusal = !isExpected ? "the host did not ask for this frame, or no longer"
            : frame.Size != _context.Model.PictureSize ? "the picture has another size than the host's model needs"
            : _context.State.IsStopping ? "the host stops"
            : _context.State.TryBegin() ? null
            : "the host already works on as many frames as it has capacity for";
        if (refusal is not null)
        {
            sender.Tell(new RequestEnded(frame.Request, refusal), Self);
            return;
        }

        if (frame.HasMore)
        {
            SetAvailable(address, sender);
        }

        // Begins on another thread: the engine's queue may be waited for.
        var (self, context) = (Self, _context);
        _ = Task.Run(async () =>
        {
            var failure = "the host failed";
            try
            {
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.Cancel);
                limit.CancelAfter(context.Settings.AnswerWithin);
                failure = await context.Runner.RunAsync(frame, given => sender.Tell(given, self), limit.Token);
            }
            finally
            {
                context.State.End();
                sender.Tell(new RequestEnded(frame.Request, failure), self);
                self.Tell(new FrameEnded(address, failure.Length == 0));
            }
        });
    }

    private void OnEnded(FrameEnded ended)
    {
        if (ended.IsAnswered)
        {
            _context.Counters[ended.Address].Update(stats => stats.Served++);
        }

        AskForFrames();
    }

    private void OnTick()
    {
        foreach (var (id, ticket) in _tickets.ToList())
        {
            if (_time.GetElapsedTime(ticket.AskedAt) >= _context.Settings.AnswerWithin || _context.Members.Find(ticket.Address) is not { IsUsable: true })
            {
                _tickets.Remove(id);
            }
        }

        _available.RemoveAll(it => _context.Members.Find(it.Address) is not { IsUsable: true });
        if (_presentAt is not { } at || _time.GetElapsedTime(at) >= PresentEvery)
        {
            Present();
        }

        AskForFrames();
    }

    private void Present()
    {
        if (_context.State.IsStopping)
        {
            return;
        }

        _presentAt = _time.GetTimestamp();
        foreach (var member in _context.Members.Usable(ClusterConfiguration.CamerasRole))
        {
            Context.ActorSelection(
                $"{ClusterConfiguration.SchemeOf(_context.Settings)}://{ClusterConfiguration.SystemName}@{member.Address}/user/dispatcher")
                .Tell(
                    new HostPresent(
                        _context.State.Instance, _context.Version.Oldest, _context.Version.Newest, _context.Model, _context.State.Capacity),
                    Self);
        }
    }

    private void AskForFrames()
    {
        while (_available.Count > 0 && HasCapacity())
        {
            var (address, dispatcher) = _available[0];
            _available.RemoveAt(0);
            var id = ++_nextTicket;
            _tickets[id] = new Ticket(address, _time.GetTimestamp());
            dispatcher.Tell(new FrameRequest(id), Self);
        }
    }

    private bool HasCapacity() =>
        !_context.State.IsStopping && _context.Runner.IsReady
        && _context.State.Working + _tickets.Values.Count(ticket => _time.GetElapsedTime(ticket.AskedAt) < TurnAwayAfter) < _context.State.Capacity;

    /// <param name="Address">The camera host that was asked.</param>
    /// <param name="AskedAt">A timestamp.</param>
    private sealed record Ticket(string Address, long AskedAt);

    private sealed record FrameEnded(string Address, bool IsAnswered) : INoSerializationVerificationNeeded;

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        public static readonly Tick Instance = new();
    }
}
